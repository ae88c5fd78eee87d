"""The upstream of the benchmark: when its streams send, and where their events are cut."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
from benchmarks.answers import completions
from benchmarks.pacing import CALL_FOR_PINGS, PING, Paces, Pings
from benchmarks.payloads import BODIES, numbered
from benchmarks.upstream import CALL_FOR_THE_END, Connection, _cut, _pieces


class Wire(asyncio.Transport):
    """Keeps what is written to it, each write for itself."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.protocol: asyncio.BaseProtocol | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self.written.append(bytes(data))

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Be another's."""
        self.protocol = protocol


async def connected(paces: Paces) -> tuple[Callable[[bytes], None], Wire]:
    """What a connection is sent, and what it answers."""
    connection, wire = Connection("http://127.0.0.1:1", paces), Wire()
    connection.connection_made(wire)
    return connection.data_received, wire


def asked(body: bytes) -> bytes:
    return b"POST /chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def get(path: bytes) -> bytes:
    return b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path


async def test_pings_that_come_in_one_read_with_the_call_for_them_are_heard() -> None:
    paces = Paces()
    stream, events = await connected(paces)
    stream(asked(numbered(BODIES["ping-pong stream"], 1)))
    before = len(events.written)
    call, wire = await connected(paces)
    call(get(CALL_FOR_PINGS) + PING.pack(1) + PING.pack(1)[:2])
    assert [piece.count(b"@") for piece in events.written[before:]] == [1]
    assert isinstance(wire.protocol, Pings)
    wire.protocol.data_received(PING.pack(1)[2:])
    assert [piece.count(b"@") for piece in events.written[before:]] == [1, 1]


async def test_a_ping_pong_stream_sends_an_event_when_its_last_one_is_there_and_never_before() -> None:
    paces = Paces()
    one, first = await connected(paces)
    two, second = await connected(paces)
    one(asked(numbered(BODIES["ping-pong stream"], 1)))
    two(asked(numbered(BODIES["ping-pong stream"], 2)))
    before = len(first.written)
    assert b"@" in first.written[-1]
    pings = Pings(paces)
    message = PING.pack(1) + PING.pack(1) + PING.pack(2)
    for at in range(len(message)):
        pings.data_received(message[at : at + 1])
    assert [piece.count(b"@") for piece in first.written[before:]] == [1, 1]
    assert second.written[-1].count(b".00001 ") == 1
    await asyncio.sleep(0)
    assert len(first.written) == before + 2


async def test_a_ping_pong_stream_ends_at_its_next_event_once_the_end_is_called_for() -> None:
    paces = Paces()
    send, wire = await connected(paces)
    send(asked(numbered(BODIES["ping-pong stream"], 3)))
    other, _ = await connected(paces)
    other(get(CALL_FOR_THE_END))
    Pings(paces).data_received(PING.pack(3))
    assert wire.written[-1].endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
    Pings(paces).data_received(PING.pack(3))


async def test_a_connection_that_calls_for_pings_brings_them_from_then_on() -> None:
    send, wire = await connected(Paces())
    send(get(CALL_FOR_PINGS))
    assert isinstance(cast("object", wire.protocol), Pings)


def test_no_piece_of_a_cut_stream_but_the_last_ends_where_an_event_does() -> None:
    whole = _pieces(completions(usage=False))
    pieces = _cut(whole)
    assert b"".join(pieces) == b"".join(whole)
    assert len(pieces) == 2 * len(whole) + 1
    ends = {len(b"".join(whole[: number + 1])) for number in range(len(whole) - 1)}
    at = 0
    for piece in pieces[:-1]:
        at += len(piece)
        assert at not in ends


@pytest.mark.parametrize("body", ["small stream", "cut stream"])
async def test_a_stream_at_full_speed_says_the_same_wherever_it_is_cut(body: str) -> None:
    send, wire = await connected(Paces())
    send(asked(BODIES[body]))
    for _ in range(500):
        await asyncio.sleep(0)
    text = b"".join(wire.written)
    assert text.partition(b"\r\n\r\n")[2] == b"".join(_pieces(completions(usage=False)))
