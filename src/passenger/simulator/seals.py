"""Texts that only the simulator can read, for signatures, sealed thoughts and item ids.

It is a toy: the key is public. What matters is that a changed or a foreign text is noticed, as the real ones are.
"""

import base64
import binascii
import hashlib

KEY = b"simulated"
NONCE = TAG = 16


def lock(payload: str, salt: str, size: int = 0) -> str:
    """A payload as base64; another salt gives another text, and `size` is the least number of bytes inside."""
    nonce = hashlib.blake2b(salt.encode(), digest_size=NONCE).digest()
    plain = payload.encode().ljust(max(0, size - NONCE - TAG), b"\0")
    body = nonce + _mix(plain, nonce)
    return base64.b64encode(body + _tag(body)).decode()


def unlock(text: str) -> str | None:
    """The payload, or None for a text that was not made here or was changed since."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    body, tag = raw[:-TAG], raw[-TAG:]
    if len(raw) < NONCE + TAG or tag != _tag(body):
        return None
    return _mix(body[NONCE:], body[:NONCE]).rstrip(b"\0").decode()


def fingerprint(text: str) -> str:
    """A text's digest, to be locked in its place."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _mix(data: bytes, nonce: bytes) -> bytes:
    stream = hashlib.shake_256(KEY + nonce).digest(len(data))
    return (int.from_bytes(data) ^ int.from_bytes(stream)).to_bytes(len(data))


def _tag(body: bytes) -> bytes:
    return hashlib.blake2b(body, key=KEY, digest_size=TAG).digest()
