"""Responses that are made in the background: a task owns the call to Copilot, and the store keeps what comes.

The client may leave, come back and follow the events from where it was, or cancel. When the log of events is closed,
the response has its last status.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

from msgspec import Struct

from passenger.dialects.copilot_errors import incomplete
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange, Outcome
from passenger.gateway.event_sink import EventSink
from passenger.gateway.recorder import Recorder
from passenger.gateway.response import GatewayResponse
from passenger.state.store import EventLog, LostError, PlaceStore
from passenger.state.stored import Status

log = logging.getLogger(__name__)

AT_ONCE = 4
"""How many run at once, unless the settings say otherwise."""

RETRY = "10"
"""Seconds after which to ask again where too many run."""

A_MOMENT = 3.0
"""Seconds that the last words may take when the server stops."""

STOPPED = Failure(Kind.INTERNAL, "Passenger was stopped before the response was complete", code="server_error")


LOST = Failure(
    Kind.INTERNAL,
    "what had come of the response is lost: what keeps it was started anew, or has deleted it",
    code="server_error",
)


class CancelledByClient(Exception):  # noqa: N818 - not an error
    """A client has cancelled its response."""


class Cancellable(Protocol):
    """A block that can be cancelled."""

    def cancel(self, reason: Callable[[], Exception]) -> None:
        """Cancel it; it ends with the exception that `reason` makes."""
        ...


class WrittenEvents(Protocol):
    """Some events, and what the response has become by them."""

    events: list[bytes]
    status: str | None
    """None where it stays as it is."""
    response: bytes
    """The response object."""


class EventWriter(Protocol):
    """Writes the events of one response, numbered."""

    failure: Failure | None
    """What went wrong, as the answer itself has told."""

    def queued(self) -> WrittenEvents:
        """The first events."""
        ...

    def feed(self, piece: bytes) -> WrittenEvents:
        """The events that a piece of the answer completes."""
        ...

    def ended(self, failure: Failure | None) -> WrittenEvents:
        """The last event of a response that has no end of its own: it failed, or was cancelled (None)."""
        ...


class BackgroundStore(EventLog, PlaceStore, Protocol):
    """Where the events of responses are kept, and how many are made at once."""


class BackgroundJob(Struct):
    """A response to make."""

    owner: str
    id: str
    events: EventWriter
    exchange: Exchange
    """Its record, which is made when it ends."""
    keep: Callable[[bytes], Awaitable[str | None]]
    """Keeps the response object as it is now; None, or why that cannot be."""
    ask: Callable[[], Awaitable[GatewayResponse]]
    """Asks for its answer, which is a stream."""
    admit: Callable[[], AbstractContextManager[Cancellable]]
    """Takes over its place among the requests that are served: a block in which it counts."""
    release: Callable[[], None] = lambda: None
    """Called when it has ended."""


class Background:
    """The responses that are made in the background by this process; `at_once` counts those of all workers."""

    def __init__(self, store: BackgroundStore, recorder: Recorder, at_once: int = AT_ONCE) -> None:
        self._store = store
        self._recorder = recorder
        self._at_once = at_once
        self._tasks: set[asyncio.Task[None]] = set()
        self._beginning = 0

    def __len__(self) -> int:
        return len(self._tasks) + self._beginning

    def check_room(self) -> None:
        """Refuse another one.

        Raises:
            Failure: too many run already.
        """
        if len(self) >= self._at_once:
            raise self._full()

    def _full(self) -> Failure:
        message = f"{self._at_once} responses are made in the background already ([state] background)"
        return Failure(Kind.RATE_LIMIT, message, code="too_many_background", retry_after=RETRY)

    async def start(self, job: BackgroundJob) -> bytes:
        """Keep a response as queued, and make it in a task of its own; the response object as it is now.

        Raises:
            Failure: too many run, or it cannot be kept.
        """
        self.check_room()
        self._beginning += 1
        try:
            give_back = await self._store.take_place("background", self._at_once)
            if give_back is None:
                raise self._full()
            return await self._start(job, give_back)
        finally:
            self._beginning -= 1

    async def _start(self, job: BackgroundJob, give_back: Callable[[], None]) -> bytes:
        """The same, in its place, which is given back when it has ended."""
        with ExitStack() as place:
            place.callback(give_back)
            queued = job.events.queued()
            if (why := await job.keep(queued.response)) is not None:
                message = f"a response in the background has to be kept, which cannot be: {why}"
                raise Failure(Kind.UNAVAILABLE, message, code="not_kept", retry_after=RETRY)
            await self._store.append(job.owner, job.id, 0, queued.events)
            making = _Making(self._store, self._recorder, job, job.admit(), len(queued.events))
            task = asyncio.create_task(making.run(), name=f"background {job.id}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            held = place.pop_all()
            task.add_done_callback(lambda _: held.close())
        return queued.response

    async def aclose(self) -> None:
        """Wait a moment for those that were told to stop, then stop the others."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=A_MOMENT)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=A_MOMENT)


