"""Writes the head of an answer; the status line and the `Date` are made once a second."""

import functools
import time
from collections.abc import Sequence
from email.utils import formatdate
from http import HTTPStatus

Header = tuple[bytes, bytes]
"""A name in small letters, and a value."""


_joined = b": ".join


@functools.lru_cache(maxsize=64)
def status_line(status: int) -> bytes:
    """The first line of an answer."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


@functools.lru_cache(maxsize=64)
def _opening(status: int, second: int) -> bytes:
    """The status line and the date, which change once a second."""
    return b"%bdate: %b\r\n" % (status_line(status), formatdate(second, usegmt=True).encode())


def write_head(status: int, headers: Sequence[Header], framing: bytes = b"") -> bytes:
    """The whole head; `framing` are whole lines more.

    Raises:
        ValueError: a header holds a line's end or NUL, which would make more of it than one header.
    """
    block = b"\r\n".join(map(_joined, headers))
    ends = max(len(headers) - 1, 0)
    if block.count(b"\n") != ends or block.count(b"\r") != ends or b"\0" in block:
        raise ValueError("a header of the answer holds the end of a line")
    return b"%b%b%b%b\r\n" % (_opening(status, int(time.time())), block, b"\r\n" if block else b"", framing)
