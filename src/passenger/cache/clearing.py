"""Throws away what is kept, in every process: a small file is replaced, and each looks before it gives anything."""

import time
from pathlib import Path

from passenger.private_file import PrivateFile

FILE = "cache-cleared.json"
"""In the state directory; it is made by the first order and holds nothing but its time."""


class ClearOrders:
    """Looks for orders. Those that were there at the beginning are no news."""

    def __init__(self, directory: Path) -> None:
        self._file = PrivateFile(directory / FILE)
        self._seen = self._file.stamp()

    def is_new(self) -> bool:
        """Whether there was an order since the last look: a system call, of a microsecond."""
        stamp = self._file.stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        return True


def order_clearing(directory: Path) -> None:
    """Have every process of this state directory throw away what it keeps.

    Raises:
        StoreError: the file cannot be written.
    """
    PrivateFile(directory / FILE).write({"cleared": time.time()})
