"""Small private JSON files: owner-only from their first byte, replaced whole, locked across processes.

A write is durable in the usual order: write a temporary file beside the old one, flush it to disk, rename it over the
old one, flush the directory.
"""

import contextlib
import errno
import logging
import os
import re
import secrets
import stat
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

log = logging.getLogger(__name__)

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700
SIZE_LIMIT = 1024 * 1024
"""Maximum bytes of a file; a larger one is corrupt."""

LOCK_TIMEOUT = 10.0
"""Seconds to wait for another process before going on without the lock."""

FileVersion = tuple[int, int, int]
"""Identifies a version of a file: modification time (ns), inode, size."""


class StoreError(Exception):
    """A file cannot be read or written; the message names its path."""


class CorruptError(StoreError):
    """A file has invalid content; it can be set aside and written anew."""


class MisplacedError(CorruptError):
    """The path is not a plain file: a pipe, a directory, a device, or a loop of links."""


@dataclass(frozen=True)
class PrivateFile:
    """One JSON object in a file that only its owner may read.

    With `make_parents` missing directories are made, owner-only; without, a missing one is an error. A file that is
    not `ours` is only read.
    """

    path: Path
    make_parents: bool = True
    ours: bool = True

    def stamp(self) -> FileVersion | None:
        """The file's version, None if there is no file."""
        try:
            info = self.path.stat()
        except OSError:
            return None
        return (info.st_mtime_ns, info.st_ino, info.st_size)

    def read(self) -> dict[str, object] | None:
        """The file's content, None if there is no file.

        A file that others may read is made private first, with a warning.

        Raises:
            CorruptError: it does not hold a JSON object, or is no file at all.
            StoreError: it belongs to somebody else, or cannot be read.
        """
        try:
            self._check_link()
            # O_NONBLOCK: opening a pipe somebody planted here must not wait for a writer.
            descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise MisplacedError(f"{self.path} is a link that leads nowhere") from error
            raise StoreError(f"{self.path} cannot be read: {error.strerror}") from error
        try:
            self._check(descriptor)
            with open(descriptor, "rb", closefd=False) as file:
                return self._parse(file.read(SIZE_LIMIT + 1))
        finally:
            os.close(descriptor)

    def write(self, content: dict[str, object]) -> None:
        """Replace the file atomically: a reader sees the old or the new content, never a part.

        Raises:
            StoreError: the directory is missing or not writable, the disk is full, or the path is not a plain file
                or belongs to another user; the old file is intact.
        """
        try:
            self._ensure_directory()
            self._check_replaceable()
            self._replace(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror}") from error

    def check_writable(self) -> None:
        """Check that `write` would succeed, as far as that can be known without writing.

        Raises:
            StoreError: as `write` does.
        """
        try:
            self._check_directory()
            self._check_replaceable()
            probe = _nearest_existing(self.path.parent) / f".{self.path.name}.{secrets.token_hex(6)}"
            os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
            probe.unlink()
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror}") from error

    def traces(self) -> list[Path]:
        """The file, if it exists, and what was made beside it: its lock, copies set aside, temporary files."""
        name = re.escape(self.path.name)
        made = re.compile(rf"{name}(\.lock|\.corrupt-\d+)?|\.{name}\.[0-9a-f]{{12}}")
        try:
            return sorted(path for path in self.path.parent.iterdir() if made.fullmatch(path.name))
        except OSError:
            return []

    def remove(self) -> None:
        """Remove the file and what was made beside it.

        Raises:
            StoreError: something cannot be removed, or what stands there is no file or somebody else's.
        """
        self._check_replaceable()
        for path in self.traces():
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(f"{path} cannot be removed: {error.strerror}") from error

    def set_aside(self) -> Path | None:
        """Rename a corrupt file; its new path, None if that is not possible.

        What is not a plain file is renamed in our own directory only: a path that a user gave may be a device.
        """
        target = self.path.with_name(f"{self.path.name}.corrupt-{int(time.time())}")
        if not self.ours or not (self.make_parents or self.path.is_file()):
            return None
        try:
            self.path.replace(target)
        except OSError:
            return None
        return target

    @contextlib.asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """Hold the lock beside this file; only one process does.

        The lock ends with its process. If it cannot be taken within the timeout, or the directory cannot hold one, the
        block runs without it: a second exchange is better than none.
        """
        from filelock import AsyncFileLock, Timeout  # noqa: PLC0415 - only needed when a token is renewed

        lock = AsyncFileLock(f"{self.path}.lock", timeout=LOCK_TIMEOUT, mode=PRIVATE_FILE)
        try:
            self._ensure_directory()
            await lock.acquire()
        except (Timeout, OSError, StoreError) as error:
            log.warning("going on without the lock beside %s: %s", self.path, error)
        try:
            yield
        finally:
            await lock.release()

    def _ensure_directory(self) -> None:
        self._check_directory()
        make_private(self.path.parent)

    def _check_directory(self) -> None:
        if not self.make_parents and not self.path.parent.is_dir():
            raise StoreError(f"the directory {self.path.parent} does not exist")

    def _check_link(self) -> None:
        """Refuse a link of another user. Other links are followed: secrets mounted into containers are links."""
        if (
            os.name == "posix"
            and self.path.is_symlink()
            and (owner := self.path.lstat().st_uid) not in _trusted_owners()
        ):
            raise StoreError(f"{self.path} is a link that belongs to another user (uid {owner})")

    def _check_replaceable(self) -> None:
        """Refuse to replace what is neither a file nor a link, or belongs to another user."""
        try:
            info = self.path.lstat()
        except FileNotFoundError:
            return
        if not (stat.S_ISREG(info.st_mode) or stat.S_ISLNK(info.st_mode)):
            raise StoreError(f"{self.path} cannot be written: it is not a plain file")
        if os.name == "posix" and info.st_uid not in _trusted_owners():
            raise StoreError(f"{self.path} cannot be written: it belongs to another user (uid {info.st_uid})")

    def _check(self, descriptor: int) -> None:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise MisplacedError(f"{self.path} is not a plain file")
        if os.name != "posix":
            return
        if info.st_uid not in _trusted_owners():
            raise StoreError(f"{self.path} belongs to another user (uid {info.st_uid})")
        if self.ours and info.st_mode & 0o077 and info.st_uid == os.geteuid():
            log.warning("%s could be read by others: now only by you", self.path)
            with contextlib.suppress(OSError):
                os.fchmod(descriptor, PRIVATE_FILE)

    def _parse(self, content: bytes) -> dict[str, object]:
        if len(content) > SIZE_LIMIT:
            raise CorruptError(f"{self.path} is larger than {SIZE_LIMIT} bytes")
        try:
            return msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=dict[str, object])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise CorruptError(f"{self.path} does not hold a JSON object: {error}") from error

    def _replace(self, content: bytes) -> None:
        temporary = self.path.with_name(f".{self.path.name}.{secrets.token_hex(6)}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(temporary, flags, PRIVATE_FILE)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - it is a descriptor, not a path
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            temporary.replace(self.path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_directory(self.path.parent)


def prune(directory: Path, root: Path) -> None:
    """Remove an empty directory, and its parents that are empty then, up to a root that stays."""
    while root in directory.parents:
        try:
            directory.rmdir()
        except OSError:
            return
        directory = directory.parent


def _nearest_existing(directory: Path) -> Path:
    """The directory, or the nearest one above it that there is."""
    return next(found for found in (directory, *directory.parents) if found.exists())


def make_private(directory: Path) -> None:
    """Make a directory and its missing parents, each owner-only whatever the umask."""
    if not directory.is_dir() and directory.parent != directory:
        make_private(directory.parent)
    directory.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)


def create_private(path: Path) -> None:
    """Make a file owner-only before anything is in it, or make one that exists so; SQLite's other files follow it.

    One that is so already is not opened: to close it would release the locks of every connection that this process has
    to it (https://sqlite.org/howtocorrupt.html, 2.2), and the next to close would take its log away from them.

    Raises:
        OSError: what stands there is no plain file, or somebody else's; or none can be made.
    """
    path.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    if _is_private(path):
        return
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), PRIVATE_FILE)
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise OSError("it is not a plain file")
        if os.name == "posix":
            if info.st_uid != os.geteuid():
                raise OSError(f"it belongs to another user (uid {info.st_uid})")
            os.fchmod(descriptor, PRIVATE_FILE)
    finally:
        os.close(descriptor)


def _is_private(path: Path) -> bool:
    """Whether it is a plain file that is this user's alone."""
    try:
        info = path.lstat()
    except FileNotFoundError:
        return False
    is_ours = os.name != "posix" or (info.st_uid == os.geteuid() and stat.S_IMODE(info.st_mode) == PRIVATE_FILE)
    return stat.S_ISREG(info.st_mode) and is_ours


def identity_of(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one that was put in its place; None where there is none."""
    try:
        info = path.lstat()
    except FileNotFoundError:
        return None
    return (info.st_dev, info.st_ino)


def _trusted_owners() -> tuple[int, int]:
    """This user and root, who can do anything anyway."""
    return (os.geteuid(), 0)


def _sync_directory(directory: Path) -> None:
    """Make a rename survive a power cut, where the system lets a directory be flushed."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
