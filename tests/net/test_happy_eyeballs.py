"""Which address of a host is connected to, when several are tried."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import pytest

from passenger.net.happy_eyeballs import alternating, connect_first
from passenger.net.resolver import SocketAddress
from tests.net.loops import on_each_loop
from tests.proxy import eventually
from tests.tunnel import door, silence

V4, V6 = socket.AF_INET, socket.AF_INET6


def test_the_families_take_turns_and_the_first_ones_is_first() -> None:
    six, four = (
        [SocketAddress(f"::{n}", 1, V6) for n in range(3)],
        [SocketAddress(f"10.0.0.{n}", 1, V4) for n in range(2)],
    )
    assert alternating([*six, *four]) == [six[0], four[0], six[1], four[1], six[2]]
    assert alternating([*four, *six, *four]) == [four[0], six[0], four[1], six[1], six[2]]
    assert alternating([]) == []


@contextlib.contextmanager
def deaf() -> Iterator[SocketAddress]:
    """An address that takes no connection and refuses none: its queue is full."""
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(socket.socket())
        one.bind(("127.0.0.1", 0))
        one.listen(0)
        for _ in range(4):
            other = stack.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(one.getsockname())
        yield SocketAddress("127.0.0.1", one.getsockname()[1])


@pytest.mark.proves("F23")
@on_each_loop
async def test_an_address_that_does_not_answer_is_overtaken_by_the_next() -> None:
    async with door(silence) as port:
        with deaf() as dead, await connect_first([dead, SocketAddress("127.0.0.1", port)]) as sock:
            assert sock.getpeername()[1] == port


@on_each_loop
async def test_an_address_that_refuses_is_followed_by_the_next_one_at_once() -> None:
    async with door(silence) as port:
        with await connect_first([SocketAddress("127.0.0.1", 1)] * 3 + [SocketAddress("127.0.0.1", port)]) as sock:
            assert sock.getpeername()[1] == port


@on_each_loop
async def test_a_family_that_this_machine_does_not_have_is_passed_over() -> None:
    async with door(silence) as port:
        nowhere = SocketAddress("2001:db8::1", port, V6)  # an address for documents: it leads nowhere
        with await connect_first([nowhere, SocketAddress("127.0.0.1", port)]) as sock:
            assert sock.getpeername()[1] == port


@on_each_loop
async def test_where_none_takes_a_connection_the_first_refusal_is_told() -> None:
    with pytest.raises(ConnectionRefusedError):
        await connect_first([SocketAddress("127.0.0.1", 1), SocketAddress("127.0.0.1", 2)])
    with pytest.raises(OSError, match="no address"):
        await connect_first([])


@on_each_loop
async def test_whoever_gives_up_leaves_no_attempt_behind() -> None:
    with deaf() as dead:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await connect_first([dead])
        await eventually(lambda: len(asyncio.all_tasks()) <= 2)


@on_each_loop
async def test_of_two_that_answer_one_is_kept() -> None:
    heard = 0

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard += 1
        try:
            await reader.read()
        finally:
            heard -= 1

    async with door(hear) as port:
        sock = await connect_first([SocketAddress("127.0.0.1", port), SocketAddress("127.0.0.1", port)])
        await eventually(lambda: heard)
        sock.close()
        await eventually(lambda: heard == 0)
