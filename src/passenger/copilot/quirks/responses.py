"""Fix-ups of relayed Responses, one function each: the reason, the date it was last seen, and a test by its name.

The greatest is that every id Copilot gives is another one in each event (upstream.md 5.3): clients get ids that are
functions of the answer's id and the item's place, and what they send back of them is left out.
"""

import json
import re
from collections.abc import Iterator, Mapping

import msgspec
from msgspec import Raw

from passenger import seals
from passenger.body import Body, Fields, split
from passenger.chat import Abilities, Ask, Stamp, Usage
from passenger.copilot.paths import RESPONSES_EFFORT
from passenger.copilot.quirks import compaction, internal_fields
from passenger.copilot.quirks.response_object import NULL, complete_object
from passenger.copilot.quirks.thinking import fit_effort
from passenger.dialects.responses.compaction import ITEMS as COMPACTED
from passenger.dialects.responses.failures import read_failure
from passenger.dialects.responses.ids import item_id, response_id
from passenger.dialects.responses.peeking import may_be_ours
from passenger.dialects.responses.wire import StreamEvent, read_event, read_response, read_usage
from passenger.errors import Failure, Kind
from passenger.events import PARTS_LIMIT, too_many_parts
from passenger.framing import read_sse, write_sse

FLOOR = 16
"""The least `max_output_tokens` that Copilot takes."""


# --- requests ----------------------------------------------------------------------------------------------------


def prepare(body: Body, ask: Ask, able: Abilities) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Edit a request that goes up; an input without ids keeps its bytes."""
    dropped = (*leave_out_store(body), *leave_out_service_tier(body), *raise_limit(body), *edit_items(body, ask, able))
    return {}, (*dropped, *fit_effort(body, able, RESPONSES_EFFORT))


def leave_out_store(body: Body) -> Iterator[str]:
    """Take out `store: true`: Copilot keeps nothing and refuses it (2026-08). False says what is so anyway."""
    if "store" in body.names() and body.get("store") is not False:
        yield from _drop(body, "store")


def leave_out_service_tier(body: Body) -> Iterator[str]:
    """Take out `service_tier`, which Copilot refuses whatever it says (2026-08)."""
    if "service_tier" in body.names():
        yield from _drop(body, "service_tier")


def _drop(body: Body, name: str) -> Iterator[str]:
    said = body.get(name) is not None
    body.drop(name)
    if said:
        yield name


def raise_limit(body: Body) -> Iterator[str]:
    """Raise a limit that is below Copilot's least (2026-08): Codex asks for one token to wake a model up."""
    limit = body.get("max_output_tokens")
    if isinstance(limit, int) and not isinstance(limit, bool) and limit < FLOOR:
        body.set("max_output_tokens", FLOOR)
        yield "max_output_tokens"


def edit_items(body: Body, ask: Ask, able: Abilities) -> Iterator[str]:
    """Take every item's `id` out, because Copilot refuses ids that are not of this connection (2026-09).

    A thought whose seal came from elsewhere is taken out with its item: Copilot refuses what it cannot open. So it does
    with fields that only OpenAI's backend knows, and with a conversation that was compacted here.
    """
    if ask.shows == frozenset():
        return
    items = _items(body)
    edited = [_edited(item, able, index) for index, item in enumerate(items)]
    if edited != items:
        body.set("input", [Raw(item) for item in edited if item is not None])
    if None in edited:
        yield "encrypted_content"


_SEALED = "encrypted_content"
_MARKS = frozenset({"id", _SEALED, *internal_fields.NAMES})
"""The fields of an item that may have to be changed."""


def _edited(raw: bytes, able: Abilities, index: int) -> bytes | None:
    """One item without its id and with its own seal; None where the seal is another's."""
    fields = split(raw)
    if fields is not None and _MARKS.isdisjoint(fields):
        return raw
    item = Body(raw, fields)
    item.drop("id")
    internal_fields.leave_out_internal_fields(item)
    if fields is not None and not may_be_ours(item.raw_value(_SEALED)):
        return item.encode()
    sealed = item.get(_SEALED)
    if isinstance(sealed, str) and seals.is_wrapped(sealed):
        if item.get("type") in COMPACTED:
            return compaction.restore_summary(item, sealed, f"input[{index}].encrypted_content")
        seal = seals.unwrap(sealed)
        if not seals.opens_for(seal, "responses", able.vendor) or not seal.value.isascii():
            return None
        item.set(_SEALED, seal.value)
    return item.encode()


_ITEMS = msgspec.json.Decoder(list[Raw])


def _items(body: Body) -> list[bytes]:
    """The items of the input as the bytes they are; none where it is a text."""
    try:
        given = body.raw_value("input")
        return [bytes(item) for item in _ITEMS.decode(given)] if given.startswith(b"[") else []
    except msgspec.DecodeError:
        # The fast decoder refuses lone surrogate escapes, which are passed on.
        return _items_leniently(body)


