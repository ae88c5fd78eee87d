"""Passes a Messages stream on as it came; it hides which few of its events are looked into."""

import msgspec
from msgspec import Struct

from passenger.chat import Usage
from passenger.dialects.messages.usage import Bill, Meter, WireUsage
from passenger.dialects.messages.wire import WireError, failure_of, stream_broken
from passenger.errors import Failure
from passenger.framing import read_sse

# By far the most events are these, and nothing in them matters here.
_BLOCKS = (b"event: content_block_delta\n", b"event: content_block_st", b"event: ping\n", b":")
_DONE = b"[DONE]"


class _Head(Struct, gc=False):
    usage: WireUsage | None = None


class _Event(Struct, gc=False):
    type: str = ""
    message: _Head | None = None
    usage: WireUsage | None = None
    copilot_usage: Bill | None = None
    error: WireError | None = None


_EVENT = msgspec.json.Decoder(_Event)


class StreamRelay:
    """One relayed stream: every event keeps its own bytes, and `message_stop` says that the answer is complete."""

    def __init__(self) -> None:
        self._meter = Meter()
        self.done = False
        self.failure: Failure | None = None

    @property
    def usage(self) -> Usage | None:
        """What the stream said it used, so far."""
        return self._meter.usage

    def event(self, raw: bytes) -> bytes:
        """What goes down for one raw event: all but `[DONE]`, which is none of Anthropic's."""
        if raw.startswith(_BLOCKS):
            return raw
        message = read_sse(raw)
        if message is None:
            return raw
        if message.data == _DONE:
            return b""
        self._note(message.data)
        return raw

    def end(self, tail: bytes) -> bytes:
        """What goes down when upstream has ended and left this unfinished event.

        Raises:
            Failure: the answer is not complete.
        """
        if b"message_stop" in tail and tail.rstrip().endswith(b"}") and not self.done:
            return self._last(tail.rstrip() + b"\n\n")
        if not self.done and self.failure is None:
            raise stream_broken()
        return b""

    def _last(self, raw: bytes) -> bytes:
        """Pass the last event on, which lacked nothing but its blank line."""
        passed = self.event(raw)
        return passed + self.end(b"")

    def _note(self, data: bytes) -> None:
        """Look into an event; one that is not to be understood is the client's business."""
        try:
            event = _EVENT.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        self._meter.note(event.usage, event.copilot_usage)
        if event.message is not None:
            self._meter.note(event.message.usage)
        if event.error is not None and self.failure is None:
            self.failure = failure_of(event.error)
        self.done = self.done or (event.type == "message_stop" and self.failure is None)
