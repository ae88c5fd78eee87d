"""Copilot's Messages stream as events; it hides the indices, and what is no part of an answer."""

from collections.abc import Iterable, Iterator

from passenger.chat import Abilities, Prompt
from passenger.dialects.citations import Citations
from passenger.dialects.messages.open_blocks import Call, Open, open_block
from passenger.dialects.messages.pending_blocks import PendingBlocks
from passenger.dialects.messages.usage import Meter
from passenger.dialects.messages.wire import (
    TEXTS,
    Block,
    Head,
    Piece,
    WireEvent,
    bad_event,
    decode_event,
    failure_of,
    refuse_untyped,
    stream_broken,
)
from passenger.dialects.surrogate_pairs import SurrogatePairs
from passenger.errors import Failure, Kind
from passenger.events import Delta, Event, Finish, PartStart, PartStop, Reason, Start
from passenger.framing import Message
from passenger.toolnames import Names

NAME_LIMIT = 128
"""Characters of a tool's name that Anthropic takes."""

REASONS = {
    "end_turn": Reason.END,
    "stop_sequence": Reason.STOP,
    "max_tokens": Reason.LENGTH,
    "model_context_window_exceeded": Reason.LENGTH,
    "tool_use": Reason.TOOL,
    "refusal": Reason.REFUSAL,
    "pause_turn": Reason.END,
}


class Reader:
    """Reads one streamed answer."""

    def __init__(self, prompt: Prompt, able: Abilities) -> None:
        self._names = Names(prompt.tools, NAME_LIMIT)
        self._origin = f"messages/{able.vendor}"
        self._meter = Meter()
        self._pairs = SurrogatePairs(TEXTS)
        self._begun = False
        self._done = False
        self._block: Open | None = None
        self._index = 0
        self._pending = PendingBlocks()
        self._called = False
        self._citations = Citations()
        self._reason: Reason | None = None
        self._sequence: str | None = None

    def read(self, message: Message) -> Iterable[Event]:
        """The events that this message completes.

        Raises:
            Failure: it is an error, or not to be understood.
        """
        if self._done or message.data == b"[DONE]":
            return ()
        event = decode_event(message.data, self._pairs)
        if (more := self._only_more(event)) is not None:
            return self._block.more(more) if self._block is not None else ()
        if event.error is not None or event.type == "error":
            raise failure_of(event.error)
        return list(self._pairs.told(self._read(event)))

    def end(self) -> Iterable[Event]:
        """Nothing more.

        Raises:
            Failure: there was no `message_stop`.
        """
        if not self._done:
            raise stream_broken()
        return ()

    def _only_more(self, event: WireEvent) -> Piece | None:
        """The delta of an event that has nothing but more of the open block, as nearly all are."""
        if event.type != "content_block_delta" or event.index != self._index or self._block is None:
            return None
        if self._pairs.torn or event.says_more or event.delta is None or event.delta.citation:
            return None
        return event.delta

    def _read(self, event: WireEvent) -> Iterator[Event]:
        if event.usage is not None or event.copilot_usage is not None:
            self._meter.note(event.usage, event.copilot_usage)
        match event.type:
            case "content_block_delta" | "content_block_stop" | "content_block_start":
                if not self._begun:
                    yield self._start(None)
                yield from self._of_block(event)
                if event.copilot_annotations or (event.delta is not None and event.delta.citation):
                    yield from self._cited(event)
            case "message_start" if not self._begun:
                yield self._start(event.message)
            case "message_delta" if event.delta is not None:
                if not self._begun:
                    yield self._start(None)
                yield from self._stopped(event.delta)
            case "message_stop":
                yield from self._finish()
            case "":
                refuse_untyped(event)
            case _:
                pass

    def _start(self, head: Head | None) -> Start:
        self._begun = True
        if head is not None:
            if head.says:
                raise bad_event("a message begins with its content")
            self._meter.note(head.usage)
        return Start((head and head.model) or "", self._meter.usage)

    def _of_block(self, event: WireEvent) -> Iterator[Event]:
        """One block at a time; events of another one wait until it has closed."""
        if self._block is not None and event.index != self._index:
            self._pending.put(event)
            return
        match event.type:
            case "content_block_start":
                yield from self._open(event)
            case "content_block_delta" if self._block is not None and event.delta is not None:
                yield from self._block.more(event.delta)
            case "content_block_stop":
                yield from self._close()
            case _:
                raise Failure(Kind.UPSTREAM, "Copilot's stream has a piece of no block", code="bad_event")

    def _cited(self, event: WireEvent) -> Iterator[Event]:
        """Where the words come from, in Copilot's own field or Anthropic's."""
        yield from self._citations.code(event.copilot_annotations)
        yield from self._citations.page(event.delta.citation if event.delta else None)

    def _open(self, event: WireEvent) -> Iterator[Event]:
        if self._block is not None:
            yield from self._block.close()
        self._index = event.index
        self._block = open_block(event.content_block or Block(), self._origin, self._names)
        self._called = self._called or isinstance(self._block, Call)
        yield from self._block.begin()

    def _close(self) -> Iterator[Event]:
        block, self._block = self._block, None
        if block is not None:
            yield from block.close()
        while not self._is_busy() and (waiting := self._pending.take()):
            for event in waiting:
                yield from self._of_waiting(event)

    def _is_busy(self) -> bool:
        return self._block is not None

    def _of_waiting(self, event: WireEvent) -> Iterator[Event]:
        """An event that has waited; the end of its block brings no others along."""
        if event.type != "content_block_stop":
            yield from self._of_block(event)
        elif self._block is not None:
            block, self._block = self._block, None
            yield from block.close()

    def _stopped(self, delta: Piece) -> Iterator[Event]:
        """The reason why the answer has stopped, a refusal with the model's own words for it."""
        if delta.stop_reason is not None:
            self._reason = REASONS.get(delta.stop_reason, Reason.END)
            self._sequence = delta.stop_sequence
        if delta.stop_details is not None and delta.stop_details.explanation and self._reason is Reason.REFUSAL:
            yield from self._rest()
            yield PartStart("refusal")
            yield Delta(delta.stop_details.explanation)
            yield PartStop()

    def _rest(self) -> Iterator[Event]:
        """Close what upstream has left open."""
        while self._block is not None:
            yield from self._close()

    def _finish(self) -> Iterator[Event]:
        if not self._begun:
            yield self._start(None)
        yield from self._rest()
        self._done = True
        reason = self._reason or (Reason.TOOL if self._called else Reason.END)
        yield Finish(reason, self._meter.usage, self._sequence)
