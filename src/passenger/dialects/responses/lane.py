"""Parts of an answer that upstream may interleave, brought into one line: part k+1 waits until part k is whole."""

from collections.abc import Iterator

from passenger.chat import Seal
from passenger.errors import Failure, Kind
from passenger.events import Delta, Event, PartKind, PartStart, PartStop

Place = tuple[int, int]
"""The index of an item in the output, and of the part in the item."""


class Segment:
    """One part on its way: what has been said of it, and what of that is still to be sent."""

    def __init__(self, start: PartStart) -> None:
        self.start = start
        self.seal: Seal | None = None
        self.closed = False
        self.sent = False
        self.waiting: list[str] = []
        self._lengths: dict[int, int] = {}

    @property
    def kind(self) -> PartKind:
        """What it is."""
        return self.start.kind

    def add(self, text: str, index: int = 0) -> None:
        """Take more words; a thought's summary comes in several texts, with an empty line between them."""
        if not text or self.closed:
            return
        if index not in self._lengths and self._lengths:
            self.waiting.append("\n\n")
        self._lengths[index] = self._lengths.get(index, 0) + len(text)
        self.waiting.append(text)

    def reach(self, text: str | None, index: int = 0) -> None:
        """Take what a whole text has beyond the pieces of it that came."""
        if text is not None:
            self.add(text[self._lengths.get(index, 0) :], index)

    @property
    def silent(self) -> bool:
        """Whether there is nothing to say of it yet: a thought without words, a call without a name."""
        if self.kind == "thought":
            return not self.waiting and not (self.closed and self.seal)
        return self.kind == "call" and not (self.start.name and self.start.id)


class Lane:
    """The segments of one answer, by their place."""

    def __init__(self) -> None:
        self._open: dict[Place, Segment] = {}
        self._current: Place | None = None
        self.seen: dict[Place, Segment] = {}

    def at(self, place: Place, kind: PartKind) -> Segment:
        """The segment of that place, a new one where there is none."""
        found = self.seen.get(place)
        if found is None:
            found = self.seen[place] = self._open[place] = Segment(PartStart(kind))
        return found

    def of(self, index: int) -> list[Segment]:
        """The segments of one item."""
        return [segment for place, segment in self.seen.items() if place[0] == index]

    def drain(self) -> Iterator[Event]:
        """The events that can be sent now."""
        while self._open:
            if self._current is None:
                self._current = min(self._open)
            segment = self._open[self._current]
            yield from _events(segment)
            if not segment.closed:
                return
            del self._open[self._current]
            self._current = None

    def close(self) -> None:
        """Close what is still open: the answer has ended."""
        for segment in self._open.values():
            segment.closed = True


def _events(segment: Segment) -> Iterator[Event]:
    if not segment.sent:
        if segment.silent:
            if segment.closed and segment.kind == "call":
                raise Failure(Kind.UPSTREAM, "Copilot called a tool without saying which", code="bad_answer")
            return
        segment.sent = True
        yield segment.start
    if segment.waiting:
        yield Delta("".join(segment.waiting))
        segment.waiting.clear()
    if segment.closed:
        yield PartStop(segment.seal)
