"""What a conversation says, in no dialect; each thing in it bears a mark by which it is found again."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal, Protocol, TypeVar

from hypothesis import strategies as st

from passenger.chat import signatures
from passenger.chat.prompt import Signature
from passenger.simulator.account import Account
from passenger.simulator.messages.thoughts import sign
from passenger.simulator.responses.ids import Ids

T = TypeVar("T")

LOGIN = Account(lambda: 0.0).login
PNG = b"\x89PNG\r\n\x1a\n"
TOOLS = ("get_weather", "read_file", "x", "a" * 70, "mcp.server/tool", "näme", "mcp__files__read")


class Draw(Protocol):
    """Takes a value of a strategy, as hypothesis gives it to what it composes."""

    def __call__(self, strategy: st.SearchStrategy[T], /) -> T:
        """The value."""
        ...


# --- what a conversation consists of -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Words:
    """A text; `mark` is in it."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG as base64, which holds the mark."""

    mark: str
    data: str


@dataclass(frozen=True, slots=True)
class File:
    """A PDF as base64, which holds the mark."""

    mark: str
    data: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """A thought, and the signature that the client keeps with it, as it sends it."""

    words: Words
    signature: str | None


@dataclass(frozen=True, slots=True)
class Called:
    """A call; its arguments hold the mark."""

    mark: str
    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answered:
    """The result of a call."""

    call: Called
    content: tuple[Words | Picture, ...]
    failed: bool


@dataclass(frozen=True, slots=True)
class System:
    """What the system says."""

    words: Words


@dataclass(frozen=True, slots=True)
class User:
    """What a person says, after the results of all calls before it."""

    results: tuple[Answered, ...]
    parts: tuple[Words | Picture | File, ...]


@dataclass(frozen=True, slots=True)
class Assistant:
    """What the model said."""

    thought: Thinking | None
    words: Words | None
    calls: tuple[Called, ...]


