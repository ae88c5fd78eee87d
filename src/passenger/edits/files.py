"""The user's files: read only where they may be written, and written whole with the mode, owner and links they have."""

import os
import secrets
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from passenger.private_file import PRIVATE_FILE, make_private

LARGEST = 1024 * 1024
"""Bytes of a file that is edited."""

LARGEST_OF_OURS = 32 * LARGEST
"""Bytes of a file that is ours as a whole."""


class RefusedError(Exception):
    """A file that is not touched; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file as it was read: what it holds, and where it really is."""

    path: Path
    """With links followed: what is written is the file that they lead to."""
    content: bytes | None
    """None where there is no file."""
    mode: int = PRIVATE_FILE

    @property
    def text(self) -> str:
        """The content as text, with its byte order mark and line ends; empty where there is no file."""
        return (self.content or b"").decode()


def read(path: Path, largest: int = LARGEST) -> FileContent:
    """The file at a path.

    Raises:
        RefusedError: it is no plain file, another user's, read-only, too large or not UTF-8; or it could not be made.
    """
    try:
        real = path.resolve()
    except (OSError, RuntimeError) as error:
        raise RefusedError(f"{path} is a link that leads nowhere") from error
    try:
        info = real.stat()
    except FileNotFoundError:
        _check_makeable(real)
        return FileContent(real, None)
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror}") from error
    _check(path, info, largest)
    _check_directory(real.parent)
    return FileContent(real, _content(path, real), stat.S_IMODE(info.st_mode))


def _check(path: Path, info: os.stat_result, largest: int) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise RefusedError(f"{path} is not a plain file")
    if os.name == "posix" and info.st_uid != os.geteuid():
        raise RefusedError(f"{path} belongs to another user")
    if not info.st_mode & stat.S_IWUSR:
        raise RefusedError(f"{path} is read-only")
    if info.st_size > largest:
        raise RefusedError(f"{path} is larger than {largest >> 20} MiB")


def _check_makeable(path: Path) -> None:
    above = next(found for found in path.parents if found.exists())
    if not above.is_dir():
        raise RefusedError(f"{above} is not a directory")
    _check_directory(above)


def _check_directory(directory: Path) -> None:
    if os.name == "posix" and directory.stat().st_uid != os.geteuid():
        raise RefusedError(f"the directory {directory} belongs to another user")
    if not os.access(directory, os.W_OK | os.X_OK) or not directory.stat().st_mode & stat.S_IWUSR:
        raise RefusedError(f"the directory {directory} is read-only")


def _content(path: Path, real: Path) -> bytes:
    try:
        content = real.read_bytes()
        content.decode()
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RefusedError(f"{path} is not in UTF-8") from error
    return content


def write(document: FileContent, content: bytes) -> None:
    """Replace the content atomically: a reader sees the old or the new, never a part.

    Raises:
        RefusedError: somebody has changed the file since, or it cannot be written; it is as it was then.
    """
    _check_unchanged(document)
    try:
        make_private(document.path.parent)
        _replace(document, content)
    except OSError as error:
        raise RefusedError(f"{document.path} cannot be written: {error.strerror}") from error


def _check_unchanged(document: FileContent) -> None:
    content = None
    with suppress(FileNotFoundError):
        content = document.path.read_bytes()
    if content != document.content:
        raise RefusedError(f"{document.path} has been changed meanwhile")


def _replace(document: FileContent, content: bytes) -> None:
    temporary = document.path.with_name(f".{document.path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        temporary.chmod(document.mode)
        temporary.replace(document.path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove(document: FileContent) -> None:
    """Delete a file that we have made, as long as it is what was read.

    Raises:
        RefusedError: somebody has changed it since, or it cannot be deleted.
    """
    _check_unchanged(document)
    try:
        document.path.unlink(missing_ok=True)
    except OSError as error:
        raise RefusedError(f"{document.path} cannot be deleted: {error.strerror}") from error


def missing_above(path: Path) -> list[Path]:
    """The directories that have to be made for a file, the outermost first."""
    return [above for above in reversed(path.parents) if not above.exists()]


GIT_PATIENCE = 10
"""Seconds that git may take."""


def find_exposure(document: FileContent) -> str | None:
    """How others could get at the file, None where they cannot."""
    if os.name == "posix" and document.content is not None and document.mode & (stat.S_IRGRP | stat.S_IROTH):
        return f"other users can read it (mode {document.mode:04o})"
    tree = next((above for above in document.path.parents if (above / ".git").exists()), None)
    if tree is not None and not _is_ignored(document.path, tree):
        return f"it is in the git work tree {tree} and not ignored"
    return None


def _is_ignored(path: Path, tree: Path) -> bool:
    """Whether git ignores it; False without git."""
    command = ["git", "-C", str(tree), "-c", "core.fsmonitor=false", "check-ignore", "-q", "--", str(path)]
    try:
        return subprocess.run(command, capture_output=True, timeout=GIT_PATIENCE, check=False).returncode == 0  # noqa: S603 - git alone
    except (OSError, subprocess.TimeoutExpired):
        return False
