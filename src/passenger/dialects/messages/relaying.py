"""Passes a Messages stream on as it came; it hides which few of its events are looked into."""

from typing import Any

import msgspec
from msgspec import Struct

from passenger.chat import Usage
from passenger.decoding import loads, type_of
from passenger.dialects.messages.usage import Bill, Meter, WireUsage
from passenger.dialects.messages.wire import bad_event, failure_of, stream_broken
from passenger.errors import Failure
from passenger.framing import Message, read_sse

# By far the most events are these, and nothing in them matters here.
_BLOCKS = (b"event: content_block_delta\n", b"event: content_block_st", b"event: ping\n")
_DONE = b"[DONE]"
_LAST = frozenset({"message_stop", "error"})


class _Head(Struct, gc=False):
    usage: WireUsage | None = None


class _Event(Struct, gc=False):
    type: str = ""
    message: _Head | None = None
    usage: WireUsage | None = None
    copilot_usage: Bill | None = None
    error: Any = None


_EVENT = msgspec.json.Decoder(_Event)


class StreamRelay:
    """One relayed stream: every event keeps its own bytes, and `message_stop` says that the answer is complete."""

    def __init__(self) -> None:
        self._meter = Meter()
        self.done = False
        self.failure: Failure | None = None

    @property
    def over(self) -> bool:
        """Whether nothing goes down any more."""
        return self.done or self.failure is not None

    @property
    def usage(self) -> Usage | None:
        """What the stream said it used, so far."""
        return self._meter.usage

    def event(self, raw: bytes) -> bytes:
        """What goes down for one raw event: all but `[DONE]`, which is none of Anthropic's.

        Raises:
            Failure: it is an error that no client would understand, or an end that nobody would.
        """
        if self.failure is not None:
            return b""
        if raw.startswith(_BLOCKS):
            return raw
        message = read_sse(raw)
        if message is None:
            return raw
        if message.data == _DONE:
            return b""
        self._note(message)
        return raw

    def end(self, tail: bytes) -> bytes:
        """What goes down when upstream has ended and left this unfinished event.

        Raises:
            Failure: the answer is not complete.
        """
        if self.over:
            return b""
        if b"message_stop" in tail and tail.rstrip().endswith(b"}"):
            return self._last(tail.rstrip() + b"\n\n")
        raise stream_broken()

    def _last(self, raw: bytes) -> bytes:
        """Pass the last event on, which lacked nothing but its blank line."""
        passed = self.event(raw)
        return passed + self.end(b"")

    def _note(self, message: Message) -> None:
        """Look into an event; one that is not to be understood is the client's business, unless it is the end."""
        event = _read(message.data)
        if event is None:
            if message.event in _LAST or type_of(message.data) in _LAST:
                raise bad_event(message.event or type_of(message.data))
            return
        self._meter.note(event.usage, event.copilot_usage)
        if event.message is not None:
            self._meter.note(event.message.usage)
        if event.error is not None or event.type == "error":
            self._fail(event)
        self.done = event.type == "message_stop" and self.failure is None

    def _fail(self, event: _Event) -> None:
        """Let an error of Anthropic's shape go down as it came."""
        failure = failure_of(event.error)
        match event.error:
            case {"type": str(), "message": str()} if event.type == "error":
                self.failure = failure
            case _:
                raise failure.but()


def _read(data: bytes) -> _Event | None:
    try:
        return _EVENT.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _read_leniently(data)


def _read_leniently(data: bytes) -> _Event | None:
    """The same for lone surrogate escapes, which the fast decoder refuses."""
    try:
        return msgspec.convert(loads(data), _Event)
    except (ValueError, RecursionError):
        return None
