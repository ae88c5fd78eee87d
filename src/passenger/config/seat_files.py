"""Where each seat keeps what is its own: no two have a file in common."""

import shutil
from hashlib import sha256
from pathlib import Path

from passenger.config.login_name import is_plain

OWN = "own"
"""The seat of the user who started Passenger. Its files are not below a directory of their own."""

DIRECTORY = "seats"


def seat_directory(directory: Path, seat: str) -> Path:
    """Where a seat's files are, below one of our own directories."""
    return directory if seat == OWN else directory / DIRECTORY / _directory_name(seat)


def remove_seat(directory: Path, seat: str) -> None:
    """Remove all that a person's seat has below one of our own directories: its login, and what was learned and kept.

    Raises:
        OSError: some of it stays.
    """
    if seat != OWN and (place := seat_directory(directory, seat)).is_dir():
        shutil.rmtree(place)


def _directory_name(seat: str) -> str:
    """The seat's name, or a digest of one that a file system could refuse or take for another seat's."""
    return seat if is_plain(seat) else "~" + sha256(seat.encode("utf-8", "surrogatepass")).hexdigest()
