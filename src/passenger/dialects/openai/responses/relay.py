"""Passing Copilot's `/responses` stream on: stable ids, no padding, and whether it ended well.

Copilot gives every id another value in each event (2026-08). Clients get ids that are functions of the answer's id and
the item's place, and what they send back of them is left out of the next request.
"""

import msgspec
from msgspec import Raw

from passenger.chat.events import PARTS_LIMIT, AnswerIdentity, Usage, too_many_parts
from passenger.dialects.copilot_errors import incomplete
from passenger.dialects.framing import read_sse, write_sse
from passenger.dialects.openai.responses import compaction
from passenger.dialects.openai.responses.errors import read_failure
from passenger.dialects.openai.responses.response_object import NULL, complete_object, item_id, response_id
from passenger.dialects.openai.responses.stream_events import StreamEvent, read_event, read_usage
from passenger.errors import Failure
from passenger.jsontext.raw_object import Fields, split_object

# --- ids ---------------------------------------------------------------------------------------------------------

_MAX_INDEX_DIGITS = 9
_ITEM_TYPES = {
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
"""The type of an event's item by the second part of the event's type, where they differ."""


class StableIds:
    """Replaces the ids of the response and its items by ones that stay the same."""

    def __init__(self, identity: AnswerIdentity) -> None:
        self._response = response_id(identity)
        self._echo = identity.echo
        self._quoted = to_raw(self._response)
        self._event_ids: dict[tuple[int, bytes], Raw] = {}

    def rewrite(self, fields: Fields) -> bool:
        """Replace the ids of one event and leave its padding out. Returns whether anything was changed."""
        changed = fields.pop("obfuscation", None) is not None
        if "item_id" in fields:
            fields["item_id"] = self._event_item_id(fields)
            changed = True
        if (item := _object(fields, "item")) is not None:
            fields["item"] = to_raw(self._rewrite_item(item, _index(fields)))
            changed = True
        if (response := _object(fields, "response")) is not None:
            self.rewrite_response(response)
            complete_object(response, self._echo)
            fields["response"] = to_raw(response)
            changed = True
        return changed

    def rewrite_response(self, response: Fields) -> None:
        """Replace the ids of a response object."""
        response["id"] = self._quoted
        if bytes(response.get("output", NULL)) not in {b"null", b"[]"}:
            items = _OUTPUT.decode(response["output"])
            response["output"] = to_raw([self._rewrite_item(item, index) for index, item in enumerate(items)])

    def _rewrite_item(self, item: Fields, index: int) -> Fields:
        kind = bytes(item.get("type", NULL)).strip(b'"').decode()
        item["id"] = to_raw(item_id(self._response, index, kind))
        return item

    def _event_item_id(self, fields: Fields) -> Raw:
        key = (_index(fields), bytes(fields.get("type", NULL)))
        if key not in self._event_ids:
            if len(self._event_ids) >= PARTS_LIMIT:
                raise too_many_parts()
            _, _, rest = key[1].strip(b'"').decode().partition(".")
            name = rest.partition(".")[0]
            self._event_ids[key] = to_raw(item_id(self._response, key[0], _ITEM_TYPES.get(name, name)))
        return self._event_ids[key]


_OUTPUT = msgspec.json.Decoder(list[Fields])


def _object(fields: Fields, name: str) -> Fields | None:
    if name not in fields:
        return None
    value = bytes(fields[name])
    return split_object(value) if value.startswith(b"{") else None


def _index(fields: Fields) -> int:
    digits = bytes(fields.get("output_index", b"0"))
    return int(digits) if len(digits) <= _MAX_INDEX_DIGITS and digits.isdigit() else 0


def to_raw(value: object) -> Raw:
    """A value as raw JSON."""
    return Raw(msgspec.json.encode(value))


# --- streams -----------------------------------------------------------------------------------------------------

ENDS = frozenset({b'"response.completed"', b'"response.incomplete"', b'"response.failed"', b'"response.cancelled"'})
"""The types of the events that end a stream."""


FAILURES = frozenset({b'"response.failed"', b'"response.cancelled"'})
"""Those of them that report a failure."""


OUTCOMES = ENDS | {b'"error"', b"null"}
"""The types of the events that say how the answer ended. CAPI's own errors have no type."""


class StreamRelay:
    """Passes a stream on with stable ids and without padding, and knows whether it ended well."""

    def __init__(self, identity: AnswerIdentity) -> None:
        self._ids = StableIds(identity)
        self.usage: Usage | None = None
        self.failure: Failure | None = None
        self.done = False
        self._failed = False

    @property
    def over(self) -> bool:
        """Whether nothing goes down any more. After an `error` event a `response.failed` still does."""
        return self.done or self._failed

    def event(self, raw: bytes) -> bytes:
        """The bytes that go down for one raw event. What is no JSON object goes down as it came.

        Raises:
            Failure: it is an error without a type, which no client understands, or an end that cannot be read.
        """
        message = read_sse(raw)
        if message is None:
            return raw if self.failure is None else b""
        try:
            # An event's data may come in several lines. It goes down in one.
            data = msgspec.json.format(message.data, indent=-1) if b"\n" in message.data else message.data
            fields = split_object(data)
            if not self._passes(bytes(fields.get("type", NULL)), data):
                return b""
            return self._write(fields, message.event, raw)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return raw if self.failure is None else b""

    def end(self, tail: bytes) -> bytes:
        """See `Relay.end`."""
        if self._has_ended():
            return b""
        # Only an event whose JSON is whole counts.
        last = self.event(tail.rstrip(b"\r\n") + b"\n\n") if tail.rstrip().endswith(b"}") else b""
        if self._has_ended():
            return last
        raise incomplete()

    def _write(self, fields: Fields, name: str, raw: bytes) -> bytes:
        """The bytes of an event, unchanged where its fields are."""
        return write_sse(msgspec.json.encode(fields), name) if self._ids.rewrite(fields) else raw

    def _has_ended(self) -> bool:
        return self.done or self.failure is not None

    def _passes(self, kind: bytes, data: bytes) -> bool:
        """Whether an event goes down. The usage and the failure of the last one are recorded."""
        if kind not in OUTCOMES or (kind == b"null" and b'"error"' not in data):
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
    """Passes the answer to a `compaction_trigger` on, with only the last of several compaction items."""

    def __init__(self, identity: AnswerIdentity) -> None:
        super().__init__(identity)
        self._last = compaction.LastCompaction()

    def _write(self, fields: Fields, name: str, raw: bytes) -> bytes:
        if (response := _object(fields, "response")) is not None:
            keep_last_compaction(response)
            fields["response"] = to_raw(response)
        return b"".join(self._rewrite(one) for one in self._last.filter(fields, _object(fields, "item")))

    def _rewrite(self, fields: Fields) -> bytes:
        self._ids.rewrite(fields)
        return write_sse(msgspec.json.encode(fields), bytes(fields.get("type", NULL)).strip(b'"').decode())


def keep_last_compaction(response: Fields) -> None:
    """Leave only the last compaction item in a response object that has no others."""
    if bytes(response.get("output", NULL)) not in {b"null", b"[]"}:
        response["output"] = to_raw(compaction.last_of(_OUTPUT.decode(response["output"])))
