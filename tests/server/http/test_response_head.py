"""The head of an answer holds what it was given and nothing that somebody has slipped in."""

from email.utils import parsedate_to_datetime
from time import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.server.http.response_head import status_line, write_head

VISIBLE = st.binary(max_size=30).map(lambda text: bytes(byte for byte in text if byte not in b"\r\n\0"))


@pytest.mark.parametrize(
    ("status", "line"),
    [(200, b"HTTP/1.1 200 OK"), (431, b"HTTP/1.1 431 Request Header Fields Too Large"), (999, b"HTTP/1.1 999 ")],
)
def test_a_status_has_its_phrase_where_it_is_known(status: int, line: bytes) -> None:
    assert status_line(status) == line + b"\r\n"


@given(st.lists(st.tuples(VISIBLE, VISIBLE)))
def test_each_header_is_one_line(headers: list[tuple[bytes, bytes]]) -> None:
    lines = write_head(200, headers).split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 200 OK"
    assert lines[2:] == [*(b"%b: %b" % header for header in headers), b"", b""]


def test_the_date_is_now() -> None:
    name, _, value = write_head(200, []).split(b"\r\n")[1].partition(b": ")
    assert name == b"date"
    assert abs(parsedate_to_datetime(value.decode()).timestamp() - time()) < 60


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n", b"\0"])
@pytest.mark.parametrize("where", [0, 1])
def test_the_end_of_a_line_in_a_header_is_an_error(end: bytes, where: int) -> None:
    header = [b"x", b"y"]
    header[where] += end + b"set-cookie: a=b"
    with pytest.raises(ValueError, match="end of a line"):
        write_head(200, [(header[0], header[1])])
