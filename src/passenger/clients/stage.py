"""The directory of one run: private, and gone with it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from passenger.clients.plan import Plan
from passenger.private_file import PRIVATE_DIRECTORY, PRIVATE_FILE

KEPT, OWNER = "kept", "pid"
UNFINISHED = ".new-"
"""What the name of a directory begins with that is being made; its owner follows."""


@contextmanager
def directory_for(where: Path, name: str) -> Iterator[Path]:
    """A new directory, removed on leaving; those that ended processes have left behind are removed on entering."""
    make(where)
    clean(where)
    directory = where / name
    try:
        _make_owned(directory)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _make_owned(directory: Path) -> None:
    """Make a directory that names its owner from the start: another launch may be removing stale ones."""
    fresh = directory.with_name(f"{UNFINISHED}{os.getpid()}.{directory.name}")
    fresh.mkdir(mode=PRIVATE_DIRECTORY)
    write(fresh / OWNER, str(os.getpid()))
    fresh.rename(directory)


def make(directory: Path) -> None:
    """Make a directory that its owner alone can look into, and those above it that are missing."""
    for path in [*reversed(directory.parents), directory]:
        with suppress(FileExistsError):
            path.mkdir(mode=PRIVATE_DIRECTORY)
    if not directory.is_dir():
        raise NotADirectoryError(20, "Not a directory", str(directory))
    directory.chmod(PRIVATE_DIRECTORY)


def clean(where: Path) -> None:
    """Remove the directories of runs whose process is gone."""
    for directory in where.iterdir():
        if directory.name != KEPT and directory.is_dir() and not directory.is_symlink() and not _is_in_use(directory):
            shutil.rmtree(directory, ignore_errors=True)


def _is_in_use(directory: Path) -> bool:
    try:
        os.kill(_owner(directory), 0)
    except (OSError, ValueError) as error:
        return isinstance(error, PermissionError)
    return True


def _owner(directory: Path) -> int:
    if directory.name.startswith(UNFINISHED):
        return int(directory.name.removeprefix(UNFINISHED).partition(".")[0])
    return int((directory / OWNER).read_text())


def put(plan: Plan, kept: Path) -> None:
    """Write a plan's files and links, and the directories that links to what is kept lead to."""
    for file in plan.files:
        make(file.path.parent)
        write(file.path, file.text)
    for link in plan.links:
        make(link.path.parent)
        if link.target.is_relative_to(kept):
            make(link.target)
        link.path.symlink_to(link.target)


def write(path: Path, text: str) -> None:
    """Write a new file that its owner alone can read, from its first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
