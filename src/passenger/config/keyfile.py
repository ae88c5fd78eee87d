"""The file of API keys: a key a line, empty lines and those that begin with `#` left out."""

import os
import stat
from pathlib import Path

from passenger.config.kinds import API_KEYS
from passenger.secret import Secret

LARGEST = 1 << 20
SHORT = 16
"""Characters below which a key is called short: 16 random ones cannot be guessed, most shorter ones were thought up."""


def read_keys(path: Path) -> tuple[Secret, ...]:
    """The keys in a file.

    Raises:
        ValueError: it holds none, or something else; the text says what and never shows it.
        OSError: it cannot be read.
    """
    with open(path, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("is no plain file, which alone can be looked at again")
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"is larger than {LARGEST} bytes, so it is no file of keys")
    lines = [line.strip() for line in content.decode("utf-8-sig", "replace").splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys:
        raise ValueError("holds no key: write one a line")
    checked: tuple[Secret, ...] = API_KEYS.check(keys)  # type: ignore[assignment]  # what this kind gives
    return checked


def _open_at_once(path: str, flags: int) -> int:
    """Open without blocking, as a pipe without a writer would."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def is_private(path: Path) -> bool:
    """Whether only its owner may read a file, as far as the system can tell."""
    return os.name != "posix" or not stat.S_IMODE(path.stat().st_mode) & 0o077