class _Making:
    """The making of one response; `written` events of it are in the log already."""

    def __init__(
        self,
        store: EventLog,
        recorder: Recorder,
        job: BackgroundJob,
        admission: AbstractContextManager[Cancellable],
        written: int,
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._job = job
        self._admission = admission
        self._written = written
        self._is_over = False

    async def run(self) -> None:
        """Make it. However it ends, its last event is written, its log closed, and its record made."""
        ending: Failure | Status | None = STOPPED
        try:
            await self._make()
            ending = None
        except CancelledByClient:
            ending = Status.CANCELLED
        except LostError:
            ending = None if self._is_over else LOST
        except Failure as failure:
            ending = STOPPED if failure.code == "shutting_down" else failure.but()
        except Exception:
            log.exception("a response in the background failed")
            ending = Failure(Kind.INTERNAL, "Passenger failed; its log says more", code="server_error")
        finally:
            await self._finish(ending)

    async def _make(self) -> None:
        """Bring the answer to the store as it comes, until its end or until it is cancelled."""
        job, sink = self._job, EventSink(self._take)
        with self._admission as admitted:
            watching = asyncio.create_task(self._store.cancelled(job.owner, job.id))
            watching.add_done_callback(lambda done: _cancel(admitted, done))
            writing = asyncio.create_task(sink.run())
            writing.add_done_callback(lambda done: _cancel(admitted, done, only_failed=True))
            try:
                with await job.ask() as delivery:
                    if isinstance(delivery.content, bytes):
                        raise TypeError("a stream was asked for")
                    await delivery.content(sink)
            finally:
                watching.cancel()
                sink.end()
                await asyncio.wait({writing})
            writing.result()

    async def _take(self, data: bytes) -> None:
        """Write the events of some pieces."""
        await self._write(self._job.events.feed(data))

    async def _write(self, batch: WrittenEvents) -> None:
        """Keep what the response has become, then bring the events to those who follow."""
        job = self._job
        if batch.status is not None:
            self._is_over = Status(batch.status).is_final
            await job.keep(batch.response)
        if batch.events:
            await self._store.append(job.owner, job.id, self._written, batch.events)
            self._written += len(batch.events)

    async def _finish(self, ending: Failure | Status | None) -> None:
        """Write the last event if there was none, close the log, and record what happened."""
        job = self._job
        exchange, events = job.exchange, job.events
        try:
            if not self._is_over:
                ending = ending or events.failure or incomplete()
                await self._write(events.ended(ending if isinstance(ending, Failure) else None))
            await self._store.close_log(job.owner, job.id)
        except (Failure, LostError) as error:
            log.warning("the events of a response in the background are lost: %s", str(error) or LOST.message)
        finally:
            job.release()
            exchange.status = 200
            if isinstance(ending, Failure):
                exchange.fail(ending, Outcome.BROKEN)
            elif ending is Status.CANCELLED:
                exchange.leave()
            else:
                exchange.complete()
            self._recorder.record(exchange)


def _cancel(admitted: Cancellable, done: asyncio.Task[None], *, only_failed: bool = False) -> None:
    """Cancel a response, because a client wants that or because its events cannot be kept."""
    if done.cancelled():
        return
    error = done.exception()
    if isinstance(error, Exception):
        admitted.cancel(lambda: error)
    elif not only_failed:
        admitted.cancel(CancelledByClient)


async def wait_for_end(store: EventLog, owner: str, response: str, seconds: float) -> None:
    """Wait until the log of a response is closed, but not longer than that.

    Raises:
        LostError: there is no such log.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for _ in store.follow(owner, response, _NONE):
                pass


_NONE = 2**62
"""No event has a higher number."""
