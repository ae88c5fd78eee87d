"""Prompt-cache breakpoints as Messages' blocks bear them.

https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

from itertools import islice

import msgspec

from passenger.chat.cache_points import is_large
from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import JSON, Ask
from passenger.dialects.cache_points import (
    FIELDS,
    LOOK_BACK,
    MARK,
    MESSAGES_MARK,
    NOTHING,
    Replacement,
    content_of,
    last_turns,
    splice,
)
from passenger.jsontext.array_ends import ArrayItem, from_the_end
from passenger.jsontext.raw_object import Fields, RawObject


def mark(block: JSON, wanted: bool = True) -> JSON:
    """Put a breakpoint after a block where one is wanted."""
    return {**block, MESSAGES_MARK: {"type": "ephemeral"}} if wanted else block


# --- a request that is relayed -----------------------------------------------------------------------------------

_BEARING = frozenset({b'"text"', b'"image"', b'"document"', b'"tool_result"', b'"search_result"'})


def mark_messages(body: RawObject, ask: Ask, capabilities: Capabilities) -> None:
    """Set breakpoints in a request to `/v1/messages` that has none."""
    if not is_large(len(body.raw), capabilities):
        return
    messages = body.raw_value("messages")
    turns = last_turns(messages, likely=ask.tools)
    if turns is None:
        return
    body.set_raw("messages", splice(messages, [edit for turn in turns for edit in _after_turn(turn)]))
    if (system := _marked_content(body.raw_value("system"))) is not None:
        body.set_raw("system", system)
    if tools := body.raw_value("tools"):
        body.set_raw("tools", splice(tools, _after_last_loaded(tools)))


def _after_turn(turn: ArrayItem[Fields]) -> list[Replacement]:
    content = _marked_content(content_of(turn))
    if content is None:
        return []
    return [(turn.start, turn.stop, msgspec.json.encode({**turn.value, "content": msgspec.Raw(content)}))]


def _after_last_loaded(tools: bytes) -> list[Replacement]:
    """Put one after the last tool whose loading is not deferred: a deferred one is not part of the prompt."""
    for tool in islice(from_the_end(tools, FIELDS), LOOK_BACK):
        if "defer_loading" not in tool.value:
            return [(tool.start, tool.stop, _with_mark(tool.value))]
    return []


def _marked_content(text: bytes) -> bytes | None:
    """Put one after the last block of a content; a string becomes a block. None where it can bear none."""
    if text in NOTHING:
        return None
    if text.startswith(b'"'):
        return b"[%b]" % _with_mark({"type": msgspec.Raw(b'"text"'), "text": msgspec.Raw(text)})
    for last in from_the_end(text, FIELDS):
        return splice(text, [(last.start, last.stop, _with_mark(last.value))]) if _can_bear(last.value) else None
    return None


def _can_bear(block: Fields) -> bool:
    return bytes(block.get("type", b"")) in _BEARING and bytes(block.get("text", b"-")) not in NOTHING


def _with_mark(block: Fields) -> bytes:
    return msgspec.json.encode({**block, MESSAGES_MARK: MARK})
