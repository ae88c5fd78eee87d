"""What a model answers, in no API's words; and how a text is cut into pieces."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from fuzz.requests.plan import Draw

TOOLS = ("get_weather", "read_file", "x")

ODD = ("", "\n", "\x00", "é\u2028\u2029\x85", "😀", '"}\\', "data: [DONE]", "event: error", "null", " ", "[DONE]")


@dataclass(frozen=True, slots=True)
class Said:
    """Words of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """A thought, and its signature."""

    text: str
    signature: str


@dataclass(frozen=True, slots=True)
class Called:
    """A call; `arguments` is JSON text, of an object."""

    id: str
    name: str
    arguments: str


Part = Said | Thought | Called


@dataclass(frozen=True, slots=True)
class Plan:
    """An answer; `full` where it was cut short by a limit."""

    parts: tuple[Part, ...]
    full: bool

    @property
    def text(self) -> str:
        """All its words."""
        return "".join(part.text for part in self.parts if isinstance(part, Said))

    @property
    def thoughts(self) -> str:
        """All that was thought."""
        return "".join(part.text for part in self.parts if isinstance(part, Thought))

    @property
    def calls(self) -> list[tuple[str, Any]]:
        """The calls: names, and decoded arguments."""
        return [(part.name, json.loads(part.arguments)) for part in self.parts if isinstance(part, Called)]


_WORDS = st.sampled_from(ODD) | st.text(max_size=6)


@st.composite
def plans(draw: Draw) -> Plan:
    """Answers; a thought comes first, as models think."""
    thought = [Thought(_words(draw, 0), "sealed")] if draw(st.booleans()) else []
    rest = [_part(draw, number + 1) for number in range(draw(st.integers(0, 4)))]
    return Plan((*thought, *rest), draw(st.booleans()))


def _words(draw: Draw, number: int) -> str:
    return f"{draw(_WORDS)}<{number}>{draw(_WORDS)}"


def _part(draw: Draw, number: int) -> Part:
    if draw(st.booleans()):
        return Said(_words(draw, number))
    arguments = json.dumps({"query": _words(draw, number)}, ensure_ascii=draw(st.booleans()))
    return Called(f"call_{number}", draw(st.sampled_from(TOOLS)), arguments)


def cut(draw: Draw, text: str) -> list[str]:
    """The text in a few pieces, of which some may be empty."""
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


def mixed(draw: Draw, lines: list[list[Any]]) -> Iterator[Any]:
    """What several lines say, one after the other or all at once; they begin in their order, each keeps its own."""
    if not draw(st.booleans()):
        yield from (one for line in lines for one in line)
        return
    later, begun = [line for line in lines if line], list[list[Any]]()
    while later or begun:
        at = draw(st.integers(0, len(begun) - (not later)))
        if at == len(begun):
            begun.append(list(later.pop(0)))
        yield begun[at].pop(0)
        begun = [line for line in begun if line]
