"""The head of an answer as bytes; hides the clock that its date is kept by."""

import functools
import time
from collections.abc import Sequence
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
_joined = b": ".join


@functools.lru_cache(maxsize=64)
def status_line(status: int) -> bytes:
    """The first line of an answer."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


def write_head(status: int, headers: Sequence[Header], framing: bytes = b"") -> bytes:
    """The whole head; `framing` are whole lines more.

    Raises:
        ValueError: a header holds a line's end or NUL, which would make more of it than one header.
    """
    block = b"\r\n".join(map(_joined, headers))
    ends = max(len(headers) - 1, 0)
    if block.count(b"\n") != ends or block.count(b"\r") != ends or b"\0" in block:
        raise ValueError("a header of the answer holds the end of a line")
    return b"%b%b%b%b\r\n" % (_opening(status), block, b"\r\n" if block else b"", framing)
