"""A directory for the targets whose code reads files; hides when it is made and that it goes with the process."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory


@cache
def _made() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="passenger-fuzz-")


def place() -> Path:
    """The directory; it keeps what the last example left in it."""
    return Path(_made().name)
