"""Why a ledger cannot be used, and what to type, from the error that SQLite or the system gives."""

import errno
import sqlite3
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from passenger.ledger.schema import NoLedgerError
from passenger.ledger.version import NewerSchemaError, newest


class Trouble(NamedTuple):
    """Why it cannot be used, and a command that mends it."""

    why: str
    fix: str

    def __str__(self) -> str:
        return f"{self.why}; {self.fix}"


def trouble_of(error: Exception, path: Path) -> Trouble:
    """What an error means to the user."""
    where, directory = quote(str(path)), quote(str(path.parent))
    match error:
        case sqlite3.OperationalError():
            return _operational(str(error), path)
        case sqlite3.DatabaseError():
            return Trouble(f"{path} is damaged: {error}", f"mv {where} {quote(f'{path}.damaged')}")
        case NewerSchemaError():
            other = path.with_name(f"{path.stem}-{newest()}{path.suffix}")
            return Trouble(f"{path} cannot be used: {error}", f"export PASSENGER_LEDGER_PATH={quote(str(other))}")
        case NoLedgerError():
            return Trouble(f"{path} cannot be used: {error}", f"mv {where} {quote(f'{path}.old')}")
        case OSError() if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return _full(path)
        case _:
            return Trouble(f"{path} cannot be used: {_text(error)}", f"ls -ld {directory} {where}*")


def _operational(said: str, path: Path) -> Trouble:
    """What SQLite says of a file that is well, and of the system that it is on."""
    where = quote(str(path))
    if "full" in said:
        return _full(path)
    if "locked" in said:
        return Trouble(f"{path} is locked by another program", f"fuser -v {where}")
    if "readonly" in said:
        return Trouble(f"{path} cannot be written: {said}", f"chmod u+rw {where}*")
    return Trouble(f"{path} cannot be used: {said}", f"df {quote(str(path.parent))}")


def _full(path: Path) -> Trouble:
    return Trouble(f"the disk of {path} is full", f"df {quote(str(path.parent))}")


def _text(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
