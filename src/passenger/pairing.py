"""Which call a tool's result answers; it hides that most clients send results without ids."""

from collections import deque
from collections.abc import Callable

from passenger.chat import ToolCall


class Pending:
    """The calls of the latest turn that have no result yet."""

    def __init__(self) -> None:
        self._calls = deque[ToolCall]()
        self._answered = False

    def called(self, calls: list[ToolCall]) -> None:
        """The assistant has called; calls that come after a result are those of a new turn."""
        if calls and self._answered:
            self._calls.clear()
            self._answered = False
        self._calls += calls

    def closed(self) -> None:
        """Somebody else has spoken, so the next calls are those of a new turn."""
        self._answered = True

    def take(self, call_id: str | None, name: str | None) -> ToolCall | None:
        """The call that a result answers: by id, else the first of that name, else the first; None without any."""
        self._answered = True
        call = self._find(lambda call: call.id == call_id) if call_id else None
        if call is None and name:
            call = self._find(lambda call: call.name == name)
        if call is None:
            call = self._calls[0] if self._calls else None
        if call is not None:
            self._calls.remove(call)
        return call

    def _find(self, suits: Callable[[ToolCall], bool]) -> ToolCall | None:
        return next((call for call in self._calls if suits(call)), None)
