"""A client counts as one that does not read only after look upon look at bytes of which it takes none."""

import asyncio
import socket
import sys
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.server.http.send_buffer import LOOKS, SendBuffer
from tests.proxy import eventually
from tests.server.loops import LOOPS, run

Moment = tuple[int, int]
"""How many bytes wait, and how many have been acknowledged in all."""


class Line:
    """A transport, and the socket below it, at one moment."""

    def __init__(self, moment: Moment) -> None:
        self._waiting, self._acked = moment

    def get_write_buffer_size(self) -> int:
        return self._waiting

    def get_extra_info(self, _name: str) -> "Line":
        return self

    def getsockopt(self, _level: int, _option: int, size: int) -> bytes:
        if self._acked < 0:
            raise OSError
        return bytes(size - 8) + self._acked.to_bytes(8, sys.byteorder)


def judged(moments: list[Moment]) -> list[bool]:
    """What each look says."""
    buffer, found = SendBuffer(), list[bool]()
    for moment in moments:
        buffer.transport = cast("asyncio.Transport", Line(moment))
        found.append(buffer.has_stalled())
    return found


def test_whoever_takes_nothing_for_some_looks_has_stopped() -> None:
    assert judged([(100, 7)] * (LOOKS + 1)) == [False] * LOOKS + [True]


@pytest.mark.parametrize("break_", [(0, 7), (99, 8)], ids=["owed nothing", "took one byte"])
def test_one_byte_or_an_empty_buffer_begins_the_count_anew(break_: Moment) -> None:
    moments = [(100, 7)] * LOOKS + [break_] + [(100, break_[1])] * LOOKS
    assert not any(judged(moments)[:-1])


@given(st.lists(st.integers(0, 1000), max_size=50))
def test_a_client_that_takes_something_between_looks_never_has(waiting: list[int]) -> None:
    assert not any(judged([(size, number) for number, size in enumerate(waiting)]))


def test_a_socket_that_was_closed_just_now_is_judged_by_what_waits() -> None:
    assert judged([(100, -1)] * (LOOKS + 1)) == [False] * LOOKS + [True]


@given(st.integers(0, 2**60))
def test_a_client_that_is_owed_nothing_never_has(acked: int) -> None:
    assert not any(judged([(0, acked)] * 20))


class Paused(asyncio.Protocol):
    """Counts how often it was paused and resumed."""

    def __init__(self) -> None:
        self.pauses = self.resumes = 0

    def pause_writing(self) -> None:
        self.pauses += 1

    def resume_writing(self) -> None:
        self.resumes += 1


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("last", [b"", b"end"])
def test_pieces_pause_their_source_and_all_of_them_leave(last: bytes, loop: str) -> None:
    async def main() -> None:
        here, there = socket.socketpair()
        with here, there:
            here.setblocking(False)
            there.setblocking(False)
            transport, protocol = await asyncio.get_running_loop().create_connection(Paused, sock=here)
            buffer, size = SendBuffer(), 4 * 1024 * 1024
            buffer.transport = transport
            buffer.write_pieces(b"", bytes(size), last)
            await eventually(lambda: protocol.pauses == 1)
            read = 0
            while read < size + len(last):
                read += len(await asyncio.get_running_loop().sock_recv(there, size))
            await eventually(lambda: protocol.resumes == 1 and not buffer.has_unsent)
            transport.close()

    run(loop, main())
