"""Finds the call that a tool's result answers, for clients that send results without ids."""

from collections import defaultdict, deque

from passenger.chat.prompt import ToolCall

_Queue = deque[int]
"""Numbers of calls in their order; answered ones are removed when they reach the front."""


class PendingCalls:
    """The calls of the latest turn that have no result yet."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._calls: dict[int, ToolCall] = {}
        self._count = 0
        self._all = _Queue()
        self._by_id: defaultdict[str, _Queue] = defaultdict(deque)
        self._by_name: defaultdict[str, _Queue] = defaultdict(deque)
        self._answered = False

    def add(self, calls: list[ToolCall]) -> None:
        """Add calls of the model. Calls after a result begin a new turn."""
        if calls and self._answered:
            self._clear()
        for call in calls:
            self._append(call)

    def end_turn(self) -> None:
        """End the turn: the next calls begin a new one."""
        self._answered = True

    def take(self, call_id: str | None, name: str | None) -> ToolCall | None:
        """Remove and return the call that a result answers: by id, else the first of that name, else the first."""
        self._answered = True
        number = self._first(self._by_id[call_id]) if call_id else None
        if number is None and name:
            number = self._first(self._by_name[name])
        if number is None:
            number = self._first(self._all)
        return None if number is None else self._calls.pop(number)

    def _append(self, call: ToolCall) -> None:
        self._calls[self._count] = call
        for queue in (self._all, self._by_id[call.id], self._by_name[call.name]):
            queue.append(self._count)
        self._count += 1

    def _first(self, queue: _Queue) -> int | None:
        while queue and queue[0] not in self._calls:
            queue.popleft()
        return queue[0] if queue else None
