"""Relays Messages to Copilot, which speaks them, too: only what `quirks` names is changed."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from passenger.chat.capabilities import Capabilities
from passenger.chat.events import AnswerIdentity, Usage
from passenger.chat.prompt import Ask
from passenger.dialects import Relay
from passenger.dialects.anthropic.betas import ACCEPTED, leave_out_betas, move_output_format
from passenger.dialects.anthropic.cache_points import mark_messages
from passenger.dialects.anthropic.errors import read_failure
from passenger.dialects.anthropic.peek import BREAKPOINT
from passenger.dialects.anthropic.quirks import (
    fill_in_limit,
    fix_parts,
    fix_thinking,
    leave_out_fields,
    may_need_thinking_fix,
)
from passenger.dialects.anthropic.usage import UsageMeter, WireUsage, usage_of
from passenger.dialects.copilot_errors import incomplete, unreadable_event
from passenger.dialects.copilot_usage import CopilotUsage
from passenger.dialects.framing import StreamMessage, read_sse
from passenger.errors import Failure
from passenger.jsontext import surrogates
from passenger.jsontext.raw_object import RawObject
from passenger.jsontext.reading import type_of

# --- a request -------------------------------------------------------------------------------------------------------


def prepare(body: RawObject, ask: Ask, capabilities: Capabilities) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """See `Outbound.prepare`. Fails where only Anthropic's servers run the tool that is forced, or every tool."""
    betas = [beta for beta in ask.betas if beta in ACCEPTED]
    fill_in_limit(body, capabilities)
    dropped = [*leave_out_fields(body)]
    if "output_format" in body:
        move_output_format(body)
    lost = leave_out_betas(body, [beta for beta in ask.betas if beta not in ACCEPTED])
    left_out, needed = fix_parts(body, ask, capabilities)
    dropped += left_out
    betas += [beta for beta in needed if beta not in betas]
    if may_need_thinking_fix(body, capabilities):
        unlike, more = fix_thinking(body, capabilities)
        dropped += unlike
        betas += [beta for beta in more if beta not in betas]
    if ask.signs is not None and BREAKPOINT not in ask.signs:  # Anthropic takes four, and the client has set its own
        mark_messages(body, ask, capabilities)
    headers = {"anthropic-beta": ",".join(betas)} if betas else {}
    return headers, tuple(dict.fromkeys((*dropped, *lost)))


# --- a stream ---------------------------------------------------------------------------------------------------------

# Most events are these; nothing in them is needed here.
_BLOCKS = (b"event: content_block_delta\n", b"event: content_block_st", b"event: ping\n")
_DONE = b"[DONE]"
_LAST = frozenset({"message_stop", "error"})


class _Head(Struct, gc=False):
    usage: WireUsage | None = None


class _Event(Struct, gc=False):
    type: str = ""
    message: _Head | None = None
    usage: WireUsage | None = None
    copilot_usage: CopilotUsage | None = None
    error: Any = None


_EVENT = msgspec.json.Decoder(_Event)


class StreamRelay(Relay):
    """Passes one stream on; every event keeps its bytes, and `message_stop` completes the answer."""

    def __init__(self) -> None:
        self._meter = UsageMeter()
        self.done = False
        self.failure: Failure | None = None

    @property
    def usage(self) -> Usage | None:
        """See `Relay.usage`."""
        return self._meter.usage

    def event(self, raw: bytes) -> bytes:
        """See `Relay.event`. Everything is passed on except `[DONE]`, which Anthropic's API does not send.

        Raises:
            Failure: it is an error that is not of Anthropic's shape, or an end that cannot be read.
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
        self._watch(message)
        return raw

    def end(self, tail: bytes) -> bytes:
        """See `Relay.end`."""
        if self.over:
            return b""
        if b"message_stop" in tail and tail.rstrip().endswith(b"}"):
            return self.event(tail.rstrip() + b"\n\n") + self.end(b"")  # it lacked only its blank line
        raise incomplete()

    def _watch(self, message: StreamMessage) -> None:
        """Take usage, the end and errors from an event. One that cannot be read is passed on, unless it is the end."""
        event = surrogates.decode_or_none(_EVENT, message.data)
        if event is None:
            if message.event in _LAST or type_of(message.data) in _LAST:
                raise unreadable_event(message.event or type_of(message.data))
            return
        self._meter.add(event.usage, event.copilot_usage)
        if event.message is not None:
            self._meter.add(event.message.usage)
        if event.error is not None or event.type == "error":
            self._fail(event)
        self.done = event.type == "message_stop" and self.failure is None

    def _fail(self, event: _Event) -> None:
        """Pass an error of Anthropic's shape on as it came; raise any other."""
        failure = read_failure(event.error)
        match event.error:
            case {"type": str(), "message": str()} if event.type == "error":
                self.failure = failure
            case _:
                raise failure.but()


# --- a whole answer --------------------------------------------------------------------------------------------------


def complete(data: bytes, model: str, identity: AnswerIdentity) -> tuple[bytes, Usage | None]:
    """See `Outbound.complete`; these answers lack nothing."""
    del model, identity  # Copilot's answers say their own
    return data, usage_of(data)
