"""The keys that Passenger makes: `psgr_` for models, `psga_` for administration, with a checksum against mistyping.

Like [GitHub's tokens](https://github.blog/engineering/behind-githubs-new-authentication-token-formats/): a prefix that
tells whose they are, 30 random digits in base 62 (178 bits) and six of a CRC-32 of all before them, so that a scanner
knows one without asking anybody.
"""

import hashlib
import secrets
import string
import zlib
from typing import Literal

KeyKind = Literal["model", "admin"]
"""A key for models cannot administer, and one for administration asks no model."""

PREFIX: dict[KeyKind, str] = {"model": "psgr_", "admin": "psga_"}
RANDOM_DIGITS = 30
CHECK_DIGITS = 6
LENGTH = len(PREFIX["model"]) + RANDOM_DIGITS + CHECK_DIGITS

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase


def make_key(kind: KeyKind) -> str:
    """A new random key."""
    text = PREFIX[kind] + "".join(secrets.choice(_DIGITS) for _ in range(RANDOM_DIGITS))
    return text + _checksum(text.encode())


def is_well_formed(key: bytes) -> bool:
    """Whether it can be one of our keys: another one was mistyped, cut, or is of another program."""
    if len(key) != LENGTH or not key.startswith((b"psgr_", b"psga_")):
        return False
    return key[-CHECK_DIGITS:] == _checksum(key[:-CHECK_DIGITS]).encode()


def shown_form(key: str) -> str:
    """What is shown of a key once it was made: enough to tell it from others, and to open nothing."""
    return f"{key[:9]}…{key[-4:]}"


def digest_of(key: bytes) -> bytes:
    """What is stored of a key. One of 178 random bits needs no slow hash."""
    return hashlib.sha256(key).digest()


def _checksum(text: bytes) -> str:
    number, digits = zlib.crc32(text), ""
    for _ in range(CHECK_DIGITS):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
