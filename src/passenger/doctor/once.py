"""What several checks need to know and nobody should ask twice."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """An answer that is asked for when it is first needed; all who need it get the same one, or the same error."""

    def __init__(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._ask = ask
        self._task: asyncio.Task[T] | None = None

    def __call__(self) -> Awaitable[T]:
        """The answer. Who stops waiting for it does not stop it for the others."""
        if self._task is None:
            self._task = asyncio.create_task(self._ask())
            self._task.add_done_callback(_seen)
        return asyncio.shield(self._task)


def _seen(task: "asyncio.Task[T]") -> None:
    """Take note of an error that nobody may be left to hear of."""
    if not task.cancelled():
        task.exception()
