"""The parts of a streamed answer, which upstream may interleave, in a row: part k+1 waits for the end of part k."""

import heapq
import sys
from collections.abc import Iterator
from io import StringIO

from passenger.chat.events import PARTS_LIMIT, Cite, Delta, Event, PartKind, PartStart, PartStop, too_many_parts
from passenger.chat.prompt import Signature
from passenger.errors import Failure, Kind
from passenger.jsontext.surrogates import join_surrogates

PartPosition = tuple[int, int]
"""The index of an item in the output, and of the part in the item."""

END = sys.maxsize
"""The part index that stands for the end of an item."""


class OpenPart:
    """One part: the text that has come, and what of it is still to be sent."""

    def __init__(self, start: PartStart) -> None:
        self.start = start
        self.signature: Signature | None = None
        self.closed = False
        self.sent = False
        self.waiting: list[str] = []
        self.cited: list[Cite] = []
        """Citations still to be sent."""
        self._texts: dict[int, StringIO] = {}
        self._complete: set[int] = set()
        """The indexes of the texts that came whole."""

    @property
    def kind(self) -> PartKind:
        """What it is."""
        return self.start.kind

    def add(self, text: str | None, index: int = 0) -> None:
        """Add text. A reasoning summary has several, joined by an empty line. Fails where the part has ended."""
        if not text:
            if text is None:
                raise _bad("has a piece without its words")
            return
        if self.closed:
            raise _bad("goes on with a part that has ended")
        text_so_far = self._texts.get(index)
        if text_so_far is None:
            text_so_far = self._begin(index)
        text_so_far.write(text)
        self.waiting.append(text)

    def pass_on(self, text: str) -> bool:
        """Add text that goes down at once, if nothing waits before it. Returns whether it did."""
        text_so_far = self._texts.get(0)
        if text_so_far is None or self.closed or not self.sent or self.waiting or self.cited:
            return False
        text_so_far.write(text)
        return True

    def add_rest(self, text: str | None, index: int = 0) -> None:
        """Add what a whole text has beyond the pieces that came. Fails where it contradicts them or another whole."""
        if text is None:
            return
        text_so_far = self._texts[index].getvalue() if index in self._texts else ""
        if not text.startswith(text_so_far) and not text.startswith(text_so_far := join_surrogates(text_so_far)):
            raise _bad("says a text whose whole differs from its pieces")
        if index in self._complete and len(text) > len(text_so_far):
            raise _bad("says two wholes of one text")
        self.add(text[len(text_so_far) :], index)

    def complete(self, text: str | None, index: int = 0) -> None:
        """Add the rest of a whole text, to which nothing can be added later; fails as `add_rest` does."""
        self.add_rest(text, index)
        if text:
            self._complete.add(index)

    @property
    def text(self) -> str:
        """All of its text so far."""
        return "".join(piece.getvalue() for piece in self._texts.values())

    def _begin(self, index: int) -> StringIO:
        if self._texts:
            self.waiting.append("\n\n")
        if len(self._texts) >= PARTS_LIMIT:
            raise too_many_parts()
        text_so_far = self._texts[index] = StringIO(newline="")
        return text_so_far

    @property
    def silent(self) -> bool:
        """Whether there is nothing to send yet: reasoning without text, a call without a name."""
        if self.kind == "reasoning":
            return not self.waiting and not (self.closed and self.signature)
        return self.kind == "call" and not (self.start.name and self.start.id)


class PartSequencer:
    """The parts of one answer by their position. The parts of an announced item come before those of later items."""

    def __init__(self) -> None:
        self._waiting: list[PartPosition] = []
        self._current: OpenPart | None = None
        self._items: dict[int, list[OpenPart]] = {}
        self._announced: dict[int, bool] = {}
        """Whether an item that was announced is still open."""
        self._inserted: dict[PartPosition, tuple[Event, ...]] = {}
        """The events that stand between parts, by the position of their item."""
        self._between = 0
        self.parts: dict[PartPosition, OpenPart] = {}

    def at(self, position: PartPosition, kind: PartKind) -> OpenPart:
        """The part at a position, a new one where there is none. Fails where one of another kind is there."""
        found = self.parts.get(position)
        if found is None:
            return self._begin(position, kind)
        if found.start.kind != kind:
            raise _bad(f"calls a part {found.start.kind}, then {kind}")
        return found

    def pass_on(self, position: PartPosition, text: str | None) -> bool:
        """Add text to the part that is being sent, if it can go down at once. Returns whether it did."""
        part = self._current
        if not text or part is None or self.parts.get(position) is not part or part.kind != "text":
            return False
        return part.pass_on(text)

    def announce(self, index: int) -> None:
        """Reserve the place of an item whose parts have not begun."""
        if index not in self._announced:
            self._announced[index] = True
            self._enqueue((index, END))

    def insert(self, index: int, events: tuple[Event, ...]) -> None:
        """Put the events of an item that has no parts in its place."""
        self._enqueue((index, 0))
        self._inserted[index, 0] = events
        self._between += 1

    def text(self) -> str:
        """The text of the answer so far, in the order of the positions."""
        parts = (self.parts[position] for position in sorted(self.parts))
        return "".join(part.text for part in parts if part.kind == "text")

    def finish(self, index: int) -> None:
        """Close all parts of an item."""
        self._announced[index] = False
        for part in self._items.get(index, ()):
            part.closed = True

    def drain(self) -> Iterator[Event]:
        """The events that can be sent now."""
        while (part := self._current or self._next()) is not None:
            if isinstance(part, tuple):
                yield from part
                continue
            self._current = part
            yield from _events(part)
            if not part.closed:
                return
            self._current = None

    def close(self) -> None:
        """Close all parts at the end of the answer."""
        self._announced = dict.fromkeys(self._announced, False)
        for position in self._waiting:
            if position in self.parts:
                self.parts[position].closed = True
        if self._current is not None:
            self._current.closed = True

    def _begin(self, position: PartPosition, kind: PartKind) -> OpenPart:
        self._enqueue(position)
        part = self.parts[position] = OpenPart(PartStart(kind))
        self._items.setdefault(position[0], []).append(part)
        return part

    def _enqueue(self, position: PartPosition) -> None:
        if len(self.parts) + len(self._announced) + self._between >= PARTS_LIMIT:
            raise too_many_parts()
        heapq.heappush(self._waiting, position)

    def _next(self) -> OpenPart | tuple[Event, ...] | None:
        """The first part in the queue, or what stands before it; None while it has not begun."""
        while self._waiting:
            first = self._waiting[0]
            if first not in self.parts and first not in self._inserted and self._announced[first[0]]:
                return None
            heapq.heappop(self._waiting)
            if first in self._inserted:
                return self._inserted.pop(first)
            if first in self.parts:
                return self.parts[first]
        return None


def _events(part: OpenPart) -> Iterator[Event]:
    if not part.sent:
        if part.silent:
            if part.closed and part.kind == "call":
                raise Failure(Kind.UPSTREAM, "Copilot called a tool without saying which", code="bad_answer")
            return
        part.sent = True
        yield part.start
    if part.waiting:
        yield Delta("".join(part.waiting))
        part.waiting.clear()
    if part.cited:
        yield from part.cited
        part.cited.clear()
    if part.closed:
        yield PartStop(part.signature)


def _bad(what: str) -> Failure:
    return Failure(Kind.UPSTREAM, f"Copilot's stream {what}", code="bad_event")
