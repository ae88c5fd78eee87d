"""The events of a stream as far as they are read; it hides what Copilot adds to them and leaves out."""

from typing import Any

import msgspec
from msgspec import Struct

from passenger.chat import Usage
from passenger.decoding import loads, type_of
from passenger.dialects.surrogate_pairs import SurrogatePairs
from passenger.errors import Failure, Kind


class TextPart(Struct, gc=False):
    """A part of a message, or of a reasoning item's summary."""

    type: str = ""
    text: str | None = None
    refusal: str | None = None
    annotations: Any = None


class Item(Struct):
    """One item of the output."""

    type: str = ""
    call_id: str | None = None
    name: str | None = None
    namespace: str | None = None
    arguments: str | None = None
    input: str | None = None
    encrypted_content: str | None = None
    summary: list[TextPart] | None = None
    content: list[TextPart] | None = None


class _InputDetails(Struct, gc=False):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(Struct, gc=False):
    reasoning_tokens: int | None = None


class _Usage(Struct, gc=False):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


class _Details(Struct, gc=False):
    reason: str | None = None


class Bill(Struct, gc=False):
    """Copilot's own bill."""

    total_nano_aiu: int = 0


class Response(Struct):
    """The response object. Copilot puts its bill into whole answers, and beside the response in streams."""

    model: str | None = None
    status: str | None = None
    error: Any = None
    incomplete_details: _Details | None = None
    output: list[Item] | None = None
    usage: _Usage | None = None
    copilot_usage: Bill | None = None


class StreamEvent(Struct):
    """Any event."""

    type: str = ""
    output_index: int = 0
    content_index: int = 0
    summary_index: int = 0
    delta: str | None = None
    text: str | None = None
    refusal: str | None = None
    arguments: str | None = None
    input: str | None = None
    part: TextPart | None = None
    annotation: Any = None
    item: Item | None = None
    response: Response | None = None
    copilot_usage: Bill | None = None
    error: Any = None
    code: Any = None
    message: Any = None
    param: Any = None


_EVENT = msgspec.json.Decoder(StreamEvent)
_RESPONSE = msgspec.json.Decoder(Response)


KNOWN = frozenset(
    {
        "response.output_text.delta",
        "response.output_text.done",
        "response.refusal.delta",
        "response.refusal.done",
        "response.content_part.added",
        "response.content_part.done",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_part.done",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
        "response.reasoning_text.delta",
        "response.reasoning_text.done",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.custom_tool_call_input.delta",
        "response.custom_tool_call_input.done",
        "response.output_item.added",
        "response.output_item.done",
        "response.completed",
        "response.incomplete",
        "response.failed",
        "response.cancelled",
        "error",
    }
)
"""The events that say something of the answer."""


TEXTS = frozenset({"delta"})
"""The fields that come in pieces."""


def read_event(data: bytes, pairs: SurrogatePairs | None = None) -> StreamEvent | None:
    """One event, None where it is empty, or of another shape and of a type that says nothing of the answer.

    Halves of characters are left in the texts that come in pieces, where `pairs` will join them.

    Raises:
        Failure: it says something that is not to be understood.
    """
    try:
        return _EVENT.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None if data in {b"", b"[DONE]"} else _read_leniently(data, pairs or SurrogatePairs(frozenset()))


def _read_leniently(data: bytes, pairs: SurrogatePairs) -> StreamEvent | None:
    try:
        return msgspec.convert(pairs.read(data), StreamEvent)
    except (ValueError, RecursionError) as error:
        kind = type_of(data)
        if kind and kind not in KNOWN:
            return None
        raise bad_event(error) from error


def refuse_untyped(event: StreamEvent) -> None:
    """Refuse an event that says something of an answer, but not what.

    Raises:
        Failure: it does.
    """
    if any(value is not None for value in (event.delta, event.text, event.part, event.item, event.response)):
        raise bad_event("it has no type")


def bad_event(what: object) -> Failure:
    """The failure of a stream with an event that means something and is not to be understood."""
    return Failure(
        Kind.UPSTREAM, f"Copilot's stream has an event that is not to be understood: {what}", code="bad_event"
    )


def read_response(data: bytes) -> Response:
    """A whole answer.

    Raises:
        msgspec.ValidationError: it is not of an answer's shape.
        ValueError: it is not JSON.
    """
    try:
        return _RESPONSE.decode(data)
    except msgspec.ValidationError:
        raise
    except msgspec.MsgspecError:
        return msgspec.convert(loads(data), Response)


def read_usage(response: Response | None, bill: Bill | None) -> Usage | None:
    """What an answer says it used, and Copilot's own bill."""
    usage = response.usage if response else None
    if usage is None and bill is None:
        return None
    usage = usage or _Usage()
    given, made = usage.input_tokens_details or _InputDetails(), usage.output_tokens_details or _OutputDetails()
    return Usage(
        input=usage.input_tokens or 0,
        output=usage.output_tokens or 0,
        cached=given.cached_tokens or 0,
        reasoning=made.reasoning_tokens or 0,
        nano_credits=bill.total_nano_aiu if bill else None,
        written=given.cache_write_tokens or 0,
    )
