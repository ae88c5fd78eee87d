"""The events of Copilot's `/responses` stream and its response object, decoded as far as they are of a known shape.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Struct

from passenger.chat.events import Usage
from passenger.chat.prompt import JSON
from passenger.dialects.copilot_errors import unreadable_event
from passenger.dialects.copilot_usage import CopilotUsage
from passenger.dialects.surrogate_pairs import SurrogatePairs
from passenger.jsontext.reading import loads


class TextPart(Struct, gc=False):
    """A part of a message, or of a reasoning item's summary."""

    type: str = ""
    text: str | None = None
    refusal: str | None = None
    annotations: Any = None


class OutputItem(Struct):
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
    id: str | None = None
    status: str | None = None
    action: Any = None
    odd: bool = msgspec.field(default=False, name="(odd)")
    """Not upstream's: whether a field was of another type, and so left out."""


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


class ResponseObject(Struct):
    """The response object. Copilot's bill is in it in whole answers, and beside it in streams."""

    model: str | None = None
    status: str | None = None
    error: Any = None
    incomplete_details: _Details | None = None
    output: list[OutputItem] | None = None
    usage: _Usage | None = None
    copilot_usage: CopilotUsage | None = None


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
    item: OutputItem | None = None
    response: ResponseObject | None = None
    copilot_usage: CopilotUsage | None = None
    error: Any = None
    code: Any = None
    message: Any = None
    param: Any = None


_EVENT = msgspec.json.Decoder(StreamEvent)
_RESPONSE = msgspec.json.Decoder(ResponseObject)


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
"""The types of the events that carry a part of the answer, or end it."""


ENDS = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled", "error"})
"""The types of the events that end the answer."""

PLACES = ("output_index", "content_index", "summary_index")
"""The fields with the position of an event's part."""

TEXTS = frozenset({"delta"})
"""The fields whose texts come in pieces."""


def read_event(data: bytes, pairs: SurrogatePairs | None = None) -> StreamEvent | None:
    """One event; None where it is empty, or of another shape and a type that carries nothing of the answer.

    Lone surrogates are left in the texts that come in pieces, for `pairs` to join. A field of the wrong type is left
    out: an unknown item must not hide the end of an answer, or its usage.

    Raises:
        Failure: it carries a part of the answer and cannot be read.
    """
    try:
        return _EVENT.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None if data in {b"", b"[DONE]"} else _read_leniently(data, pairs or SurrogatePairs(frozenset()))


def _read_leniently(data: bytes, pairs: SurrogatePairs) -> StreamEvent | None:
    try:
        document = pairs.read(data)
    except (ValueError, RecursionError) as error:
        raise unreadable_event(error) from error
    kind = document.get("type") if isinstance(document, dict) else None
    if isinstance(kind, str) and kind and kind not in KNOWN:
        return None
    _refuse_unreadable(document, kind)
    event: StreamEvent = salvage(document, StreamEvent) if kind else _convert(document)
    _mark(event.item, document.get("item"))
    if event.response is not None:
        _mark_output(event.response, document["response"])
    return event


def _convert(document: Any) -> StreamEvent:
    """An event without a type, which must have the right shape: nothing else says what it is."""
    try:
        return msgspec.convert(document, StreamEvent)
    except msgspec.ValidationError as error:
        raise unreadable_event(error) from error


def _refuse_unreadable(document: Any, kind: object) -> None:
    """Refuse an event that is no object, or whose type, response or position is of another type."""
    if not isinstance(document, dict) or (kind is not None and not isinstance(kind, str)):
        raise unreadable_event("it is no object with a type")
    if not isinstance(document.get("response") or {}, dict):
        raise unreadable_event("its response is no object")
    for name in PLACES if kind not in ENDS else ():
        if not isinstance(document.get(name, 0), int):
            raise unreadable_event(f"its {name} is no number")


def _mark(item: OutputItem | None, value: Any) -> None:
    """Mark an item of which a field was left out."""
    if item is not None:
        try:
            msgspec.convert(value, OutputItem)
        except msgspec.ValidationError:
            item.odd = True


def _mark_output(response: ResponseObject, document: JSON) -> None:
    for item, value in zip(response.output or (), document.get("output") or (), strict=False):
        _mark(item, value)


def refuse_untyped(event: StreamEvent) -> None:
    """Refuse an event without a type that carries a part of the answer."""
    if any(value is not None for value in (event.delta, event.text, event.part, event.item, event.response)):
        raise unreadable_event("it has no type")


def read_response(data: bytes) -> ResponseObject:
    """A whole answer, as far as its fields have the right types.

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
        response: ResponseObject = salvage(document, ResponseObject)
        return response


def read_usage(response: ResponseObject | None, bill: CopilotUsage | None) -> Usage | None:
    """The usage of an answer, with Copilot's own bill."""
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


def salvage(value: Any, shape: Any) -> Any:
    """The value as that type, None where it is of another. A struct keeps the fields of the right types.

    An entry of a list that is of another type becomes an empty one, so that the others keep their indexes.
    """
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError:
        return _salvage_fields(value, shape)


def _salvage_fields(value: Any, shape: Any) -> Any:
    for option in _options(shape):
        if get_origin(option) is list and isinstance(value, list):
            (entry,) = get_args(option)
            return [found if (found := salvage(one, entry)) is not None else entry() for one in value]
        if isinstance(option, type) and issubclass(option, Struct) and isinstance(value, dict):
            found = {f.name: salvage(value[f.encode_name], f.type) for f in _fields(option) if f.encode_name in value}
            return option(**{name: inner for name, inner in found.items() if inner is not None})
    return None


def _options(shape: Any) -> tuple[Any, ...]:
    return get_args(shape) if isinstance(shape, UnionType) else (shape,)


@cache
def _fields(struct: type[Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(struct)
