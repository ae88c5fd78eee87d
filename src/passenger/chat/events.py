"""An answer in neutral form: a sequence of events, or the `Answer` that is built from them.

    Start ((PartStart Delta* PartStop) | (SearchCall SearchDone))* Finish

with a `Cite` anywhere between. Parts never overlap: where Copilot interleaves tool calls, the reader holds a part back
until the one before it has ended.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from passenger.chat.prompt import Reasoning, Refusal, Signature, Text, ToolCall
from passenger.chat.web_search import SearchError, SearchResult
from passenger.errors import Failure, Kind


class Usage(Struct, frozen=True):
    """Tokens of one answer.

    `input` includes those read from a prompt cache (`cached`) and those written to one (`written`); `output` includes
    `reasoning`.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    nano_credits: int | None = None
    """Copilot's bill: 1e9 are one AI credit; None where it sent none."""
    written: int = 0


def total_usage(usages: Sequence[Usage | None]) -> Usage | None:
    """The sum for several answers, None where none reports any; the bill is None where one of them has none."""
    known = [usage for usage in usages if usage is not None]
    if not known:
        return None
    bills = [usage.nano_credits for usage in known if usage.nano_credits is not None]
    has_all = len(bills) == len(usages)
    return Usage(
        input=sum(usage.input for usage in known),
        output=sum(usage.output for usage in known),
        cached=sum(usage.cached for usage in known),
        reasoning=sum(usage.reasoning for usage in known),
        nano_credits=sum(bills) if has_all else None,
        written=sum(usage.written for usage in known),
    )


class Citation(Struct, frozen=True):
    """The source of words in an answer: a page, or published code, which has a `license`.

    `start` and `end` are positions in the text as Copilot counts them; `quote` is the cited text.
    """

    url: str
    title: str = ""
    license: str | None = None
    start: int = 0
    end: int = 0
    quote: str = ""


PartKind = Literal["text", "reasoning", "refusal", "call"]

PARTS_LIMIT = 10_000
"""Parts that one answer may have; models call a hundred tools at most."""


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
    """The answer begins. `model` is the vendor's own name, `usage` what is known already."""

    model: str = ""
    usage: Usage | None = None


class PartStart(Struct, frozen=True):
    """A part begins. For a call there are its id, the tool's name and namespace, and whether the tool is custom."""

    kind: PartKind
    id: str = ""
    name: str = ""
    namespace: str | None = None
    custom: bool = False


class Delta(msgspec.Struct, frozen=True, gc=False):
    """More of the open part: text, or a piece of a call's arguments. Never empty."""

    text: str


class Cite(Struct, frozen=True):
    """A citation in the open part, or in the one before."""

    citation: Citation


class PartStop(Struct, frozen=True):
    """The open part ends. `signature` is that of reasoning, which may have no text beside it.

    `cut`: the answer ended inside this part, at a limit or a filter, so it may not be whole.
    """

    signature: Signature | None = None
    cut: bool = False


class SearchCall(Struct, frozen=True):
    """A web search begins, between two parts. `id` tells it from the answer's others: letters, digits and `_`."""

    id: str
    query: str


class SearchDone(Struct, frozen=True):
    """A web search has ended: what it found, or the code of why it failed."""

    id: str
    results: tuple[SearchResult, ...] = ()
    error: SearchError | None = None


class Finish(Struct, frozen=True):
    """The answer is whole. `sequence` is the stop sequence that ended it, where Copilot says which."""

    reason: Reason
    usage: Usage | None = None
    sequence: str | None = None


SearchEvent = SearchCall | SearchDone
Event = Start | PartStart | Delta | Cite | PartStop | SearchEvent | Finish
AnswerPart = Text | Reasoning | Refusal | ToolCall | SearchEvent


