"""The requests being served: how many, and bytes of their bodies, at once, and what cancels them.

More are refused with `Retry-After`. The work on a request is cancelled once its client has gone, or once the server has
to stop.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, Self

from passenger.errors import Failure, Kind
from passenger.limits import Limits
from passenger.server.http.stream import ClientGone, Stream

SMALL = 64 * 1024
"""Bytes up to which a body is always admitted: large ones are refused first."""

VALUE = 96
"""Bytes counted for each value in the JSON of a body, which it takes in memory while its request waits."""


class InflightRequests:
    """The requests being served now by this process."""

    def __init__(self, max_requests: int = Limits().max_requests, max_bytes: int = Limits().max_body_memory) -> None:
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._open: set[InflightRequest] = set()
        self._emptied = asyncio.Event()
        self.bytes = 0
        """Bytes of all their bodies."""

    def __len__(self) -> int:
        return len(self._open)

    def of(self, stream: Stream) -> "InflightRequest":
        """A block in which a request is counted, and which is cancelled once the client has gone.

        Raises:
            Failure: on entering, if there are too many already.
            ClientGone: from within the block.
        """
        return InflightRequest(self, stream)

    def cancel_all(self, failure: Failure) -> None:
        """Cancel every request; each ends with a copy of the failure."""
        for request in list(self._open):
            request.cancel(failure.but)

    def keys(self) -> frozenset[str]:
        """The ids of the team's keys with which requests are being served."""
        return frozenset(request.key for request in self._open if request.key)

    def cancel_keys(self, keys: Collection[str], failure: Failure) -> None:
        """Cancel every request with one of these keys; each ends with a copy of the failure."""
        for request in list(self._open):
            if request.key in keys:
                request.cancel(failure.but)

    async def wait_until_empty(self) -> None:
        """Wait until none is served."""
        while self._open:
            self._emptied.clear()
            await self._emptied.wait()

    # --- what a request calls ----------------------------------------------------------------------------------------

    def enter(self, request: "InflightRequest") -> None:
        """Count a request."""
        if request.has_client and len(self._open) >= self._max_requests:
            raise _overloaded(f"{self._max_requests} requests are being served already ([limits] max_requests)")
        self._open.add(request)

    def hold(self, held: int, more: int) -> None:
        """Count more bytes of a body of which `held` are counted already."""
        if held + more > SMALL and self.bytes + more > self._max_bytes:
            raise _overloaded("too many large requests are being served already ([limits] max_body_memory)")
        self.bytes += more

    def leave(self, request: "InflightRequest", held: int) -> None:
        """Stop counting a request and its bytes."""
        self._open.discard(request)
        self.bytes -= held
        if not self._open:
            self._emptied.set()


class InflightRequest:
    """One request while its block runs."""

    __slots__ = ("_all", "_held", "_reason", "_stream", "_work", "key")

    def __init__(self, among: InflightRequests, stream: Stream | None) -> None:
        self._all = among
        self._stream = stream
        self._held = 0
        self._reason: Callable[[], Exception] | None = None
        self._work: asyncio.Task[Any] | None = None
        self.key = ""
        """The id of the team's key with which it was made, empty for none."""

    @property
    def has_client(self) -> bool:
        """Whether it has a client; one that was handed over was admitted with its client."""
        return self._stream is not None

    def hold(self, more: int) -> None:
        """Count more bytes of its body.

        Raises:
            Failure: there is no room for them.
        """
        self._all.hold(self._held, more)
        self._held += more

    def weigh(self, values: int) -> None:
        """Count the values in the JSON of its body, all of which is there.

        Raises:
            Failure: there is no room for them.
        """
        more = VALUE * values
        if self._held > SMALL:
            self._all.hold(self._held, more)
        else:
            self._all.bytes += more
        self._held += more

    def cancel(self, reason: Callable[[], Exception]) -> None:
        """Cancel the block; it ends with the exception that `reason` makes."""
        if self._reason is None and self._work is not None:
            self._reason = reason
            self._work.cancel()

    def hand_over(self) -> "InflightRequest":
        """A block of another task, in which the request goes on to be counted whatever its client does."""
        other = InflightRequest(self._all, None)
        other._held, self._held = self._held, 0
        other.key = self.key
        return other

    @contextmanager
    def ignoring_disconnect(self) -> Iterator[None]:
        """A block that is not cancelled because its client has gone; what follows it is."""
        stream = self._stream
        if stream is None:
            yield
            return
        stream.on_disconnect = None
        yield
        if stream.gone:
            self._disconnect()
        else:
            stream.on_disconnect = self._disconnect

    def ignore_disconnect(self) -> None:
        """Go on without the client once that has gone."""
        if self._stream is not None:
            self._stream.on_disconnect = None
            self._stream.outlives_client = True

    def __enter__(self) -> Self:
        self._all.enter(self)
        self._work = asyncio.current_task()
        if self._stream is not None:
            self._stream.on_disconnect = self._disconnect
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        self._all.leave(self, self._held)
        if self._stream is not None:
            self._stream.on_disconnect = None
        work, reason = self._work, self._reason
        self._work = self._reason = None
        if reason is None or work is None or not isinstance(error, asyncio.CancelledError):
            return
        work.uncancel()
        try:
            raise reason() from None
        finally:
            del reason, error  # their tracebacks hold this frame: a circle would keep the request's body

    def _disconnect(self) -> None:
        self.cancel(ClientGone)


def _overloaded(message: str) -> Failure:
    return Failure(Kind.UNAVAILABLE, message, code="overloaded", retry_after="1")
