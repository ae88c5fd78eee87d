"""Prompt-cache breakpoints for relayed requests to Claude that have none, where a second turn is likely (2026-11).

Claude caches only what is marked: a talk of ten turns costs four times as much without. Of the body only the last
tool, the system's words and the last two turns of the user are written anew; every other byte stays.
https://docs.claude.com/en/docs/build-with-claude/prompt-caching
"""

import re
from collections.abc import Iterable
from itertools import islice

import msgspec

from passenger.body import Body, Fields
from passenger.chat import Abilities, Ask
from passenger.dialects.caching import TURNS, is_large
from passenger.dialects.completions import caching as chat_caching
from passenger.dialects.messages import caching as messages_caching
from passenger.jsontext.ends import Item, before, from_the_end, from_the_start

CHAT_MARK, MESSAGES_MARK = chat_caching.KEY, messages_caching.KEY
"""What Copilot's Chat Completions and Messages call a breakpoint."""

LOOK_BACK = 64
"""Messages at the end that are looked through for the last two turns."""

_MARK = msgspec.Raw(b'{"type":"ephemeral"}')
_CHAT_MARK = b',"%b":%b}' % (CHAT_MARK.encode(), bytes(_MARK))
_FIRST_MARK = b'"%b":%b,' % (CHAT_MARK.encode(), bytes(_MARK))
_MESSAGES_MARK = b',"%b":%b' % (MESSAGES_MARK.encode(), bytes(_MARK))
_SAYING_SYSTEM = re.compile(
    rb'(\[[ \t\n\r]*\{)[ \t\n\r]*"role"[ \t\n\r]*:[ \t\n\r]*"(?:system|developer)"[ \t\n\r]*,'
    rb'[ \t\n\r]*"content"[ \t\n\r]*:[ \t\n\r]*(?:"[^"]|\[[ \t\n\r]*\{)'
)
"""Messages whose first is a system's with something in it, in the order in which nearly all clients write it."""
_USERS = frozenset({b'"user"', b'"tool"', b'"function"'})
_SYSTEM = frozenset({b'"system"', b'"developer"'})
_NOTHING = frozenset({b"", b"null", b'""', b"[]"})
_BEARING = frozenset({b'"text"', b'"image"', b'"document"', b'"tool_result"', b'"search_result"'})

_FIELDS = msgspec.json.Decoder(Fields)

Edit = tuple[int, int, bytes]
"""From where to where a text is replaced, and by what."""


def mark_chat(body: Body, ask: Ask, able: Abilities) -> None:
    """Mark a request to `/chat/completions`: its messages bear the breakpoints themselves, as VS Code sets them."""
    if ask.marked or not is_large(len(body.raw), able) or CHAT_MARK in body or MESSAGES_MARK in body:
        return
    messages = body.raw_value("messages")
    turns = _turns(messages, likely=ask.tools)
    if turns is None:
        return
    said = (item for item in turns if _content(item) not in _NOTHING)
    edits = [*_in_first_system(messages), *((item.stop - 1, item.stop, _CHAT_MARK) for item in said)]
    body.set_raw("messages", _spliced(messages, edits))
    if tools := body.raw_value("tools"):
        body.set_raw("tools", _spliced(tools, _after_last(tools)))


def mark_messages(body: Body, ask: Ask, able: Abilities) -> None:
    """Mark a request to `/v1/messages` that bears no breakpoint, where the blocks bear them."""
    if not is_large(len(body.raw), able):
        return
    messages = body.raw_value("messages")
    turns = _turns(messages, likely=ask.tools)
    if turns is None:
        return
    body.set_raw("messages", _spliced(messages, [edit for turn in turns for edit in _after_turn(turn)]))
    if (system := _marked_content(body.raw_value("system"))) is not None:
        body.set_raw("system", system)
    if tools := body.raw_value("tools"):
        body.set_raw("tools", _spliced(tools, _after_last_loaded(tools)))