class Answer(Struct, frozen=True):
    """A whole answer, built from its events."""

    model: str
    parts: tuple[AnswerPart, ...]
    reason: Reason
    usage: Usage | None = None
    sequence: str | None = None
    citations: tuple[tuple[int, Citation], ...] = ()
    """Each with the index of its part, -1 where it came before any."""

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """Its tool calls."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    def parts_and_cuts(self) -> Iterator[tuple[AnswerPart, bool]]:
        """Each part, and whether the answer was cut inside it."""
        starts = [part if isinstance(part, SearchEvent) else _split(part)[0] for part in self.parts]
        following = (*starts, Finish(self.reason))[1:]
        for part, start, after in zip(self.parts, starts, following, strict=True):
            yield part, is_cut(start, after)


_CUTS = frozenset({Reason.LENGTH, Reason.FILTER})


def is_cut(part: PartStart | SearchEvent, after: PartStart | SearchEvent | Finish) -> bool:
    """Whether an answer was cut inside a part, by what follows it. A refusal cuts the call before it.

    A search is whole always.
    """
    if isinstance(part, SearchEvent) or isinstance(after, SearchEvent):
        return False
    if isinstance(after, Finish):
        return after.reason in _CUTS or (part.kind == "call" and after.reason is Reason.REFUSAL)
    return part.kind == "call" and after.kind == "refusal"


def _part(start: PartStart, text: str, signature: Signature | None) -> AnswerPart:
    match start.kind:
        case "text":
            return Text(text)
        case "refusal":
            return Refusal(text)
        case "reasoning":
            return Reasoning(text, signature)
        case "call":
            return ToolCall(start.id, start.name, text, start.namespace, start.custom)


def too_many_parts() -> Failure:
    """The failure of an answer with more than `PARTS_LIMIT` parts."""
    return Failure(Kind.UPSTREAM, f"Copilot's answer has more than {PARTS_LIMIT} parts", code="bad_answer")


class AnswerBuilder:
    """Builds an answer from its events; `answer` is None until `Finish`."""

    def __init__(self) -> None:
        self._model: str | None = None
        self._parts: list[AnswerPart] = []
        self._open: PartStart | None = None
        self._text: list[str] = []
        self._citations: list[tuple[int, Citation]] = []
        self.answer: Answer | None = None

    def add(self, event: Event) -> None:
        """Add one event. Raises ValueError where the grammar has no place for it."""
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
                self._parts.append(_part(self._open, "".join(self._text), event.signature))
                self._open = None
                self._text.clear()
            case SearchCall() | SearchDone() if self._open is None:
                self._parts.append(event)
            case Finish() if self._open is None:
                parts = tuple(self._parts)
                known = (parts, event.reason, event.usage, event.sequence)
                self.answer = Answer(self._model or "", *known, citations=tuple(self._citations))
            case _:
                raise ValueError(f"{event} is out of place")


def unfold(answer: Answer) -> Iterator[Event]:
    """The events of an answer, the text of each part in one piece."""
    yield Start(answer.model)
    yield from (Cite(citation) for index, citation in answer.citations if index < 0)
    for number, (part, cut) in enumerate(answer.parts_and_cuts()):
        cites = (Cite(citation) for index, citation in answer.citations if index == number)
        if isinstance(part, SearchEvent):
            yield from (part, *cites)
            continue
        start, text, signature = _split(part)
        yield start
        if text:
            yield Delta(text)
        yield from cites
        yield PartStop(signature, cut)
    yield Finish(answer.reason, answer.usage, answer.sequence)


def _split(part: Text | Reasoning | Refusal | ToolCall) -> tuple[PartStart, str, Signature | None]:
    match part:
        case Text(text):
            return PartStart("text"), text, None
        case Refusal(text):
            return PartStart("refusal"), text, None
        case Reasoning(text, signature):
            return PartStart("reasoning"), text, signature
        case ToolCall():
            return PartStart("call", part.id, part.name, part.namespace, part.custom), part.arguments, None


# --- what a writer of an answer is given ---------------------------------------------------------------------------


class Timing(Struct, frozen=True):
    """Nanoseconds of an answer: until Copilot began to answer, from there to the first text, and from there to now."""

    start: int = 0
    first: int = 0
    rest: int = 0

    @property
    def total(self) -> int:
        """From the request to now."""
        return self.start + self.first + self.rest


class AnswerIdentity(Struct, frozen=True):
    """What a writer of an answer is given: the answer's id (32 hex digits), Unix seconds, and its timing."""

    id: str
    created: int
    timing: Callable[[], Timing] = Timing
    echo: Mapping[str, Raw] = {}
    """Fields of the answer's object that repeat what the request says of stored state."""
