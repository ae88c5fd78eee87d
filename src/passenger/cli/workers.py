"""`--workers`: processes that serve side by side, and the one that starts, watches and stops them and serves nobody.

Hides forks and pipes. The supervisor has neither an event loop nor a thread, so that what is forked is whole. Orders go
through a pipe to each worker and not as signals: Ctrl-C and service managers signal the whole group, and a worker could
not tell the second one that it gets from the second one that a person has sent.
"""

import contextlib
import logging
import math
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from passenger.cli.awake import AwakeClock
from passenger.cli.exits import FAILED, INTERRUPTED, OK
from passenger.cli.waker import Waker
from passenger.server.server import HURRIED, OVERDUE
from passenger.web.roster import Roster
from passenger.web.worker import BEAT, HEARTBEAT, HURRY, STOP, Place

log = logging.getLogger(__name__)

BACKOFF = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds after which a worker is replaced that has ended for the first, second, ... time in a row."""

SILENCE = 20.0
"""Seconds without a sign of life after which a worker is taken to hang: it is killed, and replaced as any that ends."""

STEADY = 60.0
"""Seconds of life after which an end is a first one again."""

ATTEMPTS = 3
"""Ends of one worker, before all have once served, after which there is no use in another."""


@dataclass
class _Worker:
    """A worker's place, and the process that fills it: `pid` is 0 while there is none."""

    number: int
    pid: int = 0
    orders: int = -1
    started: float = 0.0
    heard: float = 0.0
    """When it last gave a sign of life."""
    due: float = 0.0
    """When the next process is to be started."""
    ends: int = 0
    """How often in a row it has ended."""

    def order(self, what: bytes) -> None:
        with contextlib.suppress(OSError):  # it has ended, and nobody reads
            os.write(self.orders, what)

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        if self.orders >= 0:
            os.close(self.orders)
        self.orders = -1


