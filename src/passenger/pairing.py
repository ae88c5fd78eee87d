"""Which call a tool's result answers; it hides that most clients send results without ids."""

from collections import defaultdict, deque

from passenger.chat import ToolCall

_Line = deque[int]
"""Numbers of calls in their order; those that have been answered are left out when they come to the front."""


class Pending:
    """The calls of the latest turn that have no result yet."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._open: dict[int, ToolCall] = {}
        self._count = 0
        self._all = _Line()
        self._by_id: defaultdict[str, _Line] = defaultdict(deque)
        self._by_name: defaultdict[str, _Line] = defaultdict(deque)
        self._answered = False

    def called(self, calls: list[ToolCall]) -> None:
        """The assistant has called; calls that come after a result are those of a new turn."""
        if calls and self._answered:
            self._clear()
        for call in calls:
            self._add(call)

    def closed(self) -> None:
        """Somebody else has spoken, so the next calls are those of a new turn."""
        self._answered = True

    def take(self, call_id: str | None, name: str | None) -> ToolCall | None:
        """The call that a result answers: by id, else the first of that name, else the first; None without any."""
        self._answered = True
        number = self._first(self._by_id[call_id]) if call_id else None
        if number is None and name:
            number = self._first(self._by_name[name])
        if number is None:
            number = self._first(self._all)
        return None if number is None else self._open.pop(number)

    def _add(self, call: ToolCall) -> None:
        self._open[self._count] = call
        for line in (self._all, self._by_id[call.id], self._by_name[call.name]):
            line.append(self._count)
        self._count += 1

    def _first(self, line: _Line) -> int | None:
        while line and line[0] not in self._open:
            line.popleft()
        return line[0] if line else None
