"""How a thought's seal travels through a client that speaks another dialect: with its origin written before it.

The text is base64 (a Gemini client decodes and re-encodes what it is given), so it survives every client.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence

from passenger.chat import Message, Seal, Thought

MARK = b"passenger:1:"


def wrap(seal: Seal, words: str = "") -> str:
    """The text that a client of a foreign dialect keeps; with the thought's `words`, for one that forgets them."""
    told = words.encode("utf-8", "replace")
    head = b"%b%b%b%b:" % (MARK, b"~%d~" % len(told) if told else b"", b"!" * seal.redacted, seal.origin.encode())
    return base64.b64encode(head + told + seal.value.encode("utf-8", "replace")).decode()


def unwrap(text: str, native: str = "") -> Seal:
    """The seal in what a client gave back; one that is not of our making is of `native`, the client's own dialect."""
    thought = _opened(text)
    return thought.seal if thought is not None and thought.seal is not None else Seal(native, text)


def unwrap_thought(text: str, native: str = "") -> Thought:
    """The same with the words that were wrapped with it."""
    return _opened(text) or Thought("", Seal(native, text))


def _opened(text: str) -> Thought | None:
    found = _WRAPPED.match(_plain(text)) if is_wrapped(text) else None
    if found is None:
        return None
    rest, size = _plain(text)[found.end() :], int(found["size"] or 0)
    seal = Seal(found["origin"].decode("utf-8", "replace"), _text(rest[size:]), redacted=bool(found["redacted"]))
    return Thought(_text(rest[:size]), seal)


_WRAPPED = re.compile(rb"%b(?:~(?P<size>\d{1,9})~)?(?P<redacted>!?)(?P<origin>[^:]*):" % re.escape(MARK))


def _plain(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _text(encoded: bytes) -> str:
    return encoded.decode("utf-8", "replace")


PREFIX = base64.b64encode(MARK)
"""What a wrapped seal begins with: a body without these bytes holds none."""


def is_wrapped(text: str) -> bool:
    """Whether it is of our making, and so never to be shown to any upstream as it is."""
    return text.startswith(PREFIX.decode())


def opens_for(seal: Seal, dialect: str, vendor: str) -> bool:
    """Whether this upstream dialect and vendor made the seal. One without a vendor is taken on trust."""
    origin, _, of = seal.origin.partition("/")
    return origin == dialect and of in {"", vendor}


def sent_and_lost(messages: Iterable[Message], lost: Sequence[str]) -> tuple[str, ...]:
    """The hub's names of what is lost, a `seal` only where the client sent one: what we had put back is ours."""
    if "seal" not in lost or any(isinstance(part, Thought) and part.seal for one in messages for part in one.parts):
        return tuple(lost)
    return tuple(name for name in lost if name != "seal")
