"""The events of a stream as far as they are read; it hides what Copilot adds to them and leaves out."""

from typing import Any

import msgspec
from msgspec import Struct

from passenger.chat import JSON, Usage
from passenger.decoding import loads
from passenger.dialects.responses.salvage import salvaged
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
    odd: bool = msgspec.field(default=False, name="(odd)")
    """Of our own: whether a field that is read was of another type, and so passed over."""


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

    total_nano_aiu: int | None = None


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


ENDS = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled", "error"})
"""Those of them after which nothing of the answer comes."""

PLACES = ("output_index", "content_index", "summary_index")
"""The fields that say what an event is of."""

TEXTS = frozenset({"delta"})
"""The fields that come in pieces."""


def read_event(data: bytes, pairs: SurrogatePairs | None = None) -> StreamEvent | None:
    """One event, None where it is empty, or of another shape and of a type that says nothing of the answer.

    Halves of characters are left in the texts that come in pieces, where `pairs` will join them. A field of another
    type than it should be is passed over: an item that nobody knows must not hide the end of an answer, or its usage.

    Raises:
        Failure: it says something that is not to be understood.
    """
    try:
        return _EVENT.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None if data in {b"", b"[DONE]"} else _read_leniently(data, pairs or SurrogatePairs(frozenset()))


def _read_leniently(data: bytes, pairs: SurrogatePairs) -> StreamEvent | None:
    try:
        document = pairs.read(data)
    except (ValueError, RecursionError) as error:
        raise bad_event(error) from error
    kind = document.get("type") if isinstance(document, dict) else None
    if isinstance(kind, str) and kind and kind not in KNOWN:
        return None
    _refuse_unreadable(document, kind)
    event: StreamEvent = salvaged(document, StreamEvent) if kind else _converted(document)
    _mark(event.item, document.get("item"))
    if event.response is not None:
        _mark_output(event.response, document["response"])
    return event


def _converted(document: Any) -> StreamEvent:
    """An event of no type, which must be all that it seems to be: nothing else says what it is."""
    try:
        return msgspec.convert(document, StreamEvent)
    except msgspec.ValidationError as error:
        raise bad_event(error) from error


def _refuse_unreadable(document: Any, kind: object) -> None:
    """Refuse an event that is nothing as a whole: no object, of no type, an end of no response, words of no place."""
    if not isinstance(document, dict) or (kind is not None and not isinstance(kind, str)):
        raise bad_event("it is no object with a type")
    if not isinstance(document.get("response") or {}, dict):
        raise bad_event("its response is no object")
    for name in PLACES if kind not in ENDS else ():
        if not isinstance(document.get(name, 0), int):
            raise bad_event(f"its {name} is no number")


def _mark(item: Item | None, value: Any) -> None:
    """Note that something of an item was passed over."""
    if item is not None:
        try:
            msgspec.convert(value, Item)
        except msgspec.ValidationError:
            item.odd = True


def _mark_output(response: Response, document: JSON) -> None:
    for item, value in zip(response.output or (), document.get("output") or (), strict=False):
        _mark(item, value)


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
    """A whole answer, as far as it is of an answer's shape.

    Raises:
        msgspec.ValidationError: it is no object, or its output is no list.
        ValueError: it is not JSON.
    """
    try:
        return _RESPONSE.decode(data)
    except msgspec.MsgspecError:
        document = loads(data)
        if not isinstance(document, dict) or not isinstance(document.get("output") or [], list):
            raise
        response: Response = salvaged(document, Response)
        return response


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
