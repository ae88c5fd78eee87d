"""A file's text as it is shown before it is written: what stands at the places of our edits, the rest concealed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from passenger.edits.concealing import OPEN, SHUT, concealed


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a text, and what is shown there."""

    start: int
    end: int
    text: str


def shown(text: str, places: Iterable[Place]) -> str:
    """The text with these things at their places. Of two places, one in the other, the inner one counts."""
    kept, marked, at = list(_innermost(places)), list[str](), 0
    for number, place in enumerate(kept):
        marked += [_plain(text[at : place.start]), f"{OPEN}{number}{SHUT}"]
        at = place.end
    found = concealed("".join(marked) + _plain(text[at:]))
    for number, place in enumerate(kept):
        found = found.replace(f"{OPEN}{number}{SHUT}", _plain(place.text), 1)
    return found


def _innermost(places: Iterable[Place]) -> Iterator[Place]:
    ordered = sorted(places, key=lambda place: (place.start, -place.end))
    for number, place in enumerate(ordered):
        if all(other.start >= place.end for other in ordered[number + 1 :]):
            yield place


def _plain(text: str) -> str:
    return text.replace(OPEN, "?").replace(SHUT, "?")
