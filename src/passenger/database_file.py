"""An SQLite file that takes the place of another, which is kept under another name (https://sqlite.org/tempfiles.html)."""

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from passenger.private_file import create_private

_BESIDE = ("-wal", "-shm")
"""What SQLite has beside a database; the first holds changes."""


@contextlib.contextmanager
def fresh_beside(path: Path) -> Iterator[Path]:
    """A private file beside another, which is gone in the end unless it was renamed."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    create_private(fresh)
    try:
        yield fresh
    finally:
        for ending in ("", "-journal", *_BESIDE):
            fresh.with_name(fresh.name + ending).unlink(missing_ok=True)


def set_aside(path: Path, moment: str) -> Path | None:
    """Rename a database by a moment, with what is beside it: that first, as the next one would take it for its own.

    Gives where it is now; None where there is none.
    """
    if not path.exists():
        return None
    aside = path.with_name(f"{path.name}.{moment}")
    for ending in (*_BESIDE, ""):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ending).replace(aside.with_name(aside.name + ending))
    return aside
