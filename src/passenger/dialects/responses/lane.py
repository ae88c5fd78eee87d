"""Parts of an answer that upstream may interleave, brought into one line: part k+1 waits until part k is whole."""

import heapq
import sys
from collections.abc import Iterator
from io import StringIO

from passenger.chat import Seal
from passenger.dialects.surrogate_pairs import whole
from passenger.errors import Failure, Kind
from passenger.events import PARTS_LIMIT, Cite, Delta, Event, PartKind, PartStart, PartStop, too_many_parts

Place = tuple[int, int]
"""The index of an item in the output, and of the part in the item."""

END = sys.maxsize
"""The part that stands for an item's end."""


class Segment:
    """One part on its way: what has been said of it, and what of that is still to be sent."""

    def __init__(self, start: PartStart) -> None:
        self.start = start
        self.seal: Seal | None = None
        self.closed = False
        self.sent = False
        self.waiting: list[str] = []
        self.cited: list[Cite] = []
        """Where its words come from, as far as that is still to be sent."""
        self._said: dict[int, StringIO] = {}
        self._settled: set[int] = set()
        """The texts whose whole was said."""

    @property
    def kind(self) -> PartKind:
        """What it is."""
        return self.start.kind

    def add(self, text: str | None, index: int = 0) -> None:
        """Take more words; a thought's summary comes in several texts, with an empty line between them.

        Raises:
            Failure: the part has ended, or there are no words where some should be.
        """
        if not text:
            if text is None:
                raise _bad("has a piece without its words")
            return
        if self.closed:
            raise _bad("goes on with a part that has ended")
        said = self._said.get(index)
        if said is None:
            said = self._begin(index)
        said.write(text)
        self.waiting.append(text)

    def pass_on(self, text: str) -> bool:
        """Take more words that are told at once, where nothing waits before them; whether they were taken."""
        said = self._said.get(0)
        if said is None or self.closed or not self.sent or self.waiting or self.cited:
            return False
        said.write(text)
        return True

    def reach(self, text: str | None, index: int = 0) -> None:
        """Take what a whole text has beyond the pieces of it that came.

        Raises:
            Failure: it does not begin with them, or says more than a whole that was said.
        """
        if text is None:
            return
        said = self._said[index].getvalue() if index in self._said else ""
        if not text.startswith(said) and not text.startswith(said := whole(said)):
            raise _bad("says a text whose whole differs from its pieces")
        if index in self._settled and len(text) > len(said):
            raise _bad("says two wholes of one text")
        self.add(text[len(said) :], index)

    def settle(self, text: str | None, index: int = 0) -> None:
        """Take a whole text as `reach` does; nothing can be beyond it."""
        self.reach(text, index)
        if text:
            self._settled.add(index)

    @property
    def words(self) -> str:
        """All that has been said of it."""
        return "".join(said.getvalue() for said in self._said.values())

    def _begin(self, index: int) -> StringIO:
        if self._said:
            self.waiting.append("\n\n")
        if len(self._said) >= PARTS_LIMIT:
            raise too_many_parts()
        said = self._said[index] = StringIO(newline="")
        return said

    @property
    def silent(self) -> bool:
        """Whether there is nothing to say of it yet: a thought without words, a call without a name."""
        if self.kind == "thought":
            return not self.waiting and not (self.closed and self.seal)
        return self.kind == "call" and not (self.start.name and self.start.id)


class Lane:
    """The segments of one answer, by their place; those of an item that was announced come before later items."""

    def __init__(self) -> None:
        self._line: list[Place] = []
        self._current: Segment | None = None
        self._items: dict[int, list[Segment]] = {}
        self._announced: dict[int, bool] = {}
        """Whether an item that was announced is still open."""
        self.seen: dict[Place, Segment] = {}

    def at(self, place: Place, kind: PartKind) -> Segment:
        """The segment of that place, a new one where there is none.

        Raises:
            Failure: something else is there.
        """
        found = self.seen.get(place)
        if found is None:
            return self._begin(place, kind)
        if found.start.kind != kind:
            raise _bad(f"has a {kind} where a {found.start.kind} is")
        return found

    def pass_on(self, place: Place, text: str | None) -> bool:
        """Take more words of the text that is being told, where they can be told at once; whether they were taken."""
        segment = self._current
        if not text or segment is None or self.seen.get(place) is not segment or segment.kind != "text":
            return False
        return segment.pass_on(text)

    def announce(self, index: int) -> None:
        """Let an item's parts come before those of later items, though none has begun."""
        if index not in self._announced:
            self._announced[index] = True
            self._queue((index, END))

    def words(self) -> str:
        """The text of the answer so far, in the order of its places."""
        return "".join(self.seen[place].words for place in sorted(self.seen) if self.seen[place].kind == "text")

    def finish(self, index: int) -> None:
        """Close the segments of one item."""
        self._announced[index] = False
        for segment in self._items.get(index, ()):
            segment.closed = True

    def drain(self) -> Iterator[Event]:
        """The events that can be sent now."""
        while (segment := self._current or self._next()) is not None:
            self._current = segment
            yield from _events(segment)
            if not segment.closed:
                return
            self._current = None

    def close(self) -> None:
        """Close what is still open: the answer has ended."""
        self._announced = dict.fromkeys(self._announced, False)
        for place in self._line:
            if place in self.seen:
                self.seen[place].closed = True
        if self._current is not None:
            self._current.closed = True

    def _begin(self, place: Place, kind: PartKind) -> Segment:
        self._queue(place)
        segment = self.seen[place] = Segment(PartStart(kind))
        self._items.setdefault(place[0], []).append(segment)
        return segment

    def _queue(self, place: Place) -> None:
        if len(self.seen) + len(self._announced) >= PARTS_LIMIT:
            raise too_many_parts()
        heapq.heappush(self._line, place)

    def _next(self) -> Segment | None:
        """The first segment in line, None where there is none yet."""
        while self._line:
            first = self._line[0]
            if first not in self.seen and self._announced[first[0]]:
                return None
            heapq.heappop(self._line)
            if first in self.seen:
                return self.seen[first]
        return None


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
    if segment.cited:
        yield from segment.cited
        segment.cited.clear()
    if segment.closed:
        yield PartStop(segment.seal)


def _bad(what: str) -> Failure:
    return Failure(Kind.UPSTREAM, f"Copilot's stream {what}", code="bad_event")
