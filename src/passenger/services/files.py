"""Files of a service that are ours: written whole, owner-only, and never over somebody else's."""

import secrets
from pathlib import Path

from passenger.services.definition import MARK
from passenger.store import PRIVATE_FILE


class ForeignError(Exception):
    """A file has our file's name and is not ours."""


def write(path: Path, text: str) -> None:
    """Put the text there.

    Raises:
        ForeignError: somebody else's file is there.
        OSError: it cannot be written.
    """
    check(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        temporary.touch(PRIVATE_FILE, exist_ok=False)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove(path: Path) -> bool:
    """Take it away and say whether there was one.

    Raises:
        ForeignError: somebody else's file is there.
    """
    check(path)
    there = path.exists()
    path.unlink(missing_ok=True)
    return there


def check(path: Path) -> None:
    """See that nobody else's file has our file's name.

    Raises:
        ForeignError: one has.
    """
    if path.is_symlink() or (path.exists() and not (path.is_file() and MARK in path.read_text(errors="replace"))):
        raise ForeignError(f"{path} is not made by us and stays as it is: move it away first")
