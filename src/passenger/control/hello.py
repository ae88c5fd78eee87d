"""How a command knows that the server on a port is the same user's: both can read one secret in the state directory.

A command sends a nonce; the server answers with its HMAC-SHA256 (RFC 2104) under that secret. The address and the port
that it was reached at are signed too: a stranger at one place cannot pass on the answer of our server at another.
"""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from msgspec import Struct

from passenger.store import PRIVATE_DIRECTORY, PrivateFile, StoreError

FILE = "hello.json"

Place = tuple[str, int]
"""The address and the port of a socket, as both of its ends know it."""

LONGEST_NONCE = 200
"""Characters of a nonce that are signed; a longer one is refused."""


class Hello(Struct, frozen=True):
    """The answer of `GET /v1/passenger/hello`; `signature` is None where the server has no secret."""

    version: str
    pid: int
    started: float
    """Unix seconds."""
    signature: str | None = None


def sign(secret: bytes, nonce: str, place: Place, hello: Hello) -> str:
    """The signature of an answer that is given at a place, as hex.

    As JSON has them the parts cannot run into each other: whoever asks chooses the nonce.
    """
    text = json.dumps([nonce, plain_address(place[0]), place[1], hello.pid, hello.started, hello.version])
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def plain_address(host: str) -> str:
    """An address in its one spelling: without a zone, and IPv4's where it is mapped into IPv6. A name stays a name."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).compressed


def is_signed(secret: bytes, nonce: str, place: Place, hello: Hello) -> bool:
    """Whether who answered at that place has our secret."""
    shown = (hello.signature or "").encode()  # as text it would have to be ASCII, and a stranger may say anything
    return hmac.compare_digest(sign(secret, nonce, place, hello).encode(), shown)


def read_secret(state_dir: Path) -> bytes | None:
    """The user's secret, None where there is none yet or it cannot be read."""
    with contextlib.suppress(StoreError, ValueError, TypeError):
        content = PrivateFile(state_dir / FILE).read() or {}
        return bytes.fromhex(str(content["secret"])) if "secret" in content else None
    return None


def read_or_make_secret(state_dir: Path) -> bytes:
    """The user's secret, made where there is none. Of several processes that make it at once, one succeeds.

    Raises:
        StoreError: it can be neither read nor written.
    """
    if (found := read_secret(state_dir)) is not None:
        return found
    file = PrivateFile(state_dir / FILE)
    file.check_writable()
    fresh = file.path.with_name(f".{FILE}.{secrets.token_hex(6)}")
    file.path.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    PrivateFile(fresh).write({"secret": secrets.token_hex(32)})
    try:
        with contextlib.suppress(FileExistsError):
            os.link(fresh, file.path)
    finally:
        fresh.unlink(missing_ok=True)
    if (made := read_secret(state_dir)) is None:
        raise StoreError(f"{file.path} does not hold the secret that it should; delete it")
    return made
