"""The names of models that the last server of this user knew, for who cannot wait to ask: shell completion.

Nothing is imported here that costs time.
"""

import contextlib
import json
import re
import stat
from pathlib import Path

FILE = "names.json"
PLACES = ("", "*/*/", "*/*/*/*/")
"""Where a file may be: for github.com, for another host or a named login, for a named login at another host."""

LARGEST = 256 * 1024
"""Bytes of a file that is read."""

PLAIN = re.compile(r"[\w.:/@+-]{1,200}", re.ASCII)
"""A name that means nothing but itself to any shell."""


def known_names(state_dir: Path) -> list[str]:
    """The names in the file that was written last, of whichever host's login; none where there is no such file."""
    files = [file for place in PLACES for file in state_dir.glob(place + FILE)]
    written = {file: at for file in files if (at := _written_at(file)) is not None}
    return _names_in(max(written, key=written.__getitem__)) if written else []


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
