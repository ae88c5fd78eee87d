"""The events of a response in the background: numbered anew from the queue on, and what they say of the response.

https://platform.openai.com/docs/guides/background
"""

from typing import Final

import msgspec
from msgspec import Raw, Struct, field

from passenger.chat.events import AnswerIdentity
from passenger.chat.prompt import Prompt
from passenger.dialects.framing import SseSplitter, read_sse
from passenger.dialects.openai.responses.errors import response_error
from passenger.dialects.openai.responses.response_object import NULL, response_object
from passenger.errors import Failure, Kind
from passenger.jsontext import surrogates
from passenger.jsontext.raw_object import Fields, split_object

_TOLD: Final = ("in_progress", "completed", "incomplete", "failed", "cancelled")
_STATUS: Final = {f"response.{status}": status for status in _TOLD}
"""What a response becomes by an event."""
_OURS: Final = ("id", "created_at", "background")
"""Fields that stay as they were when the response was queued."""
_LEFT_OUT: Final = frozenset({"response.created", "response.queued"})
"""Events that are written when the response is queued."""


class EventBatch(Struct):
    """Some events, and what the response has become by them; `status` is None where it stays as it is."""

    events: list[bytes] = field(default_factory=list)
    status: str | None = None
    response: bytes = b""
    """The response object."""


class _Error(Struct):
    code: str | None = None
    message: str | None = None


class _Event(Struct):
    type: str = ""
    message: str | None = None
    code: str | None = None
    error: _Error | None = None


_EVENT = msgspec.json.Decoder(_Event)


class BackgroundEvents:
    """Turns the stream of an answer into numbered events; `queued` is the response object while it waits."""

    def __init__(self, queued: Fields) -> None:
        self._object = queued
        self._next = 0
        self._splitter = SseSplitter()
        self.failure: Failure | None = None
        """What an `error` event said; the response then fails."""

    def queued(self) -> EventBatch:
        """The first events."""
        names = ("response.created", "response.queued")
        events = [self._numbered({"type": _raw(name), "response": _raw(self._object)}) for name in names]
        return EventBatch(events, "queued", msgspec.json.encode(self._object))

    def feed(self, piece: bytes) -> EventBatch:
        """The events that a piece completes."""
        batch = EventBatch()
        for raw in self._splitter.feed(piece):
            message = read_sse(raw)
            if message is not None and message.data.lstrip().startswith(b"{"):
                self._add(split_object(message.data), message.data, batch)
        return batch

    def ended(self, failure: Failure | None) -> EventBatch:
        """The last event of a response that has no end of its own: it failed, or was cancelled (None)."""
        status = "cancelled" if failure is None else "failed"
        error = None if failure is None else response_error(failure)
        self._object |= {"status": _raw(status), "error": _raw(error)}
        event = self._numbered({"type": _raw(f"response.{status}"), "response": _raw(self._object)})
        return EventBatch([event], status, msgspec.json.encode(self._object))

    def _add(self, fields: Fields, data: bytes, batch: EventBatch) -> None:
        event = surrogates.decode(_EVENT, data)
        if event.type in _LEFT_OUT:
            return
        if event.type in {"error", ""}:
            told = event.error or _Error(event.code, event.message)
            self.failure = Failure(Kind.UPSTREAM, told.message or "Copilot's answer broke off", code=told.code)
            return
        if "response" in fields:
            whole = split_object(bytes(fields["response"]))
            whole |= {name: self._object[name] for name in _OURS}
            fields["response"] = _raw(whole)
            self._note(event.type, whole, batch)
        batch.events.append(self._numbered(fields))

    def _note(self, kind: str, whole: Fields, batch: EventBatch) -> None:
        """Note what the response has become."""
        if (status := _STATUS.get(kind)) is None:
            return
        self._object = whole
        batch.status, batch.response = status, msgspec.json.encode(whole)

    def _numbered(self, fields: Fields) -> bytes:
        fields["sequence_number"] = Raw(b"%d" % self._next)
        self._next += 1
        return msgspec.json.encode(fields)


_REPEATED: Final = frozenset(
    {
        "max_output_tokens",
        "max_tool_calls",
        "parallel_tool_calls",
        "prompt_cache_key",
        "reasoning",
        "safety_identifier",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_p",
        "truncation",
        "user",
    }
)
"""Fields of a request that its response repeats."""


def queued_object(request: Fields, model: str, identity: AnswerIdentity) -> Fields:
    """The response object of a request that waits."""
    shown: Fields = {name: _raw(value) for name, value in response_object(Prompt(model, ()), identity).items()}
    shown |= {"status": _raw("queued"), "output": Raw(b"[]")}
    shown |= dict.fromkeys(("usage", "error", "incomplete_details", "completed_at"), NULL)
    shown |= {name: value for name, value in request.items() if name in _REPEATED and bytes(value) != b"null"}
    return {**shown, **identity.echo, "background": Raw(b"true")}


def event_type(event: bytes) -> str:
    """The type of an event."""
    return surrogates.decode(_EVENT, event).type


def _raw(value: object) -> Raw:
    return Raw(msgspec.json.encode(value))