_BETWEEN = re.compile(r"[ \t\n\r,]*")
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


def _items_leniently(body: Body) -> list[bytes]:
    """The same, an order of magnitude slower."""
    if not isinstance(body.get("input"), list):
        return []
    alone = Body(body.raw)
    for name in alone.names() - {"input"}:
        alone.drop(name)
    text = alone.encode().decode()
    at, items = text.index("[") + 1, list[bytes]()
    while text[start := _past(text, at)] != "]":
        _, at = _DECODER.raw_decode(text, start)
        items.append(text[start:at].encode())
    return items


def _past(text: str, at: int) -> int:
    between = _BETWEEN.match(text, at)
    return between.end() if between else at


# --- ids ---------------------------------------------------------------------------------------------------------

_OF = {
    "output_text": "message",
    "refusal": "message",
    "content_part": "message",
    "reasoning_summary_part": "reasoning",
    "reasoning_summary_text": "reasoning",
    "reasoning_text": "reasoning",
    "function_call_arguments": "function_call",
    "custom_tool_call_input": "custom_tool_call",
    "mcp_call_arguments": "mcp_call",
    "code_interpreter_call_code": "code_interpreter_call",
}
"""The type of the item that an event is of, by the event's own type, where they differ."""


class StableIds:
    """Gives the response and its items ids that stay, wherever Copilot's changing ones stand (2026-08)."""

    def __init__(self, stamp: Stamp) -> None:
        self._response = response_id(stamp)
        self._quoted = _quoted(self._response)
        self._known: dict[tuple[int, bytes], Raw] = {}

    def rewrite(self, fields: Fields) -> bool:
        """Put them into one event; whether there was anything to change."""
        changed = fields.pop("obfuscation", None) is not None
        if "item_id" in fields:
            fields["item_id"] = self._of_event(fields)
            changed = True
        if (item := _object(fields, "item")) is not None:
            fields["item"] = _raw(self._identified(item, _index(fields)))
            changed = True
        if (response := _object(fields, "response")) is not None:
            self.rewrite_response(response)
            complete_object(response)
            fields["response"] = _raw(response)
            changed = True
        return changed

    def rewrite_response(self, response: Fields) -> None:
        """Put them into a response object."""
        response["id"] = self._quoted
        if bytes(response.get("output", NULL)) not in {b"null", b"[]"}:
            items = _OUTPUT.decode(response["output"])
            response["output"] = _raw([self._identified(item, index) for index, item in enumerate(items)])

    def _identified(self, item: Fields, index: int) -> Fields:
        kind = bytes(item.get("type", NULL)).strip(b'"').decode()
        item["id"] = _quoted(item_id(self._response, index, kind))
        return item

    def _of_event(self, fields: Fields) -> Raw:
        """The id of the item that an event is of, told by the event's type."""
        key = (_index(fields), bytes(fields.get("type", NULL)))
        if key not in self._known:
            if len(self._known) >= PARTS_LIMIT:
                raise too_many_parts()
            _, _, rest = key[1].strip(b'"').decode().partition(".")
            name = rest.partition(".")[0]
            self._known[key] = _quoted(item_id(self._response, key[0], _OF.get(name, name)))
        return self._known[key]


_FIELDS = msgspec.json.Decoder(Fields)
_OUTPUT = msgspec.json.Decoder(list[Fields])


def _fields(data: bytes) -> Fields:
    """The top-level values of an object as the bytes they are.

    Raises:
        msgspec.MsgspecError: it is no JSON object.
    """
    try:
        return _FIELDS.decode(data)
    except msgspec.DecodeError:
        # The fast decoder refuses lone surrogate escapes, which are passed on.
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise
        return {name: Raw(json.dumps(value).encode()) for name, value in document.items()}


def _object(fields: Fields, name: str) -> Fields | None:
    if name not in fields:
        return None
    value = bytes(fields[name])
    return _fields(value) if value.startswith(b"{") else None


LONGEST_INDEX = 10
"""Digits; an answer has a hundred items at most."""


def _index(fields: Fields) -> int:
    digits = bytes(fields.get("output_index", b"0"))
    return int(digits) if len(digits) < LONGEST_INDEX and digits.isdigit() else 0


def _quoted(text: str) -> Raw:
    return Raw(msgspec.json.encode(text))


def _raw(value: object) -> Raw:
    return Raw(msgspec.json.encode(value))


# --- streams -----------------------------------------------------------------------------------------------------

ENDS = frozenset({b'"response.completed"', b'"response.incomplete"', b'"response.failed"', b'"response.cancelled"'})
"""The events after which nothing comes."""

FAILURES = frozenset({b'"response.failed"', b'"response.cancelled"'})
"""Those of them that tell of a failure."""

MARKED = ENDS | {b'"error"', b"null"}
"""The events that say how the answer ended. CAPI's own errors have no type."""


