"""Reads Copilot's Messages stream as events of the hub, one part at a time.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from collections import deque
from collections.abc import Iterable, Iterator

import msgspec

from passenger.chat.capabilities import Capabilities
from passenger.chat.events import PARTS_LIMIT, Delta, Event, Finish, PartStart, PartStop, Reason, Start, too_many_parts
from passenger.chat.fallbacks import unwrap_input
from passenger.chat.prompt import Prompt, Signature
from passenger.chat.tool_names import ToolNames
from passenger.dialects.anthropic.errors import read_failure
from passenger.dialects.anthropic.stream_events import (
    TEXTS,
    BlockDelta,
    BlockStart,
    Head,
    WireEvent,
    decode_event,
    refuse_untyped,
)
from passenger.dialects.anthropic.usage import UsageMeter
from passenger.dialects.citations import Citations
from passenger.dialects.copilot_errors import bad_event, incomplete
from passenger.dialects.framing import StreamMessage
from passenger.dialects.surrogate_pairs import SurrogatePairs

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

    def __init__(self, prompt: Prompt, capabilities: Capabilities) -> None:
        self._names = ToolNames(prompt.tools, NAME_LIMIT)
        self._origin = f"messages/{capabilities.vendor}"
        self._meter = UsageMeter()
        self._pairs = SurrogatePairs(TEXTS)
        self._begun = False
        self._done = False
        self._block: OpenBlock | None = None
        self._index = 0
        self._pending = PendingBlocks()
        self._called = False
        self._citations = Citations()
        self._reason: Reason | None = None
        self._sequence: str | None = None

    def read(self, message: StreamMessage) -> Iterable[Event]:
        """See `Reader.read`."""
        if self._done or message.data == b"[DONE]":
            return ()
        event = decode_event(message.data, self._pairs)
        if (more := self._continuation(event)) is not None:
            return self._block.more(more) if self._block is not None else ()
        if event.error is not None or event.type == "error":
            raise read_failure(event.error)
        return list(self._pairs.join(self._read(event)))

    def end(self) -> Iterable[Event]:
        """See `Reader.end`."""
        if not self._done:
            raise incomplete()
        return ()

    def _continuation(self, event: WireEvent) -> BlockDelta | None:
        """The delta of an event that only continues the open block, as nearly all do."""
        if event.type != "content_block_delta" or event.index != self._index or self._block is None:
            return None
        if self._pairs.torn or event.says_more or event.delta is None or event.delta.citation:
            return None
        return event.delta

    def _read(self, event: WireEvent) -> Iterator[Event]:
        if event.usage is not None or event.copilot_usage is not None:
            self._meter.add(event.usage, event.copilot_usage)
        match event.type:
            case "content_block_delta" | "content_block_stop" | "content_block_start":
                if not self._begun:
                    yield self._start(None)
                yield from self._read_block(event)
                if event.copilot_annotations or (event.delta is not None and event.delta.citation):
                    yield from self._read_citations(event)
            case "message_start" if not self._begun:
                yield self._start(event.message)
            case "message_delta" if event.delta is not None:
                if not self._begun:
                    yield self._start(None)
                yield from self._read_stop(event.delta)
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
                raise bad_event("a message that begins with its content")
            self._meter.add(head.usage)
        return Start((head and head.model) or "", self._meter.usage)

    def _read_block(self, event: WireEvent) -> Iterator[Event]:
        """Read an event of a block. Those of a second block wait until the open one has closed."""
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
                raise bad_event("a piece of no block")

    def _read_citations(self, event: WireEvent) -> Iterator[Event]:
        """Read citations, which stand in Copilot's own field or in Anthropic's."""
        yield from self._citations.code(event.copilot_annotations)
        yield from self._citations.page(event.delta.citation if event.delta else None)

    def _open(self, event: WireEvent) -> Iterator[Event]:
        if self._block is not None:
            yield from self._block.close()
        self._index = event.index
        self._block = _open_block(event.content_block or BlockStart(), self._origin, self._names)
        self._called = self._called or isinstance(self._block, _ToolUseBlock)
        yield from self._block.begin()

    def _close(self) -> Iterator[Event]:
        block, self._block = self._block, None
        if block is not None:
            yield from block.close()
        while not self._is_busy() and (waiting := self._pending.take()):
            for event in waiting:
                yield from self._read_waiting(event)

    def _is_busy(self) -> bool:
        return self._block is not None

    def _read_waiting(self, event: WireEvent) -> Iterator[Event]:
        """Read an event that has waited; the end of its block releases no others."""
        if event.type != "content_block_stop":
            yield from self._read_block(event)
        elif self._block is not None:
            block, self._block = self._block, None
            yield from block.close()

    def _read_stop(self, delta: BlockDelta) -> Iterator[Event]:
        """Read why the answer has stopped; a refusal's explanation becomes a part."""
        if delta.stop_reason is not None:
            self._reason = REASONS.get(delta.stop_reason, Reason.END)
            self._sequence = delta.stop_sequence
        if delta.stop_details is not None and delta.stop_details.explanation and self._reason is Reason.REFUSAL:
            yield from self._close_all()
            yield PartStart("refusal")
            yield Delta(delta.stop_details.explanation)
            yield PartStop()

    def _close_all(self) -> Iterator[Event]:
        """Close the blocks that upstream has left open."""
        while self._block is not None:
            yield from self._close()

    def _finish(self) -> Iterator[Event]:
        if not self._begun:
            yield self._start(None)
        yield from self._close_all()
        self._done = True
        reason = self._reason or (Reason.TOOL if self._called else Reason.END)
        yield Finish(reason, self._meter.usage, self._sequence)


