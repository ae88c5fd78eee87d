"""How a thought's seal travels through a client that speaks another dialect: with its origin written before it.

The text is base64 (a Gemini client decodes and re-encodes what it is given), so it survives every client.
"""

import base64
import binascii

from passenger.chat import Seal

MARK = b"passenger:1:"


def wrap(seal: Seal) -> str:
    """The text that a client of a foreign dialect keeps for us."""
    head = b"%b%b%b:" % (MARK, b"!" if seal.redacted else b"", seal.origin.encode())
    return base64.b64encode(head + seal.value.encode("utf-8", "replace")).decode()


def unwrap(text: str, native: str = "") -> Seal:
    """The seal in what a client gave back; one that is not of our making is of `native`, the client's own dialect."""
    if not is_wrapped(text):
        return Seal(native, text)
    try:
        plain = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return Seal(native, text)
    origin, _, value = plain.removeprefix(MARK).partition(b":")
    return Seal(
        origin.removeprefix(b"!").decode("utf-8", "replace"),
        value.decode("utf-8", "replace"),
        redacted=origin.startswith(b"!"),
    )


PREFIX = base64.b64encode(MARK)
"""What a wrapped seal begins with: a body without these bytes holds none."""


def is_wrapped(text: str) -> bool:
    """Whether it is of our making, and so never to be shown to any upstream as it is."""
    return text.startswith(PREFIX.decode())


def opens_for(seal: Seal, dialect: str, vendor: str) -> bool:
    """Whether this upstream dialect and vendor made the seal. One without a vendor is taken on trust."""
    origin, _, of = seal.origin.partition("/")
    return origin == dialect and of in {"", vendor}
