"""Copilot's stream of Chat Completions as events.

Azure, Claude and Gemini fill the chunks differently: see `docs/dialects/completions.md`. All choices are one answer,
because a translated request asks for one: Claude puts its text and its tool calls into several.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from passenger.chat.capabilities import Capabilities
from passenger.chat.events import (
    PARTS_LIMIT,
    Delta,
    Event,
    Finish,
    PartKind,
    PartStart,
    PartStop,
    Reason,
    Start,
    Usage,
    too_many_parts,
)
from passenger.chat.fallbacks import unwrap_input
from passenger.chat.prompt import Prompt, Signature
from passenger.chat.tool_names import ToolNames
from passenger.dialects.citations import Citations
from passenger.dialects.copilot_errors import bad_event, incomplete
from passenger.dialects.copilot_usage import CopilotUsage
from passenger.dialects.framing import StreamMessage
from passenger.dialects.openai.chat.chunks import (
    NO_NUMBERS,
    TEXTS,
    CallPiece,
    Choice,
    ChoiceDelta,
    Chunk,
    Function,
    Numbers,
    TokenCounts,
    decode_chunk,
    read_token_counts,
    reasoning_of,
    signature_of,
    with_number,
    without_number,
)
from passenger.dialects.openai.chat.errors import mid_stream_failure
from passenger.dialects.surrogate_pairs import SurrogatePairs
from passenger.jsontext.surrogates import join_surrogates

DONE = b"[DONE]"

REASONS = {
    "stop": Reason.END,
    "length": Reason.LENGTH,
    "tool_calls": Reason.TOOL,
    "function_call": Reason.TOOL,
    "content_filter": Reason.FILTER,
}


class Reader:
    """Reads the streamed answer to one prompt. The parts that it gives never overlap."""

    def __init__(self, prompt: Prompt, capabilities: Capabilities) -> None:
        self._origin = f"completions/{capabilities.vendor}"
        self._model = prompt.model
        self._calls = ToolCalls(ToolNames(prompt.tools))
        self._citations = Citations()
        self._pairs = SurrogatePairs(TEXTS)
        self._started = False
        self._done = False
        self._open: PartKind | None = None
        self._refused = False
        self._unfinished: Numbers = NO_NUMBERS
        self._finished: Numbers = NO_NUMBERS
        self._reason = Reason.END
        self._counts: TokenCounts | None = None
        self._bill: CopilotUsage | None = None

    def read(self, message: StreamMessage) -> Iterable[Event]:
        """See `Reader.read`."""
        if self._done:
            return ()
        if message.data.strip() == DONE:
            return self._pairs.join(self._finish())
        chunk = decode_chunk(message.data, self._pairs)
        if self._open == "text" and not self._pairs.torn and (text := self._only_text(chunk)):
            return (Delta(text),)
        return self._read(chunk)

    def _only_text(self, chunk: Chunk) -> str | None:
        """The text of a chunk that has nothing but more of the open text, as nearly all do; None for others."""
        if chunk.choices is None or len(chunk.choices) != 1 or not chunk.is_plain:
            return None
        choice = chunk.choices[0]
        delta = choice.delta
        if choice.finish_reason or delta is None or (choice.index or 0) not in self._unfinished:
            return None
        return None if delta.has_reasoning or delta.has_more else delta.content

    def _read(self, chunk: Chunk) -> Iterator[Event]:
        if chunk.error is not None:
            raise mid_stream_failure(chunk.error)
        self._keep_usage(chunk)
        for choice in chunk.choices or ():
            yield from self._pairs.join(self._choice(choice, chunk.model))

    def end(self) -> Iterator[Event]:
        """See `Reader.end`."""
        if not self._done:
            yield from self._pairs.join(self._finish())

    def _keep_usage(self, chunk: Chunk) -> None:
        """Keep the last usage; Gemini sends one with every chunk."""
        self._counts, self._bill = chunk.usage or self._counts, chunk.copilot_usage or self._bill

    def _choice(self, choice: Choice, model: str | None) -> Iterator[Event]:
        index = choice.index or 0
        if not self._started and (model or choice.finish_reason):
            yield self._start(model)
        if choice.delta is not None:
            for event in self._delta(index, choice.delta):
                if not self._started:
                    yield self._start(model)
                yield event
        elif choice.message is not None:
            raise bad_event("a choice with a whole message")
        self._keep_reason(index, choice.finish_reason)

    def _start(self, model: str | None) -> Start:
        """The start, which waits for the model: Azure's first chunk does not name it."""
        self._started = True
        return Start(model or self._model)

    def _keep_reason(self, index: int, reason: str | None) -> None:
        if reason:
            self._reason = REASONS.get(reason, Reason.END)
            self._finished = with_number(self._finished, index)
            self._unfinished = without_number(self._unfinished, index)
        elif index not in self._unfinished and index not in self._finished:
            self._unfinished = with_number(self._unfinished, index)
        else:
            return
        if len(self._unfinished) + len(self._finished) > PARTS_LIMIT:
            raise too_many_parts()

    def _delta(self, index: int, delta: ChoiceDelta) -> Iterator[Event]:
        if delta.has_reasoning:
            if text := reasoning_of(delta):
                yield from self._add("reasoning", text)
            if signature := signature_of(delta):
                yield from self._sign(signature)
        if delta.content:
            yield from self._add("text", delta.content)
        if delta.refusal:
            self._refused = True
            yield from self._add("refusal", delta.refusal)
        for call in delta.tool_calls or ():
            if self._open != "call":
                yield from self._close()
                self._open = "call"
            yield from self._calls.take((index, call.index or 0), call)
        if delta.copilot_annotations or delta.annotations:
            yield from self._citations.code(delta.copilot_annotations)
            yield from self._citations.pages(delta.annotations)

    # --- parts ---------------------------------------------------------------------------------------------------

    def _add(self, kind: PartKind, text: str) -> Iterator[Event]:
        if self._open != kind:
            yield from self._close()
            self._open = kind
            yield PartStart(kind)
        yield Delta(text)

    def _sign(self, value: str) -> Iterator[Event]:
        """End the open reasoning with its signature; one of its own was not shown."""
        if self._open != "reasoning":
            yield from self._close()
            yield PartStart("reasoning")
        self._open = None
        yield PartStop(Signature(self._origin, value))

    def _close(self) -> Iterator[Event]:
        if self._open == "call":
            yield from self._calls.close()
        elif self._open is not None:
            yield PartStop()
        self._open = None

    # --- the end -------------------------------------------------------------------------------------------------

    def _finish(self) -> Iterator[Event]:
        if self._unfinished or not self._finished:
            raise incomplete()
        self._done = True
        yield from self._close()
        yield Finish(self._final_reason(), self._usage())

    def _final_reason(self) -> Reason:
        """The reason; where Copilot only says that the model stopped, the parts tell more."""
        if self._reason is not Reason.END:
            return self._reason
        if self._calls.count:
            return Reason.TOOL
        return Reason.REFUSAL if self._refused else Reason.END

    def _usage(self) -> Usage | None:
        if self._counts is None and self._bill is None:
            return None
        return read_token_counts(self._counts or TokenCounts(), self._bill)


