"""One answer in neutral form, coming down: a sequence of events, and its fold.

    Start (PartStart Delta* PartStop)* Finish

and a `Cite` anywhere between.

Parts never overlap: where upstream interleaves tool calls, its reader holds part k+1 back until k has closed.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Literal

import msgspec
from msgspec import Struct

from passenger.chat import Citation, Refusal, Seal, Text, Thought, ToolCall, Usage
from passenger.errors import Failure, Kind

PartKind = Literal["text", "thought", "refusal", "call"]

PARTS_LIMIT = 10_000
"""Parts that one answer may have; a model calls a hundred tools at once at most."""


class Reason(StrEnum):
    """Why the model stopped."""

    END = "end"
    STOP = "stop"
    """One of the client's own stop sequences."""
    LENGTH = "length"
    TOOL = "tool"
    FILTER = "filter"
    REFUSAL = "refusal"


class Start(Struct, frozen=True):
    """The answer has begun. `model` is the vendor's own name of it; `usage` what is known already."""

    model: str = ""
    usage: Usage | None = None


class PartStart(Struct, frozen=True):
    """A part has begun. The rest is for calls: the call's id, the tool, its namespace, and whether it is custom."""

    kind: PartKind
    id: str = ""
    name: str = ""
    namespace: str | None = None
    custom: bool = False


class Delta(msgspec.Struct, frozen=True, gc=False):
    """More of the open part: words, or a piece of a call's arguments. Never empty."""

    text: str


class Cite(Struct, frozen=True):
    """Something of the open part, or of the one before, comes from elsewhere."""

    citation: Citation


class PartStop(Struct, frozen=True):
    """The open part has ended. `seal` is a thought's; a thought without any text may be nothing but its seal.

    `cut`: the answer itself ended inside this part, at a limit or a filter, so the part may not be whole.
    """

    seal: Seal | None = None
    cut: bool = False


class Finish(Struct, frozen=True):
    """The answer is whole. `sequence` is the stop sequence that was met, where upstream says which."""

    reason: Reason
    usage: Usage | None = None
    sequence: str | None = None


Event = Start | PartStart | Delta | Cite | PartStop | Finish
AnswerPart = Text | Thought | Refusal | ToolCall


class Answer(Struct, frozen=True):
    """A whole answer: the fold of its events."""

    model: str
    parts: tuple[AnswerPart, ...]
    reason: Reason
    usage: Usage | None = None
    sequence: str | None = None
    citations: tuple[tuple[int, Citation], ...] = ()
    """Each with the index of its part, -1 where it came before any."""

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tool calls in it."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    def marked(self) -> Iterator[tuple[AnswerPart, bool]]:
        """Each part, and whether the answer was cut inside it."""
        starts = [_opened(part)[0] for part in self.parts]
        for part, start, after in zip(self.parts, starts, starts[1:], strict=False):
            yield part, is_cut(start, after)
        if starts:
            yield self.parts[-1], is_cut(starts[-1], Finish(self.reason))


_CUTS = frozenset({Reason.LENGTH, Reason.FILTER})


def is_cut(part: PartStart, after: PartStart | Finish) -> bool:
    """Whether an answer was cut inside a part that this came after. A refusal cuts the call before it."""
    if isinstance(after, Finish):
        return after.reason in _CUTS or (part.kind == "call" and after.reason is Reason.REFUSAL)
    return part.kind == "call" and after.kind == "refusal"


def _part(start: PartStart, text: str, seal: Seal | None) -> AnswerPart:
    match start.kind:
        case "text":
            return Text(text)
        case "refusal":
            return Refusal(text)
        case "thought":
            return Thought(text, seal)
        case "call":
            return ToolCall(start.id, start.name, text, start.namespace, start.custom)


def too_many_parts() -> Failure:
    """The failure of an answer that has more parts than any should."""
    return Failure(Kind.UPSTREAM, f"Copilot's answer has more than {PARTS_LIMIT} parts", code="bad_answer")


class Folder:
    """Folds events as they come; `answer` is None until `Finish` has come.

    Raises:
        ValueError: an event comes where the grammar has no place for it.
    """

    def __init__(self) -> None:
        self._model: str | None = None
        self._parts: list[AnswerPart] = []
        self._open: PartStart | None = None
        self._text: list[str] = []
        self._citations: list[tuple[int, Citation]] = []
        self.answer: Answer | None = None

    def add(self, event: Event) -> None:
        """Take one event."""
        if self.answer is not None or (self._model is None) is not isinstance(event, Start):
            raise ValueError(f"{event} is out of place")
        match event:
            case Start():
                self._model = event.model
            case PartStart() if self._open is None:
                self._open = event
            case Delta() if self._open is not None:
                self._text.append(event.text)
            case Cite(citation):
                self._citations.append((len(self._parts) - (self._open is None), citation))
            case PartStop() if self._open is not None:
                self._parts.append(_part(self._open, "".join(self._text), event.seal))
                self._open = None
                self._text.clear()
            case Finish() if self._open is None:
                parts = tuple(self._parts)
                told = (parts, event.reason, event.usage, event.sequence)
                self.answer = Answer(self._model or "", *told, citations=tuple(self._citations))
            case _:
                raise ValueError(f"{event} is out of place")


def unfold(answer: Answer) -> Iterator[Event]:
    """The events of an answer, each part's text in one piece."""
    yield Start(answer.model)
    yield from (Cite(citation) for index, citation in answer.citations if index < 0)
    for number, (part, cut) in enumerate(answer.marked()):
        start, text, seal = _opened(part)
        yield start
        if text:
            yield Delta(text)
        yield from (Cite(citation) for index, citation in answer.citations if index == number)
        yield PartStop(seal, cut)
    yield Finish(answer.reason, answer.usage, answer.sequence)


def _opened(part: AnswerPart) -> tuple[PartStart, str, Seal | None]:
    match part:
        case Text(text):
            return PartStart("text"), text, None
        case Refusal(text):
            return PartStart("refusal"), text, None
        case Thought(text, seal):
            return PartStart("thought"), text, seal
        case ToolCall():
            return PartStart("call", part.id, part.name, part.namespace, part.custom), part.arguments, None
