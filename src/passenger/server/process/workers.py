"""`--workers`: processes that serve side by side, and the one that starts, watches and stops them and serves nobody.

The supervisor has neither an event loop nor a thread, so it can fork safely. Orders go through a pipe to each worker
and not as signals: Ctrl-C and service managers signal the whole group, and a worker could not tell a repeated signal
from a second one of the user.
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

from passenger.server.process.exit_codes import FAILED, INTERRUPTED, OK
from passenger.server.process.server import HURRIED, OVERDUE
from passenger.server.process.signals import STOPS, SignalPipe
from passenger.server.process.store_process import STORE_BEAT, StoreProcess
from passenger.server.process.worker import BEAT, HEARTBEAT, HURRY, STOP, WorkerSlot
from passenger.server.process.worker_states import WorkerStates

log = logging.getLogger(__name__)

BACKOFF = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds until a worker is replaced that has ended for the first, second, ... time in a row."""

SILENCE = 20.0
"""Seconds without a heartbeat after which a worker counts as hanging: it is killed and replaced."""

STEADY = 60.0
"""Seconds of life after which an end counts as the first again."""

ATTEMPTS = 3
"""Ends of one worker, before all have served once, after which the supervisor gives up."""


@dataclass
class _Worker:
    """A worker's slot and its process; `pid` is 0 while there is none."""

    number: int
    pid: int = 0
    orders: int = -1
    started: float = 0.0
    heard: float = 0.0
    """The time of its last heartbeat."""
    due: float = 0.0
    """When its next process is started."""
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
    """Keeps a number of workers running. `work` serves in a forked process until told to stop, and gives its exit code.

    `sockets` are closed when the workers are told to stop, for which they may take `drain_timeout`. `on_serving` is
    called once, when all serve. The clock stands still while the supervisor does not run itself, so that a machine that
    slept, or a group of processes that was stopped, makes nobody look silent. `store` is the process that has what all
    of them keep.
    """

    def __init__(
        self,
        workers: int,
        work: Callable[[WorkerSlot], int],
        sockets: list[socket.socket],
        *,
        on_serving: Callable[[], None],
        drain_timeout: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        store: StoreProcess | None = None,
    ) -> None:
        self._store = store
        self._workers = [_Worker(number) for number in range(workers)]
        self._work = work
        self._sockets = sockets
        self._on_serving = on_serving
        self._drain_timeout = drain_timeout
        self._clock = AwakeClock(clock)
        self._worker_states = WorkerStates(workers)
        self._served = False
        self._stopping = False

    def run(self) -> int:
        """Supervise until a signal comes: exit 0 on SIGTERM, 130 on Ctrl-C; 1 where workers end as they start."""
        with SignalPipe() as signal_pipe:
            while not signal_pipe.stops and not self._is_hopeless():
                self._start_store(signal_pipe)
                self._start_due(signal_pipe)
                self._wait(signal_pipe, self._seconds_until_due())
                self._reap()
                self._reap_store()
                self._kill_silent()
                self._announce_once()
            self._stop(signal_pipe)
            self._stop_store(signal_pipe)
        if not signal_pipe.stops:
            return FAILED
        return INTERRUPTED if signal_pipe.stops[0] is signal.SIGINT else OK

    # --- starting ----------------------------------------------------------------------------------------------------

    def _start_store(self, signal_pipe: SignalPipe) -> None:
        """Start the store that all share. Signals to the group do not reach it: it serves workers that finish."""
        if self._store is None or self._store.due > self._clock():
            return

        def prepare_child() -> None:
            signal_pipe.reset_in_child()
            self._close_orders()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {*STOPS, signal.SIGCHLD})

        with signal_pipe.blocked():
            self._store.start(self._clock(), signal_pipe.wake_fd, prepare_child)

    def _reap_store(self) -> None:
        if self._store is not None:
            self._store.reap(self._clock())

    def _start_due(self, signal_pipe: SignalPipe) -> None:
        for worker in self._workers:
            if worker.pid or worker.due > self._clock():
                continue
            worker.started = worker.heard = self._clock()
            try:
                self._start(worker, signal_pipe)
            except OSError as error:
                self._postpone(worker, f"worker {worker.number + 1} cannot be started: {error.strerror}")

    def _start(self, worker: _Worker, signal_pipe: SignalPipe) -> None:
        reading, worker.orders = os.pipe()
        try:
            with signal_pipe.blocked():
                worker.pid = os.fork()
                if not worker.pid:
                    signal_pipe.reset_in_child()
                    self._close_orders()
            if not worker.pid:
                self._run_worker(
                    WorkerSlot(
                        self._worker_states, worker.number, reading, signal_pipe.wake_fd, is_replacement=worker.ends > 0
                    )
                )
            log.debug("worker %d of %d is process %d", worker.number + 1, len(self._workers), worker.pid)
        finally:
            os.close(reading)
            if not worker.pid:
                worker.close()

    def _close_orders(self) -> None:
        """Close the supervisor's ends of all pipes in a worker, so that the others notice when the supervisor dies."""
        for worker in self._workers:
            worker.close()
        if self._store is not None:
            self._store.close_orders()

    def _run_worker(self, place: WorkerSlot) -> NoReturn:
        """Run a worker in this process, and exit without the supervisor's clean-up."""
        code = FAILED
        try:
            code = self._work(place)
        except BaseException:
            log.exception("worker %d has failed", place.number + 1)
        finally:
            logging.shutdown()
            os._exit(code)

    def _seconds_until_due(self) -> float:
        """Seconds until the next worker is to be started."""
        due = [worker.due for worker in self._workers if not worker.pid]
        due += [self._store.due] if self._store is not None else []
        return min(due, default=math.inf) - self._clock()

    def _wait(self, signal_pipe: SignalPipe, seconds: float) -> None:
        """Wait for an event, at most so many seconds, and note the heartbeats."""
        seconds = min(max(seconds, 0.0), HEARTBEAT)
        came = signal_pipe.wait(seconds)
        self._clock.note_wait(seconds)
        for worker in self._workers:
            if BEAT + worker.number in came:
                worker.heard = self._clock()
        if self._store is not None and STORE_BEAT in came:
            self._store.note_beat(self._clock())

    def _announce_once(self) -> None:
        if not self._served and self._worker_states.complete:
            self._served = True
            self._on_serving()

    # --- ending ------------------------------------------------------------------------------------------------------

    def _reap(self) -> None:
        for worker in self._workers:
            if not worker.pid:
                continue
            pid, status = os.waitpid(worker.pid, os.WNOHANG)
            if pid:
                self._note_end(worker, os.waitstatus_to_exitcode(status))

    def _note_end(self, worker: _Worker, code: int) -> None:
        how = f"by signal {-code}" if code < 0 else f"with {code}"
        why = f"worker {worker.number + 1} (process {worker.pid}) has ended {how}"
        worker.pid = 0
        worker.close()
        self._worker_states.leave(worker.number)
        if not self._stopping:
            self._postpone(worker, why)

    def _postpone(self, worker: _Worker, why: str) -> None:
        """Schedule the next process after a pause, which grows with each one that ends early."""
        lived = self._clock() - worker.started
        worker.ends = 1 if lived >= STEADY else worker.ends + 1
        pause = BACKOFF[min(worker.ends, len(BACKOFF)) - 1]
        worker.due = self._clock() + pause
        log.warning("%s; the next one in %.0f s", why, pause)

    def _kill_silent(self) -> None:
        """Kill workers that hang: they would keep their share of the connections without serving it; the store, too."""
        if self._store is not None:
            self._store.kill_if_silent(self._clock(), SILENCE)
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

    def _stop(self, signal_pipe: SignalPipe) -> None:
        """Tell all workers to stop, and wait. A second signal hurries them; those that do not stop are killed."""
        self._stopping = True
        for one in self._sockets:
            one.close()
        self._order(STOP)
        self._await_ends(signal_pipe, self._drain_timeout + OVERDUE, until=lambda: signal_pipe.was_told_twice)
        self._order(HURRY)
        self._await_ends(signal_pipe, HURRIED if signal_pipe.was_told_twice else 0.0)
        for worker in self._workers:
            if worker.pid:
                log.warning("worker %d (process %d) does not stop and is killed", worker.number + 1, worker.pid)
                worker.kill()
        self._await_ends(signal_pipe, math.inf)

    def _stop_store(self, signal_pipe: SignalPipe) -> None:
        """Tell the store to stop, wait, and kill it if it does not."""
        if self._store is None:
            return
        self._store.close_orders()
        deadline = self._clock() + OVERDUE
        while self._store.is_running() and self._clock() < deadline:
            self._wait(signal_pipe, deadline - self._clock())
        self._store.close()

    def _await_ends(self, signal_pipe: SignalPipe, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Wait until all workers have ended, at most so many seconds."""
        deadline = self._clock() + seconds
        while any(worker.pid for worker in self._workers) and self._clock() < deadline and not until():
            self._wait(signal_pipe, deadline - self._clock())
            self._reap()

    def _order(self, what: bytes) -> None:
        for worker in self._workers:
            if worker.pid:
                worker.order(what)


class AwakeClock:
    """A clock that stands still while its process does not run: stopped by a signal, or asleep with the whole machine.

    After each wait `note_wait` is told its maximum; what the wait took beyond that is not counted.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._before = clock()
        self._lost = 0.0

    def __call__(self) -> float:
        """The seconds so far."""
        return self._clock() - self._lost

    def note_wait(self, at_most: float) -> None:
        """Subtract what a wait, and the work since the one before, took beyond `at_most` seconds."""
        now = self._clock()
        self._lost += max(0.0, now - self._before - at_most)
        self._before = now
