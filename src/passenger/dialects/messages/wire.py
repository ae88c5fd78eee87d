"""The events of Copilot's Messages stream as values; it hides their JSON.

Facts: Anthropic's documentation ("Streaming messages"), and what Copilot was seen to send: `docs/dialects/messages.md`.
"""

from typing import Any

import msgspec
from msgspec import Struct

from passenger.decoding import type_of
from passenger.dialects.messages.failures import STATUS
from passenger.dialects.messages.usage import Bill, WireUsage
from passenger.dialects.surrogate_pairs import SurrogatePairs
from passenger.errors import Failure, Kind, kind_of


class Block(Struct, gc=False):
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


class Piece(Struct, gc=False):
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
    delta: Piece | None = None
    content_block: Block | None = None
    message: Head | None = None
    usage: WireUsage | None = None
    copilot_usage: Bill | None = None
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
"""The events that say something of the answer."""

_NOTHING = WireEvent("nothing")


TEXTS = frozenset({"text", "thinking", "partial_json"})
"""The fields that come in pieces."""


def decode_event(data: bytes, pairs: SurrogatePairs | None = None) -> WireEvent:
    """One event's data; one of a type that says nothing of the answer may have any shape.

    SurrogatePairs of characters are left in the texts that come in pieces.

    Raises:
        Failure: it says something that is not to be understood.
    """
    try:
        return _EVENT.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _decode_leniently(data, pairs or SurrogatePairs(frozenset()))


def refuse_untyped(event: WireEvent) -> None:
    """Refuse an event that says something of an answer, but not what.

    Raises:
        Failure: it does.
    """
    if event.delta is not None or event.content_block is not None or event.message is not None:
        raise bad_event("it has no type")


def _decode_leniently(data: bytes, pairs: SurrogatePairs) -> WireEvent:
    """The same for lone surrogate escapes, which the fast decoder refuses."""
    try:
        return msgspec.convert(pairs.read(data), WireEvent)
    except (ValueError, RecursionError) as error:
        kind = type_of(data)
        if kind and kind not in KNOWN:
            return _NOTHING
        raise bad_event(error) from error


def failure_of(error: object) -> Failure:
    """The failure that the `error` of an event tells of, Anthropic's or Copilot's, whatever its shape."""
    fields = error if isinstance(error, dict) else {"message": error}
    kind, code, message = (_said(fields, name) for name in ("type", "code", "message"))
    status = STATUS.get(kind or "", 502)
    whose = Kind.UNAVAILABLE if status == 529 else kind_of(status)
    return Failure(whose, message or "Copilot's stream failed", status=status, code=code or kind, type=kind)


def _said(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) and value else None


def bad_event(what: object) -> Failure:
    """The failure of a stream with an event that means something and is not to be understood."""
    return Failure(
        Kind.UPSTREAM, f"Copilot's stream has an event that is not to be understood: {what}", code="bad_event"
    )


def stream_broken() -> Failure:
    """The failure of a stream that ended too early."""
    return Failure(Kind.UPSTREAM, "Copilot ended the stream before the answer was complete", code="stream_broken")