class StreamRelay:
    """Passes a stream on with stable ids and without padding, and knows whether it ended well."""

    def __init__(self, stamp: Stamp) -> None:
        self._ids = StableIds(stamp)
        self.usage: Usage | None = None
        self.failure: Failure | None = None
        self.done = False
        self._failed = False

    @property
    def over(self) -> bool:
        """Whether nothing goes down any more: after an error the response may still be told to have failed."""
        return self.done or self._failed

    def event(self, raw: bytes) -> bytes:
        """What goes down for one raw event; what is no JSON object goes down as it came.

        Raises:
            Failure: it is an error that no client would understand, or an end that nobody would.
        """
        message = read_sse(raw)
        if message is None:
            return raw if self.failure is None else b""
        try:
            # An event's data may come in several lines, and goes down in one.
            data = msgspec.json.format(message.data, indent=-1) if b"\n" in message.data else message.data
            fields = _fields(data)
            if not self._passes(bytes(fields.get("type", NULL)), data):
                return b""
            return self._written(fields, message.event, raw)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return raw if self.failure is None else b""

    def end(self, tail: bytes) -> bytes:
        """What goes down when upstream has ended and left this unfinished event.

        Raises:
            Failure: the answer is not complete.
        """
        if self._ended():
            return b""
        # An event that was cut off is no event; one that only lacks its blank line is whole.
        last = self.event(tail.rstrip(b"\r\n") + b"\n\n") if tail.rstrip().endswith(b"}") else b""
        if self._ended():
            return last
        raise Failure(Kind.UPSTREAM, "Copilot ended the stream before the answer was complete", code="stream_broken")

    def _written(self, fields: Fields, name: str, raw: bytes) -> bytes:
        """The bytes of an event, its own where nothing of it is changed."""
        return write_sse(msgspec.json.encode(fields), name) if self._ids.rewrite(fields) else raw

    def _ended(self) -> bool:
        return self.done or self.failure is not None

    def _passes(self, kind: bytes, data: bytes) -> bool:
        """Whether an event goes down; what the last one says is kept: usage, or what went wrong."""
        if kind not in MARKED or (kind == b"null" and b'"error"' not in data):
            return self.failure is None
        if self.failure is not None:
            self._failed = self._failed or kind in FAILURES
            return kind in FAILURES
        event = read_event(data) or StreamEvent()
        self._end(kind, event, read_failure(event))
        return True

    def _end(self, kind: bytes, event: StreamEvent, failure: Failure | None) -> None:
        if kind in ENDS:
            self.usage = read_usage(event.response, event.copilot_usage)
        if failure is not None and kind == b"null":
            raise failure.but()
        self.failure, self._failed = failure, kind in FAILURES
        self.done = kind in ENDS and failure is None


class CompactionRelay(StreamRelay):
    """Passes the answer to a `compaction_trigger` on, with one item of several."""

    def __init__(self, stamp: Stamp) -> None:
        super().__init__(stamp)
        self._one = compaction.OneCompaction()

    def _written(self, fields: Fields, name: str, raw: bytes) -> bytes:
        if (response := _object(fields, "response")) is not None:
            _keep_last(response)
            fields["response"] = _raw(response)
        return b"".join(self._named(one) for one in self._one.pass_on(fields, _object(fields, "item")))

    def _named(self, fields: Fields) -> bytes:
        self._ids.rewrite(fields)
        return write_sse(msgspec.json.encode(fields), bytes(fields.get("type", NULL)).strip(b'"').decode())


def _keep_last(response: Fields) -> None:
    """Leave one compacted conversation in a response object."""
    if bytes(response.get("output", NULL)) not in {b"null", b"[]"}:
        response["output"] = _raw(compaction.last_of(_OUTPUT.decode(response["output"])))


def relay(ask: Ask, stamp: Stamp) -> StreamRelay:
    """What passes a stream on."""
    return CompactionRelay(stamp) if ask.compacts else StreamRelay(stamp)


# --- whole answers -----------------------------------------------------------------------------------------------


def complete(data: bytes, model: str, stamp: Stamp) -> tuple[bytes, Usage | None]:
    """A whole answer with stable ids and every field of OpenAI's, and what it used.

    Raises:
        msgspec.MsgspecError: it is not JSON, or not of an answer's shape.
    """
    answer = _fields(data)
    whole = read_response(data)
    if whole.output is None:
        raise msgspec.ValidationError("it has no output")
    _keep_last(answer)
    StableIds(stamp).rewrite_response(answer)
    answer.setdefault("created_at", _raw(stamp.created))
    answer.setdefault("model", _raw(model))
    complete_object(answer)
    # The Node SDK puts the text there itself, but only where nothing is.
    if bytes(answer.get("output_text", b"")) == b"null":
        del answer["output_text"]
    return msgspec.json.encode(answer), read_usage(whole, whole.copilot_usage)
