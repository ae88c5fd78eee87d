"""Wraps signatures of reasoning for clients of another dialect: with their origin before them.

The text is base64, because Gemini's clients decode and encode what they get.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence

from passenger.chat.prompt import Message, Reasoning, Signature

MARK = b"passenger:1:"


def wrap(signature: Signature, text: str = "") -> str:
    """The text for a client of another dialect; with the reasoning's text, for clients that do not keep it."""
    encoded = text.encode("utf-8", "replace")
    size = b"~%d~" % len(encoded) if encoded else b""
    head = b"%b%b%b%b:" % (MARK, size, b"!" * signature.redacted, signature.origin.encode())
    return base64.b64encode(head + encoded + signature.value.encode("utf-8", "replace")).decode()


def unwrap(text: str, native: str = "") -> Signature:
    """The signature that a client sent back; one that is not wrapped is of `native`, the client's dialect."""
    reasoning = _unwrap(text)
    return reasoning.signature if reasoning is not None and reasoning.signature else Signature(native, text)


def unwrap_reasoning(text: str, native: str = "") -> Reasoning:
    """The same with the text that was wrapped with it."""
    return _unwrap(text) or Reasoning("", Signature(native, text))


def _unwrap(text: str) -> Reasoning | None:
    found = _WRAPPED.match(_plain(text)) if is_wrapped(text) else None
    if found is None:
        return None
    rest, size = _plain(text)[found.end() :], int(found["size"] or 0)
    origin, redacted = _text(found["origin"]), bool(found["redacted"])
    return Reasoning(_text(rest[:size]), Signature(origin, _text(rest[size:]), redacted))


_WRAPPED = re.compile(rb"%b(?:~(?P<size>\d{1,9})~)?(?P<redacted>!?)(?P<origin>[^:]*):" % re.escape(MARK))


def _plain(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _text(encoded: bytes) -> str:
    return encoded.decode("utf-8", "replace")


PREFIX = base64.b64encode(MARK)
"""The beginning of a wrapped signature: a body without these bytes holds none."""


def is_wrapped(text: str) -> bool:
    """Whether it was wrapped here, and so must not go up as it is."""
    return text.startswith(PREFIX.decode())


def belongs_to(signature: Signature, dialect: str, vendor: str) -> bool:
    """Whether it was made by this vendor in this upstream dialect; one without a vendor is taken to be."""
    origin, _, made_by = signature.origin.partition("/")
    return origin == dialect and made_by in {"", vendor}


def client_losses(messages: Iterable[Message], lost: Sequence[str]) -> tuple[str, ...]:
    """The hub's names of what is lost, without `signature` where the client sent none: it was restored here."""
    parts = (part for message in messages for part in message.parts)
    if "signature" not in lost or any(isinstance(part, Reasoning) and part.signature for part in parts):
        return tuple(lost)
    return tuple(name for name in lost if name != "signature")