# --- open blocks -----------------------------------------------------------------------------------------------------


class OpenBlock:
    """A block of a type that is not carried, such as a server tool's; it yields nothing."""

    def begin(self) -> Iterator[Event]:
        """The events of `content_block_start`."""
        yield from ()

    def more(self, delta: BlockDelta) -> Iterable[Event]:
        """The events of `content_block_delta`."""
        return ()

    def close(self) -> Iterator[Event]:
        """The events of `content_block_stop`."""
        yield from ()


class _TextBlock(OpenBlock):
    def __init__(self, block: BlockStart) -> None:
        self._first = block.text

    def begin(self) -> Iterator[Event]:
        yield PartStart("text")
        if self._first:
            yield Delta(self._first)

    def more(self, delta: BlockDelta) -> Iterable[Event]:
        return (Delta(delta.text),) if delta.text else ()

    def close(self) -> Iterator[Event]:
        yield PartStop()


class _ThinkingBlock(OpenBlock):
    """Reasoning; its signature comes last, or with the block's start where the text is withheld."""

    def __init__(self, block: BlockStart, origin: str) -> None:
        self._first = block.thinking
        self._redacted = block.type == "redacted_thinking"
        self._signature = (block.data if self._redacted else block.signature) or ""
        self._origin = origin

    def begin(self) -> Iterator[Event]:
        yield PartStart("reasoning")
        if self._first:
            yield Delta(self._first)

    def more(self, delta: BlockDelta) -> Iterable[Event]:
        self._signature += delta.signature or ""
        return (Delta(delta.thinking),) if delta.thinking else ()

    def close(self) -> Iterator[Event]:
        yield PartStop(Signature(self._origin, self._signature, self._redacted) if self._signature else None)


class _ToolUseBlock(OpenBlock):
    """A tool call; the text of a custom tool is known only once its object is complete."""

    def __init__(self, block: BlockStart, names: ToolNames) -> None:
        tool = names.decode(block.name or "")
        self._start = PartStart("call", block.id or "", tool.name, tool.namespace, tool.custom)
        self._whole = block.input
        self._said = False
        self._pieces: list[str] = []

    def begin(self) -> Iterator[Event]:
        """The start of a call; its arguments follow."""
        yield self._start

    def more(self, delta: BlockDelta) -> Iterator[Event]:
        """More of the arguments; those that wrap a custom tool's text are held back."""
        if not delta.partial_json:
            return
        self._said = True
        if self._start.custom:
            self._pieces.append(delta.partial_json)
        else:
            yield Delta(delta.partial_json)

    def close(self) -> Iterator[Event]:
        """What was held back, or the arguments of the block's start where none came later."""
        if self._start.custom:
            written = "".join(self._pieces) or (msgspec.json.encode(self._whole).decode() if self._whole else "")
            if text := unwrap_input(written):
                yield Delta(text)
        elif self._whole and not self._said:
            yield Delta(msgspec.json.encode(self._whole).decode())
        yield PartStop()


def _open_block(block: BlockStart, origin: str, names: ToolNames) -> OpenBlock:
    """Open a block; `origin` is that of its signature."""
    match block.type:
        case "text":
            return _TextBlock(block)
        case "thinking" | "redacted_thinking":
            return _ThinkingBlock(block, origin)
        case "tool_use":
            return _ToolUseBlock(block, names)
        case _:
            return OpenBlock()


# --- blocks that began while another was open ------------------------------------------------------------------------


class PendingBlocks:
    """Blocks that began while another was open, in that order, each with its events in their order."""

    def __init__(self) -> None:
        self._queue: deque[list[WireEvent]] = deque()
        self._unfinished: dict[int, list[WireEvent]] = {}
        """The block of each index that has not ended."""

    def put(self, event: WireEvent) -> None:
        """Keep one event. Fails where too many blocks are waiting."""
        block = self._unfinished.get(event.index)
        if block is None:
            block = self._unfinished[event.index] = self._begin()
        block.append(event)
        if event.type == "content_block_stop":
            del self._unfinished[event.index]

    def take(self) -> list[WireEvent]:
        """The events of the block that began first, empty where none waits."""
        if not self._queue:
            return []
        block = self._queue.popleft()
        if self._unfinished.get(block[0].index) is block:
            del self._unfinished[block[0].index]
        return block

    def _begin(self) -> list[WireEvent]:
        if len(self._queue) >= PARTS_LIMIT:
            raise too_many_parts()
        block: list[WireEvent] = []
        self._queue.append(block)
        return block