class Supervisor:
    """Keeps so many workers at work. `work` serves in a forked process until told to stop, and gives its exit code.

    `sockets` are closed when the workers are told to stop, for which they may take `drain_timeout`. `on_serving` is
    called once, when all serve. The clock stands still while the supervisor does not run itself, so that a machine that
    slept, or a group of processes that was stopped, makes nobody look silent.
    """

    def __init__(
        self,
        workers: int,
        work: Callable[[Place], int],
        sockets: list[socket.socket],
        *,
        on_serving: Callable[[], None],
        drain_timeout: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workers = [_Worker(number) for number in range(workers)]
        self._work = work
        self._sockets = sockets
        self._on_serving = on_serving
        self._drain_timeout = drain_timeout
        self._clock = AwakeClock(clock)
        self._roster = Roster(workers)
        self._served = False
        self._stopping = False

    def run(self) -> int:
        """Supervise until a signal comes: exit 0 on SIGTERM, 130 on Ctrl-C; 1 where workers end as they start."""
        with Waker() as waker:
            while not waker.stops and not self._is_hopeless():
                self._start_due(waker)
                self._wait(waker, self._pause())
                self._reap()
                self._end_silent()
                self._say_once()
            self._stop(waker)
        if not waker.stops:
            return FAILED
        return INTERRUPTED if waker.stops[0] is signal.SIGINT else OK

    # --- starting ------------------------------------------------------------------------------------------------

    def _start_due(self, waker: Waker) -> None:
        for worker in self._workers:
            if worker.pid or worker.due > self._clock():
                continue
            worker.started = worker.heard = self._clock()
            try:
                self._start(worker, waker)
            except OSError as error:
                self._postpone(worker, f"worker {worker.number + 1} cannot be started: {error.strerror}")

    def _start(self, worker: _Worker, waker: Waker) -> None:
        reading, worker.orders = os.pipe()
        try:
            with waker.deaf():
                worker.pid = os.fork()
                if not worker.pid:
                    waker.forget()
                    self._close_orders()
            if not worker.pid:
                self._become(Place(self._roster, worker.number, reading, waker.bell, is_replacement=worker.ends > 0))
            log.debug("worker %d of %d is process %d", worker.number + 1, len(self._workers), worker.pid)
        finally:
            os.close(reading)
            if not worker.pid:
                worker.close()

    def _close_orders(self) -> None:
        """Close the supervisor's ends of all pipes: in a worker they would hide from the others that it has died."""
        for worker in self._workers:
            worker.close()

    def _become(self, place: Place) -> NoReturn:
        """Be a worker, and leave without what the supervisor would have to clean up."""
        code = FAILED
        try:
            code = self._work(place)
        except BaseException:
            log.exception("worker %d has failed", place.number + 1)
        finally:
            logging.shutdown()
            os._exit(code)

    def _pause(self) -> float:
        """Seconds until a worker is due, or may have fallen silent."""
        due = [worker.due for worker in self._workers if not worker.pid]
        return min(due, default=math.inf) - self._clock()

    def _wait(self, waker: Waker, seconds: float) -> None:
        """Wait until something happens, at most so long, and note who has given a sign of life."""
        seconds = min(max(seconds, 0.0), HEARTBEAT)
        came = waker.wait(seconds)
        self._clock.waited(seconds)
        for worker in self._workers:
            if BEAT + worker.number in came:
                worker.heard = self._clock()

    def _say_once(self) -> None:
        if not self._served and self._roster.complete:
            self._served = True
            self._on_serving()

    # --- ending --------------------------------------------------------------------------------------------------

    def _reap(self) -> None:
        for worker in self._workers:
            if not worker.pid:
                continue
            pid, status = os.waitpid(worker.pid, os.WNOHANG)
            if pid:
                self._ended(worker, os.waitstatus_to_exitcode(status))

    def _ended(self, worker: _Worker, code: int) -> None:
        how = f"by signal {-code}" if code < 0 else f"with {code}"
        why = f"worker {worker.number + 1} (process {worker.pid}) has ended {how}"
        worker.pid = 0
        worker.close()
        self._roster.leave(worker.number)
        if not self._stopping:
            self._postpone(worker, why)

    def _postpone(self, worker: _Worker, why: str) -> None:
        """Let there be another one after a pause, which grows with each that does not live for long."""
        lived = self._clock() - worker.started
        worker.ends = 1 if lived >= STEADY else worker.ends + 1
        pause = BACKOFF[min(worker.ends, len(BACKOFF)) - 1]
        worker.due = self._clock() + pause
        log.warning("%s; the next one in %.0f s", why, pause)

    def _end_silent(self) -> None:
        """Kill those that hang: they would keep their share of the connections and serve none of them."""
        for worker in self._workers:
            if worker.pid and self._clock() - worker.heard > SILENCE:
                log.warning(
                    "worker %d (process %d) hangs: no sign of life in %.0f s", worker.number + 1, worker.pid, SILENCE
                )
                worker.heard = self._clock()
                worker.kill()

    def _is_hopeless(self) -> bool:
        if self._served or all(worker.ends < ATTEMPTS for worker in self._workers):
            return False
        log.error("workers end as soon as they start")
        return True

    def _stop(self, waker: Waker) -> None:
        """Tell all to stop and wait for their ends; a second signal hurries them, and who does not stop is killed."""
        self._stopping = True
        for one in self._sockets:
            one.close()
        self._order(STOP)
        self._await_ends(waker, self._drain_timeout + OVERDUE, until=lambda: waker.is_insisted_on)
        self._order(HURRY)
        self._await_ends(waker, HURRIED if waker.is_insisted_on else 0.0)
        for worker in self._workers:
            if worker.pid:
                log.warning("worker %d (process %d) does not stop and is killed", worker.number + 1, worker.pid)
                worker.kill()
        self._await_ends(waker, math.inf)

    def _await_ends(self, waker: Waker, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Wait so long at most for the ends of all."""
        deadline = self._clock() + seconds
        while any(worker.pid for worker in self._workers) and self._clock() < deadline and not until():
            self._wait(waker, deadline - self._clock())
            self._reap()

    def _order(self, what: bytes) -> None:
        for worker in self._workers:
            if worker.pid:
                worker.order(what)
