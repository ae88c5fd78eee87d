"""The tool calls of a stream, told one after the other; it hides how upstream cuts, mixes and numbers them.

A delta that has another id than the call before it at its place begins a new call: Claude numbers all of them 0.
"""

from collections import deque
from collections.abc import Iterator

from passenger.arguments import unwrap_input
from passenger.dialects.completions.chunks import CallPiece, Function
from passenger.dialects.surrogate_pairs import whole
from passenger.errors import Failure, Kind
from passenger.events import PARTS_LIMIT, Delta, Event, PartStart, PartStop, too_many_parts
from passenger.toolnames import Names

Place = tuple[int, int]
"""Which choice, and the index in it."""

_NOTHING = Function()


class _Call:
    """What is known of one call, and what waits for its turn."""

    def __init__(self, call_id: str) -> None:
        self.id = call_id
        self.name = ""
        self.waiting: list[str] = []
        self.started = False
        self.custom = False
        self.over = False
        """Nothing can come of it any more."""
        self.ended = False
        """All of it has been told."""


_NOBODY = deque[_Call](maxlen=0)
"""The line of an answer that calls no tool: a deque of its own takes 600 bytes."""


class Calls:
    """The calls of one answer. The first of the line is the one that is being told."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._at: dict[Place, _Call] = {}
        self._line = _NOBODY
        self.count = 0

    def take(self, place: Place, piece: CallPiece) -> Iterator[Event]:
        """What one piece of a call lets be told.

        Raises:
            Failure: it belongs to no call, or to one that has ended.
        """
        function = piece.function or _NOTHING
        call = self._find(place, piece, function)
        if call is None:
            return
        call.name = call.name or function.name or ""
        if function.arguments:
            call.waiting.append(function.arguments)
        while self._line[0].over:
            yield from self._end(self._line.popleft())
        yield from self._tell(self._line[0])

    def close(self) -> Iterator[Event]:
        """End the call that is being told, and tell those that had to wait for it."""
        while self._line:
            yield from self._end(self._line.popleft())

    def _find(self, place: Place, piece: CallPiece, function: Function) -> _Call | None:
        call = self._at.get(place)
        if (piece.id and (call is None or piece.id != call.id)) or (call is None and function.name):
            return self._begin(place, piece.id)
        if call is not None and not call.ended:
            return call
        if function.arguments:
            raise Failure(Kind.UPSTREAM, "Copilot's stream has a piece of no tool call", code="bad_event")
        return None

    def _begin(self, place: Place, call_id: str | None) -> _Call:
        if self.count >= PARTS_LIMIT:
            raise too_many_parts()
        if place in self._at:
            self._at[place].over = True
        call = self._at[place] = _Call(call_id or f"call_{self.count}")
        if self._line is _NOBODY:
            self._line = deque()
        self._line.append(call)
        self.count += 1
        return call

    def _tell(self, call: _Call) -> Iterator[Event]:
        """As much as is known; the text of a custom tool only when it is whole."""
        if not call.started and call.name:
            yield self._start(call)
        if call.started and call.waiting and not call.custom:
            yield Delta("".join(call.waiting))
            call.waiting.clear()

    def _start(self, call: _Call) -> PartStart:
        tool = self._names.meant(call.name)
        call.started, call.custom = True, tool.custom
        return PartStart("call", call.id, tool.name, tool.namespace, tool.custom)

    def _end(self, call: _Call) -> Iterator[Event]:
        call.ended = True
        yield from self._tell(call)
        if not call.started:
            raise Failure(Kind.UPSTREAM, "Copilot's stream has a tool call without a name", code="bad_event")
        if call.custom and (text := unwrap_input(whole("".join(call.waiting)))):
            yield Delta(text)
        yield PartStop()
