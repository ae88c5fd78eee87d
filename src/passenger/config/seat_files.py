"""Where each seat keeps what is its own: no two have a file in common."""

from hashlib import sha256
from pathlib import Path

from passenger.config.login_name import is_plain

OWN = "own"
"""The seat of the user who started Passenger. Its files are not below a directory of their own."""

DIRECTORY = "seats"


def seat_directory(directory: Path, seat: str) -> Path:
    """Where a seat's files are, below one of our own directories."""
    return directory if seat == OWN else directory / DIRECTORY / _directory_name(seat)


def _directory_name(seat: str) -> str:
    """The seat's name, or a digest of one that a file system could refuse or take for another seat's."""
    return seat if is_plain(seat) else "~" + sha256(seat.encode("utf-8", "surrogatepass")).hexdigest()
