"""What workers that count together have in common beside their file: who lives, and pipes to wake each other.

It is made before the workers are forked. A worker is told from the one that had its number before by its start.
"""

import contextlib
import mmap
import os
import secrets
import struct
from pathlib import Path

from msgspec import Struct

_STARTS = struct.Struct("q")

_BESIDE = ("", "-wal", "-shm")
"""What SQLite has beside a file."""


def remove_counters(path: Path) -> None:
    """Remove the counters of a server that has ended, if there are any."""
    for end in _BESIDE:
        with contextlib.suppress(OSError):
            path.with_name(path.name + end).unlink()


class CountingWorkerId(Struct, frozen=True):
    """One start of one worker: the run of the server, the worker's number, its how-manieth start, and its process."""

    run: str
    number: int
    start: int
    pid: int


class CountingWorkers:
    """So many workers of one supervisor. Only the worker of a number writes its start."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.run = secrets.token_hex(8)
        self._starts = mmap.mmap(-1, workers * _STARTS.size)
        self._waits = mmap.mmap(-1, workers)
        self._at_work = mmap.mmap(-1, workers)
        self._pipes = [os.pipe() for _ in range(workers)]
        for pipe in self._pipes:
            for end in pipe:
                os.set_blocking(end, False)

    def enter(self, number: int) -> "CountingWorker":
        """Begin as the worker of that number. What the one before it held is nobody's, so those who wait are woken."""
        start = self._start_of(number) + 1
        _STARTS.pack_into(self._starts, number * _STARTS.size, start)
        worker = CountingWorker(self, CountingWorkerId(self.run, number, start, os.getpid()))
        worker.work(is_at_work=False)
        worker.clear()
        worker.wake_others()
        return worker

    def lives(self, worker: CountingWorkerId) -> bool:
        """Whether that worker has not ended; one of another server is judged by its process alone."""
        if worker.run == self.run and self._start_of(worker.number) != worker.start:
            return False
        try:
            os.kill(worker.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            return True
        return True

    def wait(self, number: int) -> None:
        """Note that this worker is to be woken."""
        self._waits[number] = 1

    def clear(self, number: int) -> int:
        """Note that it is awake. Gives the descriptor that can be read when it is woken, with nothing left in it."""
        reading = self._pipes[number][0]
        with contextlib.suppress(BlockingIOError):
            os.read(reading, 4096)
        self._waits[number] = 0
        return reading

    def work(self, number: int, *, is_at_work: bool) -> None:
        """Note whether this worker has the file for itself now."""
        self._at_work[number] = is_at_work

    def others_work(self, number: int) -> bool:
        """Whether one but this has the file for itself."""
        return any(self._at_work[other] for other in range(self.workers) if other != number)

    def wake_others(self, number: int) -> None:
        """Wake all that are to be woken but this one."""
        for other in range(self.workers):
            if other != number and self._waits[other]:
                with contextlib.suppress(OSError):  # a full pipe wakes as well
                    os.write(self._pipes[other][1], b"w")

    def close(self) -> None:
        """Let the pipes go."""
        for pipe in self._pipes:
            for end in pipe:
                os.close(end)

    def _start_of(self, number: int) -> int:
        found: int = _STARTS.unpack_from(self._starts, number * _STARTS.size)[0]
        return found


class CountingWorker(Struct, frozen=True):
    """One of them, as it sees itself."""

    all: CountingWorkers
    id: CountingWorkerId

    @property
    def workers(self) -> int:
        """How many there are."""
        return self.all.workers

    def lives(self, worker: CountingWorkerId) -> bool:
        """Whether a worker has not ended."""
        return worker == self.id or self.all.lives(worker)

    def wait(self) -> None:
        """Note that this one is to be woken when something is settled."""
        self.all.wait(self.id.number)

    def clear(self) -> int:
        """Note that it is awake, and give the descriptor that can be read when it is woken."""
        return self.all.clear(self.id.number)

    def wake_others(self) -> None:
        """Wake the others that are to be woken."""
        self.all.wake_others(self.id.number)

    def work(self, *, is_at_work: bool) -> None:
        """Note whether this one has the file for itself now."""
        self.all.work(self.id.number, is_at_work=is_at_work)

    def others_work(self) -> bool:
        """Whether another one has."""
        return self.all.others_work(self.id.number)