def without_marks(sent: bytes, asked: bytes) -> bytes | None:
    """What was sent without the breakpoints that we have set; None where there are none of ours.

    In a text their quotes would be escaped, so that nothing else is taken for one.
    """
    if MESSAGES_MARK.encode() in asked:
        return None
    plain = sent.replace(_CHAT_MARK[:-1], b"").replace(_FIRST_MARK, b"").replace(_MESSAGES_MARK, b"")
    return plain if len(plain) < len(sent) else None


def _turns(messages: bytes, *, likely: bool) -> list[Item[Fields]] | None:
    """The last message of each of the user's last turns; None where no second turn is `likely` nor has been."""
    found, within, answered = list[Item[Fields]](), False, likely
    for item in islice(from_the_end(messages, _FIELDS), LOOK_BACK):
        role = _role(item)
        users = role in _USERS
        if users and not within and len(found) < TURNS:
            found.insert(0, item)
        within, answered = users, answered or role == b'"assistant"'
        if len(found) == TURNS and answered:
            break
    return found if answered else None


def _in_first_system(messages: bytes) -> list[Edit]:
    """A breakpoint in the first message where it is a system's: at its beginning, so that its end need not be found."""
    if found := _SAYING_SYSTEM.match(messages):
        return [(found.end(1), found.end(1), _FIRST_MARK)]
    first = (item for item in islice(from_the_start(messages, _FIELDS), 1) if _role(item) in _SYSTEM)
    return [(item.stop - 1, item.stop, _CHAT_MARK) for item in first if _content(item) not in _NOTHING]


# --- tools -------------------------------------------------------------------------------------------------------


def _after_last(tools: bytes) -> list[Edit]:
    """A breakpoint after the last tool of Chat Completions, where it is an object with something in it."""
    stop = before(tools, len(tools) - 1)
    if tools[stop : stop + 1] != b"}" or tools[before(tools, stop)] == ord("{"):
        return []
    return [(stop, stop + 1, _CHAT_MARK)]


def _after_last_loaded(tools: bytes) -> list[Edit]:
    """One after the last tool of Messages that is in the prompt: a tool whose loading is deferred is not."""
    for tool in islice(from_the_end(tools, _FIELDS), LOOK_BACK):
        if "defer_loading" not in tool.value:
            return [(tool.start, tool.stop, _with_mark(tool.value))]
    return []


# --- what is said ------------------------------------------------------------------------------------------------


def _after_turn(turn: Item[Fields]) -> list[Edit]:
    content = _marked_content(_content(turn))
    if content is None:
        return []
    return [(turn.start, turn.stop, msgspec.json.encode({**turn.value, "content": msgspec.Raw(content)}))]


def _role(message: Item[Fields]) -> bytes:
    return bytes(message.value.get("role", b""))


def _content(message: Item[Fields]) -> bytes:
    return bytes(message.value.get("content", b""))


def _marked_content(text: bytes) -> bytes | None:
    """A content whose last block bears a breakpoint; a string becomes a block. None where it cannot."""
    if text in _NOTHING:
        return None
    if text.startswith(b'"'):
        return b"[%b]" % _with_mark({"type": msgspec.Raw(b'"text"'), "text": msgspec.Raw(text)})
    for last in from_the_end(text, _FIELDS):
        return _spliced(text, [(last.start, last.stop, _with_mark(last.value))]) if _can_bear(last.value) else None
    return None


def _can_bear(block: Fields) -> bool:
    return bytes(block.get("type", b"")) in _BEARING and bytes(block.get("text", b"-")) not in _NOTHING


def _with_mark(block: Fields) -> bytes:
    return msgspec.json.encode({**block, MESSAGES_MARK: _MARK})


def _spliced(text: bytes, edits: Iterable[Edit]) -> bytes:
    """The text with these edits, which come in its order."""
    pieces, at, whole = list[bytes | memoryview](), 0, memoryview(text)
    for start, stop, new in edits:
        pieces += (whole[at:start], new)
        at = stop
    return b"".join((*pieces, whole[at:]))
