"""Ends a request's work the moment nobody wants its answer any more; hides how that is noticed."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from types import TracebackType
from typing import Any

from passenger.errors import Failure

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class ClientGone(Exception):  # noqa: N818 - it is nobody's error
    """The client closed its connection before it had the whole answer."""


class Lifelines:
    """The requests being served now."""

    def __init__(self) -> None:
        self._open: set[_Lifeline] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._open)

    def of(self, receive: Receive) -> "_Lifeline":
        """A block that is left as soon as the client is gone.

        Raises:
            ClientGone: from within the block.
        """
        return _Lifeline(self, receive)

    def cut_all(self, failure: Failure) -> None:
        """End every request with this failure."""
        for lifeline in list(self._open):
            lifeline.cut(failure)

    async def ended(self) -> None:
        """Wait until no request is being served."""
        await self._idle.wait()

    def _add(self, lifeline: "_Lifeline") -> None:
        self._open.add(lifeline)
        self._idle.clear()

    def _discard(self, lifeline: "_Lifeline") -> None:
        self._open.discard(lifeline)
        if not self._open:
            self._idle.set()


class _Lifeline:
    def __init__(self, lifelines: Lifelines, receive: Receive) -> None:
        self._lifelines = lifelines
        self._receive = receive
        self._reason: Exception | None = None
        self._work: asyncio.Task[Any] | None = None
        self._watch: asyncio.Task[None] | None = None

    def cut(self, reason: Exception) -> None:
        """Leave the block with this exception."""
        if self._reason is None and self._work is not None:
            self._reason = reason
            self._work.cancel()

    async def __aenter__(self) -> None:
        self._work = asyncio.current_task()
        self._watch = asyncio.create_task(self._listen(), name="client-watch")
        self._lifelines._add(self)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lifelines._discard(self)
        if self._watch is not None:
            self._watch.cancel()
        if self._reason is not None and isinstance(error, asyncio.CancelledError) and self._work is not None:
            self._work.uncancel()
            raise self._reason from None

    async def _listen(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while (await self._receive())["type"] != "http.disconnect":
                pass
            self.cut(ClientGone())
