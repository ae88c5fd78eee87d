"""What was done to each file, kept so that it can be taken back when client and server are gone."""

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from filelock import FileLock
from msgspec import Struct

from passenger.edits.edit import Format
from passenger.edits.steps import EditStep
from passenger.private_file import PRIVATE_FILE, PrivateFile, StoreError, make_private


class Receipt(Struct, frozen=True, kw_only=True):
    """What was done to one file."""

    version: int = 1
    made: float
    """Unix seconds."""
    path: str
    """As it was named; `real` is where its links led."""
    real: str
    format: Format
    existed: bool
    after: str
    """The SHA-256 of the file as it was written."""
    directories: Sequence[str] = ()
    """Those that were made for it, the outermost first."""
    steps: Sequence[EditStep] = ()
    before: str | None = None
    """The SHA-256 of the file as it was before; its bytes are beside the receipt."""


def sha256(content: bytes) -> str:
    """The digest of a file's bytes."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class Receipts:
    """The receipts of one client, each in a private file."""

    directory: Path

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only process that changes this client's files.

        Raises:
            StoreError: the directory cannot be written.
        """
        lock = FileLock(self.directory / ".lock", timeout=30, mode=PRIVATE_FILE)
        try:
            make_private(self.directory)
            lock.acquire()
        except OSError as error:
            raise StoreError(f"{self.directory} cannot be written: {error.strerror or error}") from error
        try:
            yield
        finally:
            lock.release()

    def all(self) -> list[Receipt]:
        """In the order in which they were made."""
        paths = sorted(self.directory.glob("*.json")) if self.directory.is_dir() else []
        return sorted((_parse(path) for path in paths), key=lambda receipt: receipt.made)

    def of(self, real: Path, format: Format) -> Receipt | None:  # noqa: A002 - it is the name of what it is
        """The receipt of a file, None where nothing was done to it."""
        path = self._place(str(real), format)
        return _parse(path) if path.exists() else None

    def before(self, receipt: Receipt) -> bytes | None:
        """The file as it was, None where there was none or its copy is not what it was."""
        if receipt.before is None:
            return None
        with contextlib.suppress(OSError):
            content = self._place(receipt.real, receipt.format).with_suffix(".bak").read_bytes()
            return content if sha256(content) == receipt.before else None
        return None

    def keep(self, receipt: Receipt, before: bytes | None) -> None:
        """Write a receipt, and the file as it was, before anything is done.

        Raises:
            StoreError: it cannot be written.
        """
        place = self._place(receipt.real, receipt.format)
        make_private(self.directory)
        if before is not None:
            _write(place.with_suffix(".bak"), before)
        PrivateFile(place).write(msgspec.to_builtins(receipt))

    def forget(self, receipt: Receipt) -> None:
        """Remove a receipt, and the client's directory with the last one."""
        place = self._place(receipt.real, receipt.format)
        for path in (place, place.with_suffix(".bak")):
            path.unlink(missing_ok=True)

    def _place(self, real: str, format: Format) -> Path:  # noqa: A002 - as above
        return self.directory / f"{sha256(f'{format}:{real}'.encode())}.json"


def _parse(path: Path) -> Receipt:
    content = PrivateFile(path).read() or {}
    try:
        return msgspec.convert(content, Receipt)
    except msgspec.ValidationError as error:
        raise StoreError(f"{path} is no receipt of this version: {error}") from error


def _write(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
