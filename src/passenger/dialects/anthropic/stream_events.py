"""The JSON of the events in Copilot's Messages stream.

https://platform.claude.com/docs/en/build-with-claude/streaming and, for what Copilot was seen to send,
`docs/dialects/messages.md`.
"""

from typing import Any

import msgspec
from msgspec import Struct

from passenger.dialects.anthropic.usage import WireUsage
from passenger.dialects.copilot_errors import unreadable_event
from passenger.dialects.copilot_usage import CopilotUsage
from passenger.dialects.surrogate_pairs import SurrogatePairs
from passenger.jsontext.reading import type_of


class BlockStart(Struct, gc=False):
    """A block as it begins."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: Any = None


class StopDetails(Struct, gc=False):
    """Why the model refuses, where it says so."""

    explanation: str | None = None


class BlockDelta(Struct, gc=False):
    """The `delta` of an event: more of a block, or how the message stops."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None
    citation: Any = None


class Head(Struct, gc=False):
    """The message as it begins."""

    model: str | None = None
    usage: WireUsage | None = None
    content: Any = None

    @property
    def says(self) -> bool:
        """Whether it has words or calls in it already, which belong into blocks of their own."""
        if not isinstance(self.content, list):
            return bool(self.content)
        blocks = [block for block in self.content if isinstance(block, dict)]
        return any(block.get(name) for block in blocks for name in ("text", "thinking", "data", "name"))


class WireEvent(Struct, gc=False):
    """One event of a stream, or one error."""

    type: str = ""
    index: int = 0
    delta: BlockDelta | None = None
    content_block: BlockStart | None = None
    message: Head | None = None
    usage: WireUsage | None = None
    copilot_usage: CopilotUsage | None = None
    copilot_annotations: Any = None
    error: Any = None

    @property
    def says_more(self) -> bool:
        """Whether it is an error, or says what was used, or where words come from."""
        if self.usage is not None or self.copilot_usage is not None:
            return True
        return self.copilot_annotations is not None or self.error is not None


_EVENT = msgspec.json.Decoder(WireEvent)


KNOWN = frozenset(
    {
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "error",
    }
)
"""The types of events that are part of an answer."""

_NOTHING = WireEvent("nothing")


TEXTS = frozenset({"text", "thinking", "partial_json"})
"""The fields whose text comes in pieces."""


def decode_event(data: bytes, pairs: SurrogatePairs | None = None) -> WireEvent:
    """Decode one event's data. An event that is no part of an answer may have any shape.

    `pairs` join the halves of a surrogate pair that two pieces of a text were cut between.

    Raises:
        Failure: it is part of an answer and cannot be read.
    """
    try:
        return _EVENT.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _decode_leniently(data, pairs or SurrogatePairs(frozenset()))


def refuse_untyped(event: WireEvent) -> None:
    """Refuse an event without a type that has a field of an answer."""
    if event.delta is not None or event.content_block is not None or event.message is not None:
        raise unreadable_event("it has no type")


def _decode_leniently(data: bytes, pairs: SurrogatePairs) -> WireEvent:
    """Decode an event with lone surrogate escapes, which msgspec refuses."""
    try:
        return msgspec.convert(pairs.read(data), WireEvent)
    except (ValueError, RecursionError) as error:
        kind = type_of(data)
        if kind and kind not in KNOWN:
            return _NOTHING
        raise unreadable_event(error) from error
