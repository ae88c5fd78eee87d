"""The names of models as the last server of this user wrote them down, for shell completion.

Nothing slow is imported here.
"""

import contextlib
import json
import re
import stat
from collections.abc import Sequence
from pathlib import Path

FILE = "names.json"
PLACES = ("", "*/*/", "*/*/*/*/")
"""Where the file may be: for github.com; for another host or a named login; for a named login at another host."""

LARGEST = 256 * 1024
"""Bytes of a file that is still read."""

_LOGIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")

PLAIN = re.compile(r"[\w.:/@+-]{1,200}", re.ASCII)
"""A name that needs no quoting in any shell."""


def known_names(state_dir: Path, login: str | None = None) -> list[str]:
    """The names in the newest file of any login, or of the named one; none without a file."""
    files = [file for place in _places(login) for file in state_dir.glob(place + FILE)]
    written = {file: at for file in files if (at := _written_at(file)) is not None}
    return _names_in(max(written, key=written.__getitem__)) if written else []


def _places(login: str | None) -> Sequence[str]:
    """Where to look. `config.login_name` has the same rule, but its imports would take too long."""
    if login is None:
        return PLACES
    if not _LOGIN.fullmatch(login):
        return ()
    home = "" if login == "default" else f"logins/{login}/"
    return home, f"{home}profiles/*/"


def _written_at(file: Path) -> int | None:
    with contextlib.suppress(OSError):
        info = file.stat()
        if stat.S_ISREG(info.st_mode) and info.st_size <= LARGEST:
            return info.st_mtime_ns
    return None


def _names_in(file: Path) -> list[str]:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        match json.loads(file.read_bytes()):
            case {"names": [*names]}:
                return [name for name in names if isinstance(name, str) and PLAIN.fullmatch(name)]
            case _:
                pass
    return []
