"""Copilot's chunks as events; it hides how differently Azure, Claude and Gemini fill them.

Parts never overlap in what is given, and choices are one answer: a translated request never asks for several, so
those that come are pieces of the same (Claude's text and tool calls).
"""

from collections.abc import Iterable, Iterator

from passenger.chat import Abilities, Prompt, Seal, Usage
from passenger.dialects.citations import Citations
from passenger.dialects.completions.calls_in import Calls
from passenger.dialects.completions.choice_numbers import NO_NUMBERS, Numbers, with_number, without_number
from passenger.dialects.completions.chunks import TEXTS, Choice, Chunk, Piece, bad_event, decode_chunk
from passenger.dialects.completions.relaying import mid_stream_failure
from passenger.dialects.completions.thoughts_in import seal_of, words_of
from passenger.dialects.completions.wire import Bill, TokenCounts, usage_of
from passenger.dialects.surrogate_pairs import SurrogatePairs
from passenger.errors import Failure, Kind
from passenger.events import (
    PARTS_LIMIT,
    Delta,
    Event,
    Finish,
    PartKind,
    PartStart,
    PartStop,
    Reason,
    Start,
    too_many_parts,
)
from passenger.framing import Message
from passenger.toolnames import Names

DONE = b"[DONE]"

REASONS = {
    "stop": Reason.END,
    "length": Reason.LENGTH,
    "tool_calls": Reason.TOOL,
    "function_call": Reason.TOOL,
    "content_filter": Reason.FILTER,
}


class Reader:
    """Reads the answer to one prompt."""

    def __init__(self, prompt: Prompt, able: Abilities) -> None:
        self._origin = f"completions/{able.vendor}"
        self._model = prompt.model
        self._calls = Calls(Names(prompt.tools))
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
        self._bill: Bill | None = None

    def read(self, message: Message) -> Iterable[Event]:
        """See `Reader.read`.

        Raises:
            Failure: Copilot says that it has failed, or what it says is not to be understood.
        """
        if self._done:
            return ()
        if message.data.strip() == DONE:
            return self._pairs.told(self._finish())
        chunk = decode_chunk(message.data, self._pairs)
        if self._open == "text" and not self._pairs.torn and (text := self._more_words(chunk)):
            return (Delta(text),)
        return self._read(chunk)

    def _more_words(self, chunk: Chunk) -> str | None:
        """The words of a chunk that has nothing but more of the text that is open, as nearly all are."""
        if chunk.choices is None or len(chunk.choices) != 1 or not chunk.is_plain:
            return None
        choice = chunk.choices[0]
        delta = choice.delta
        if choice.finish_reason or delta is None or (choice.index or 0) not in self._unfinished:
            return None
        return None if delta.thinks or delta.says_more else delta.content

    def _read(self, chunk: Chunk) -> Iterator[Event]:
        if chunk.error is not None:
            raise mid_stream_failure(chunk.error)
        self._note(chunk)
        for choice in chunk.choices or ():
            yield from self._pairs.told(self._choice(choice, chunk.model))

    def end(self) -> Iterator[Event]:
        """See `Reader.end`.

        Raises:
            Failure: a choice lacks its finish reason.
        """
        if not self._done:
            yield from self._pairs.told(self._finish())

    def _note(self, chunk: Chunk) -> None:
        """Keep the last of what is said of tokens; Gemini says it in every event."""
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
            raise bad_event("a choice of a stream has a whole message")
        self._conclude(index, choice.finish_reason)

    def _start(self, model: str | None) -> Start:
        """The beginning, put off while Azure has not named the model yet."""
        self._started = True
        return Start(model or self._model)

    def _conclude(self, index: int, reason: str | None) -> None:
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

    def _delta(self, index: int, delta: Piece) -> Iterator[Event]:
        if delta.thinks:
            if text := words_of(delta):
                yield from self._say("thought", text)
            if sealed := seal_of(delta):
                yield from self._sealed(sealed)
        if delta.content:
            yield from self._say("text", delta.content)
        if delta.refusal:
            self._refused = True
            yield from self._say("refusal", delta.refusal)
        for call in delta.tool_calls or ():
            if self._open != "call":
                yield from self._close()
                self._open = "call"
            yield from self._calls.take((index, call.index or 0), call)
        if delta.copilot_annotations or delta.annotations:
            yield from self._citations.code(delta.copilot_annotations)
            yield from self._citations.pages(delta.annotations)

    # --- parts ---------------------------------------------------------------------------------------------------

    def _say(self, kind: PartKind, text: str) -> Iterator[Event]:
        if self._open != kind:
            yield from self._close()
            self._open = kind
            yield PartStart(kind)
        yield Delta(text)

    def _sealed(self, value: str) -> Iterator[Event]:
        """The seal of the thought that is open, or of one that was not shown."""
        if self._open != "thought":
            yield from self._close()
            yield PartStart("thought")
        self._open = None
        yield PartStop(Seal(self._origin, value))

    def _close(self) -> Iterator[Event]:
        if self._open == "call":
            yield from self._calls.close()
        elif self._open is not None:
            yield PartStop()
        self._open = None

    # --- the end -------------------------------------------------------------------------------------------------

    def _finish(self) -> Iterator[Event]:
        if self._unfinished or not self._finished:
            message = "Copilot ended the stream before the answer was complete"
            raise Failure(Kind.UPSTREAM, message, code="stream_broken")
        self._done = True
        yield from self._close()
        yield Finish(self._why(), self._usage())

    def _why(self) -> Reason:
        """The reason, where Copilot only says that the model has stopped by what it said."""
        if self._reason is not Reason.END:
            return self._reason
        if self._calls.count:
            return Reason.TOOL
        return Reason.REFUSAL if self._refused else Reason.END

    def _usage(self) -> Usage | None:
        if self._counts is None and self._bill is None:
            return None
        return usage_of(self._counts or TokenCounts(), self._bill)