# --- tool calls --------------------------------------------------------------------------------------------------


CallPosition = tuple[int, int]
"""The number of a choice, and the index of a call in it."""

_NOTHING = Function()


class _Call:
    """One call: what is known of it, and the pieces of its arguments that wait."""

    def __init__(self, call_id: str) -> None:
        self.id = call_id
        self.name = ""
        self.waiting: list[str] = []
        self.started = False
        self.custom = False
        self.over = False
        """Whether no piece of it can come any more."""
        self.ended = False
        """Whether all of its events have been given."""


_EMPTY = deque[_Call](maxlen=0)
"""The queue of an answer without calls: a deque of its own takes 600 bytes."""


class ToolCalls:
    """Tool calls of one answer, one at a time: the first in the queue is open, the others wait until it closes.

    A piece whose id is not that of the call before it at its position begins a new call: Claude numbers all of them 0.
    """

    def __init__(self, names: ToolNames) -> None:
        self._names = names
        self._at: dict[CallPosition, _Call] = {}
        self._queue = _EMPTY
        self.count = 0

    def take(self, place: CallPosition, piece: CallPiece) -> Iterator[Event]:
        """The events that one piece of a call completes. Fails where it belongs to none, or to one that has ended."""
        function = piece.function or _NOTHING
        call = self._find(place, piece, function)
        if call is None:
            return
        call.name = call.name or function.name or ""
        if function.arguments:
            call.waiting.append(function.arguments)
        while self._queue[0].over:
            yield from self._end(self._queue.popleft())
        yield from self._flush(self._queue[0])

    def close(self) -> Iterator[Event]:
        """End the open call, and give those that waited for it."""
        while self._queue:
            yield from self._end(self._queue.popleft())

    def _find(self, place: CallPosition, piece: CallPiece, function: Function) -> _Call | None:
        call = self._at.get(place)
        if (piece.id and (call is None or piece.id != call.id)) or (call is None and function.name):
            return self._begin(place, piece.id)
        if call is not None and not call.ended:
            return call
        if function.arguments:
            raise bad_event("a piece of no tool call")
        return None

    def _begin(self, place: CallPosition, call_id: str | None) -> _Call:
        if self.count >= PARTS_LIMIT:
            raise too_many_parts()
        if place in self._at:
            self._at[place].over = True
        call = self._at[place] = _Call(call_id or f"call_{self.count}")
        if self._queue is _EMPTY:
            self._queue = deque()
        self._queue.append(call)
        self.count += 1
        return call

    def _flush(self, call: _Call) -> Iterator[Event]:
        """Give what is known of a call; a custom tool's text waits until it is whole."""
        if not call.started and call.name:
            yield self._start(call)
        if call.started and call.waiting and not call.custom:
            yield Delta("".join(call.waiting))
            call.waiting.clear()

    def _start(self, call: _Call) -> PartStart:
        tool = self._names.decode(call.name)
        call.started, call.custom = True, tool.custom
        return PartStart("call", call.id, tool.name, tool.namespace, tool.custom)

    def _end(self, call: _Call) -> Iterator[Event]:
        call.ended = True
        yield from self._flush(call)
        if not call.started:
            raise bad_event("a tool call without a name")
        if call.custom and (text := unwrap_input(join_surrogates("".join(call.waiting)))):
            yield Delta(text)
        yield PartStop()
