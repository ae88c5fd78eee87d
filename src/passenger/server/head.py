"""The head of an answer as bytes; hides the clock that its date is kept by."""

import functools
import time
from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus

Header = tuple[bytes, bytes]
"""A name in small letters, and a value."""


class _Openings:
    """The status line and the date, which change once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._made: dict[int, bytes] = {}

    def of(self, status: int) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._made.clear()
        made = self._made.get(status)
        if made is None:
            date = formatdate(second, usegmt=True).encode()
            made = self._made[status] = b"%bdate: %b\r\n" % (status_line(status), date)
        return made


_opening = _Openings().of


@functools.lru_cache(maxsize=64)
def status_line(status: int) -> bytes:
    """The first line of an answer."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


def write_head(status: int, headers: Iterable[Header]) -> bytes:
    """The whole head.

    Raises:
        ValueError: a header holds a line's end or NUL, which would make more of it than one header.
    """
    lines = [b"%b: %b\r\n" % header for header in headers]
    head = b"".join((_opening(status), *lines, b"\r\n"))
    ends = len(lines) + 3
    if head.count(b"\n") != ends or head.count(b"\r") != ends or b"\0" in head:
        raise ValueError("a header of the answer holds the end of a line")
    return head