Turn = System | User | Assistant


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool; its description holds the mark."""

    mark: str
    name: str
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """A conversation that ends with a user's turn; `tuning` has the hub's names of what else is asked for."""

    turns: tuple[Turn, ...]
    tools: tuple[Offered, ...]
    choice: Literal["auto", "none", "required", "one"] | None
    tuning: dict[str, Any]
    unknown: tuple[str, ...]

    def said(self) -> Iterator[Words]:
        """The texts of people and model, in their order."""
        for turn in self.turns:
            match turn:
                case User(_, parts):
                    yield from (part for part in parts if isinstance(part, Words))
                case Assistant(_, Words() as words, _):
                    yield words
                case _:
                    pass

    def thoughts(self) -> Iterator[Thinking]:
        """The thoughts, in their order."""
        yield from (turn.thought for turn in self.turns if isinstance(turn, Assistant) and turn.thought)

    def results(self) -> Iterator[Answered]:
        """The results of calls, in their order."""
        for turn in self.turns:
            if isinstance(turn, User):
                yield from turn.results

    def shown(self) -> Iterator[Picture | File]:
        """The pictures and files, those of results as well."""
        for turn in self.turns:
            if isinstance(turn, User):
                yield from (part for part in turn.parts if isinstance(part, Picture | File))
        for result in self.results():
            yield from (part for part in result.content if isinstance(part, Picture))


# --- how one is drawn --------------------------------------------------------------------------------------------

ODD = ("", "\x00", "\n\n", "é\u2028\u2029\x85", "😀", '"}]\\', "<system-reminder>", "data: [DONE]\n\n", "null", " ")
"""What stands before some texts."""

_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.sampled_from(ODD) | st.just(0.5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(("a", "b c", "é")), inner, max_size=2),
    max_leaves=4,
)

_TUNING: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.sampled_from((0, 0.3, 1, 1.7)),
    "top_p": st.sampled_from((0.5, 0.97)),
    "top_k": st.just(40),
    "seed": st.just(7),
    "limit": st.sampled_from((1, 20, 5000, 10**7)),
    "presence_penalty": st.sampled_from((-1, 0.5)),
    "frequency_penalty": st.sampled_from((-1, 0.5)),
    "parallel": st.booleans(),
    "verbosity": st.sampled_from(("low", "high")),
    "cache_key": st.just("the-key-of-a-cache"),
    "effort": st.sampled_from(("none", "minimal", "low", "medium", "high", "xhigh")),
    "stream": st.booleans(),
}


@st.composite
def plans(draw: Draw) -> Plan:
    """Conversations."""
    return _Drawing(draw).plan()


class _Drawing:
    """Draws one plan, and numbers what is in it."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._numbers = count()
        self._names = tuple(draw(st.lists(st.sampled_from(TOOLS), max_size=4, unique=True)))

    def plan(self) -> Plan:
        tools = tuple(self._tool(name) for name in self._names)
        choices = ("auto", "none", "required", "one") if tools else ()
        return Plan(
            turns=tuple(self._turns()),
            tools=tools,
            choice=self._draw(st.sampled_from((None, *choices))),
            tuning=self._tuning(),
            unknown=tuple(f"odd{self._mark()}" for _ in range(self._few(2))),
        )

    def _few(self, most: int) -> int:
        return self._draw(st.integers(0, most))

    def _chance(self) -> bool:
        return self._draw(st.booleans())

    def _mark(self) -> str:
        return f"mark{next(self._numbers)}x"

    def _words(self) -> Words:
        mark = self._mark()
        return Words(mark, self._draw(st.sampled_from(ODD) | st.text(max_size=4)) + mark)

    def _picture(self) -> Picture:
        mark = self._mark()
        return Picture(mark, base64.b64encode(PNG + mark.encode()).decode())

    def _file(self) -> File:
        mark = self._mark()
        return File(mark, base64.b64encode(b"%PDF-" + mark.encode()).decode())

    # --- turns ---------------------------------------------------------------------------------------------------

    def _turns(self) -> Iterator[Turn]:
        if self._chance():
            yield System(self._words())
        calls: tuple[Called, ...] = ()
        for _ in range(self._few(3)):
            yield self._user(calls)
            if self._few(4) == 4:
                yield System(self._words())
            turn = self._assistant()
            calls = turn.calls
            yield turn
        yield self._user(calls)

    def _user(self, calls: tuple[Called, ...]) -> User:
        results = tuple(self._result(call) for call in self._draw(st.permutations(calls))) if calls else ()
        parts = [self._part() for _ in range(self._few(2))]
        return User(results, tuple(parts) if parts or results else (self._words(),))

    def _part(self) -> Words | Picture | File:
        match self._few(5):
            case 5:
                return self._file()
            case 4:
                return self._picture()
            case _:
                return self._words()

    def _assistant(self) -> Assistant:
        thought = self._thought() if self._chance() else None
        calls = tuple(self._call() for _ in range(self._few(3))) if self._names else ()
        return Assistant(thought, self._words() if not calls or self._chance() else None, calls)

    def _thought(self) -> Thinking:
        words = self._words()
        signature = self._draw(
            st.sampled_from((None, "of nobody", "messages/anthropic", "responses/openai", "gemini/x"))
        )
        return Thinking(words, signature and _signature(words, signature))

    def _call(self) -> Called:
        mark, name = self._mark(), self._draw(st.sampled_from(self._names))
        odd = self._draw(st.sampled_from(("", "functions.x:", "call|1 ")))
        arguments = {"query": mark, **self._draw(st.dictionaries(st.sampled_from(("n", "ü")), _JSON, max_size=1))}
        return Called(mark, f"{odd}call_{mark}", name, arguments)

    def _result(self, call: Called) -> Answered:
        content: list[Words | Picture] = [self._words()]
        if self._few(3) == 3:
            content.append(self._picture())
        return Answered(call, tuple(content), self._few(3) == 3)

    # --- the rest ------------------------------------------------------------------------------------------------

    def _tool(self, name: str) -> Offered:
        properties = {"query": {"type": "string"}, "n": {"type": "integer"}}
        return Offered(self._mark(), name, {"type": "object", "properties": properties, "required": ["query"]})

    def _tuning(self) -> dict[str, Any]:
        wanted = self._draw(st.lists(st.sampled_from(sorted(_TUNING)), max_size=4, unique=True))
        tuning = {name: self._draw(_TUNING[name]) for name in wanted}
        if self._few(2) == 2:
            tuning["stop"] = [self._mark() for _ in range(1 + self._few(2))]
        if self._few(3) == 3:
            tuning["user"] = self._mark()
        if self._few(3) == 3:
            shape = {"type": "object", "properties": {"answer": {"type": "string", "description": self._mark()}}}
            tuning["schema"] = self._draw(st.sampled_from((None, shape)))
        return tuning


def _signature(words: Words, origin: str) -> str:
    """A signature as a client keeps it: one of its own dialect that nobody knows, or one that was wrapped."""
    match origin:
        case "messages/anthropic":
            value = sign(words.text, words.mark)
        case "responses/openai":
            value = Ids(LOGIN, words.mark).seal(words.text)
        case "of nobody":
            return base64.b64encode(b"sealed " + words.mark.encode()).decode()
        case _:
            value = "sealed"
    return signatures.wrap(Signature(origin, value), words.text)
