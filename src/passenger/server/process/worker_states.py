"""Which workers serve: a byte for each, in memory that all of them and their supervisor share."""

import mmap


class WorkerStates:
    """Must be made before the workers are forked. Writing a byte is atomic, so there is no lock."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._slots = mmap.mmap(-1, workers)

    def enter(self, number: int) -> None:
        """Record that a worker, by its number from 0, serves."""
        self._slots[number] = 1

    def leave(self, number: int) -> None:
        """Record that it does not serve."""
        self._slots[number] = 0

    @property
    def serving(self) -> int:
        """How many serve."""
        return sum(self._slots[: self.workers])

    @property
    def complete(self) -> bool:
        """Whether all do."""
        return self.serving == self.workers
