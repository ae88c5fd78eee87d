"""Ends a request's work the moment nobody wants its answer any more; hides how that is noticed."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any

from passenger.errors import Failure
from passenger.server.stream import ClientGone, Stream


class Lifelines:
    """The requests being served now."""

    def __init__(self) -> None:
        self._open: set[_Lifeline] = set()

    def __len__(self) -> int:
        return len(self._open)

    def of(self, stream: Stream) -> "_Lifeline":
        """A block that is left as soon as the client is gone.

        Raises:
            ClientGone: from within the block.
        """
        return _Lifeline(self._open, stream)

    def cut_all(self, failure: Failure) -> None:
        """End every request with this failure, each with a copy of its own: it is raised in all of them."""
        for lifeline in list(self._open):
            lifeline.cut(failure.but)


class _Lifeline:
    __slots__ = ("_among", "_reason", "_stream", "_work")

    def __init__(self, among: set["_Lifeline"], stream: Stream) -> None:
        self._among = among
        self._stream = stream
        self._reason: Callable[[], Exception] | None = None
        self._work: asyncio.Task[Any] | None = None

    def cut(self, reason: Callable[[], Exception]) -> None:
        """Leave the block with the exception that this makes."""
        if self._reason is None and self._work is not None:
            self._reason = reason
            self._work.cancel()

    def __enter__(self) -> None:
        self._work = asyncio.current_task()
        self._stream.on_gone = self._gone
        self._among.add(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._among.discard(self)
        self._stream.on_gone = None
        work, reason = self._work, self._reason
        self._work = self._reason = None
        if reason is None or work is None or not isinstance(error, asyncio.CancelledError):
            return
        work.uncancel()
        try:
            raise reason() from None
        finally:
            del reason, error  # their tracebacks hold this frame: a circle would keep the request's body

    def _gone(self) -> None:
        self.cut(ClientGone)
