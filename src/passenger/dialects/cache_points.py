"""What Claude's two dialects share to set prompt-cache breakpoints in a relayed request that has none (2026-11).

Claude caches only up to a breakpoint: without any, a conversation of ten turns costs four times as much. They are set
where a second turn is likely. Only the last tool, the system's words and the user's last two turns are written anew;
every other byte of the body stays.
https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

from collections.abc import Iterable
from itertools import islice

import msgspec

from passenger.chat.cache_points import TURNS
from passenger.jsontext.array_ends import ArrayItem, from_the_end
from passenger.jsontext.raw_object import Fields

CHAT_MARK, MESSAGES_MARK = "copilot_cache_control", "cache_control"
"""What Copilot's Chat Completions and Messages call a breakpoint."""

LOOK_BACK = 64
"""How many of the last messages are searched for the last two turns."""

MARK = msgspec.Raw(b'{"type":"ephemeral"}')
CHAT_FIELD = b',"%b":%b}' % (CHAT_MARK.encode(), bytes(MARK))
CHAT_FIRST_FIELD = b'"%b":%b,' % (CHAT_MARK.encode(), bytes(MARK))
MESSAGES_FIELD = b',"%b":%b' % (MESSAGES_MARK.encode(), bytes(MARK))
_USERS = frozenset({b'"user"', b'"tool"', b'"function"'})
NOTHING = frozenset({b"", b"null", b'""', b"[]"})

FIELDS = msgspec.json.Decoder(Fields)

Replacement = tuple[int, int, bytes]
"""The start and the end of what is replaced in a text, and what replaces it."""


def without_marks(sent: bytes, asked: bytes) -> bytes | None:
    """Remove the breakpoints that we set; None where there are none of ours.

    Inside a string their quotes would be escaped, so that no text is taken for one.
    """
    if MESSAGES_MARK.encode() in asked:
        return None
    plain = sent.replace(CHAT_FIELD[:-1], b"").replace(CHAT_FIRST_FIELD, b"").replace(MESSAGES_FIELD, b"")
    return plain if len(plain) < len(sent) else None


def last_turns(messages: bytes, *, likely: bool) -> list[ArrayItem[Fields]] | None:
    """The last message of each of the user's last turns; None where a second turn is neither `likely` nor there."""
    found, within, answered = list[ArrayItem[Fields]](), False, likely
    for item in islice(from_the_end(messages, FIELDS), LOOK_BACK):
        role = role_of(item)
        users = role in _USERS
        if users and not within and len(found) < TURNS:
            found.insert(0, item)
        within, answered = users, answered or role == b'"assistant"'
        if len(found) == TURNS and answered:
            break
    return found if answered else None


def role_of(message: ArrayItem[Fields]) -> bytes:
    """Its role as it stands in the JSON, empty where it has none."""
    return bytes(message.value.get("role", b""))


def content_of(message: ArrayItem[Fields]) -> bytes:
    """Its content as it stands in the JSON, empty where it has none."""
    return bytes(message.value.get("content", b""))


def splice(text: bytes, edits: Iterable[Replacement]) -> bytes:
    """Apply edits, which are in the order of the text."""
    pieces, at, whole = list[bytes | memoryview](), 0, memoryview(text)
    for start, stop, new in edits:
        pieces += (whole[at:start], new)
        at = stop
    return b"".join((*pieces, whole[at:]))
