"""An answer is whole when its last byte has left, on both event loops: a client that takes none of it is no success."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from passenger.exchange import Exchange, Outcome
from passenger.gateway.recorder import Recorder
from passenger.limits import Limits
from passenger.server.http.connection import ClientConnection
from passenger.server.http.send_buffer import LOOKS
from passenger.server.http.service import Service
from passenger.server.http.serving import StreamTasks
from passenger.server.http.stream import Stream
from passenger.server.scope import begin
from tests.proxy import eventually
from tests.server.loops import LOOPS, run

LOOP = pytest.mark.parametrize("loop", LOOPS)
SYSTEM = 4096
"""Bytes that the system may keep of a connection at either end; it keeps some more, but no 32 KB."""

LARGE = 1024 * 1024

HOST = b" HTTP/1.1\r\nHost: a\r\n\r\n"
SIZES = {"/large": LARGE, "/some": 60_000, "/small": 5}
"""`/some` is more than the system takes, and less than a transport lets its protocol wait for."""


@dataclass
class House:
    """A server that answers with many bytes or few, and what its observers were told."""

    port: int = 0
    connections: set[ClientConnection] = field(default_factory=set)
    told: list[Exchange] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.recorder = Recorder([self.told.append])

    async def __call__(self, stream: Stream) -> None:
        self.streams.append(stream)
        exchange, path = begin(stream.scope, stream.headers), stream.scope["path"]
        try:
            match path:
                case "/none":
                    stream.respond(304, [], b"")
                case "/stream":
                    stream.start(200, [])
                    for _ in range(LARGE // 65536):
                        stream.write(b"x" * 65536)
                    stream.end()
                case "/cut":
                    stream.start(200, [(b"content-length", b"10")])
                    stream.write(b"x")
                    stream.abort()
                case _:
                    size = SIZES[path]
                    stream.respond(200, [(b"content-length", b"%d" % size)], b"x" * size)
        finally:
            self.recorder.record(exchange, stream)

    @property
    def outcomes(self) -> list[tuple[str, Outcome]]:
        return [(exchange.path, exchange.outcome) for exchange in self.told]

    async def written(self, number: int) -> None:
        """Wait until that many answers were written, and for whatever is told at once."""
        await eventually(lambda: len(self.streams) == number and all(stream.ended for stream in self.streams))
        for _ in range(5):
            await asyncio.sleep(0)


@dataclass
class Client:
    """One that reads when it is told to."""

    socket: socket.socket

    async def read(self, size: int) -> None:
        loop = asyncio.get_running_loop()
        while size > 0:
            data = await loop.sock_recv(self.socket, min(size, 1 << 20))
            assert data
            size -= len(data)

    async def head(self) -> bytes:
        """The head of an answer, and not a byte behind it."""
        loop, data = asyncio.get_running_loop(), b""
        while not data.endswith(b"\r\n\r\n"):
            data += await loop.sock_recv(self.socket, 1)
        return data

    async def read_to_the_end(self) -> None:
        loop = asyncio.get_running_loop()
        while await loop.sock_recv(self.socket, 1 << 20):
            pass


@contextlib.asynccontextmanager
async def housed() -> AsyncIterator[House]:
    house, loop = House(), asyncio.get_running_loop()
    served = StreamTasks(house)
    service = Service(served.serve, Limits(), 1000, house.connections)
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SYSTEM)  # which connections have from it
    server = await loop.create_server(lambda: ClientConnection(service, loop), sock=listening)
    house.port = listening.getsockname()[1]
    try:
        yield house
    finally:
        server.close()
        for one in list(house.connections):
            one.abort()
        while house.connections or served.tasks:
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def asking(house: House, *requests: bytes) -> AsyncIterator[Client]:
    """A client that has asked, all in one go, and has read nothing."""
    loop = asyncio.get_running_loop()
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SYSTEM)
        one.setblocking(False)
        await loop.sock_connect(one, ("127.0.0.1", house.port))
        await loop.sock_sendall(one, b"".join(requests))
        yield Client(one)


def get(path: str) -> bytes:
    return b"GET " + path.encode() + HOST


@LOOP
@pytest.mark.parametrize("path", ["/large", "/some", "/stream"])
def test_it_is_told_of_once_all_of_it_has_left_and_not_before(path: str, loop: str) -> None:
    async def main() -> None:
        async with housed() as house, asking(house, get(path)) as client:
            await house.written(1)
            assert house.streams[0].is_sending
            assert house.told == []
            reading = asyncio.create_task(client.read_to_the_end())
            await eventually(lambda: house.told)
            reading.cancel()
            assert house.outcomes == [(path, Outcome.OK)]
            assert not house.streams[0].is_sending

    run(loop, main())


@LOOP
@pytest.mark.parametrize(("path", "rest"), [("/some", 60_000), ("/large", 60_000), ("/large", 300_000)])
def test_who_leaves_before_the_last_bytes_has_not_had_it(path: str, rest: int, loop: str) -> None:
    async def main() -> None:
        async with housed() as house:
            async with asking(house, get(path)) as client:
                await house.written(1)
                (connection,) = house.connections
                while connection.transport.get_write_buffer_size() > rest:
                    await client.read(4096)
                assert connection.out.has_unsent
                assert house.told == []
            await eventually(lambda: house.told)
            assert house.outcomes == [(path, Outcome.CLIENT_GONE)]

    run(loop, main())


async def stall(house: House) -> None:
    (connection,) = house.connections
    for _ in range(LOOKS + 1):
        connection.look()


async def stop(house: House) -> None:
    (connection,) = house.connections
    connection.abort()


async def abort(house: House) -> None:
    (connection,) = house.connections
    connection.transport.abort()


async def flush(house: House) -> None:
    house.recorder.flush()


@LOOP
@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (stall, Outcome.CLIENT_GONE),
        (stop, Outcome.UNFINISHED),
        (abort, Outcome.UNFINISHED),
        (flush, Outcome.UNFINISHED),
    ],
    ids=["it reads nothing for too long", "the server stops", "its transport is aborted", "the recorder is flushed"],
)
def test_what_nobody_took_is_none(end: Callable[[House], Awaitable[None]], outcome: Outcome, loop: str) -> None:
    async def main() -> None:
        async with housed() as house, asking(house, get("/large")):
            await house.written(1)
            await end(house)
            await eventually(lambda: house.told)
            assert house.outcomes == [("/large", outcome)]
        assert len(house.told) == 1

    run(loop, main())


@LOOP
@pytest.mark.parametrize(
    "request_",
    [get("/small"), b"HEAD /large" + HOST, get("/none"), b"GET /small HTTP/1.0\r\nHost: a\r\n\r\n"],
    ids=["small", "HEAD", "304", "HTTP/1.0"],
)
def test_what_the_system_takes_at_once_is_waited_for_by_nobody(request_: bytes, loop: str) -> None:
    async def main() -> None:
        async with housed() as house, asking(house, request_):
            await house.written(1)
            assert [outcome for _, outcome in house.outcomes] == [Outcome.OK]

    run(loop, main())


@LOOP
@pytest.mark.parametrize("paths", [["/small"], ["/small", "/none", "/small"]], ids=["one", "several"])
def test_the_client_has_it_before_any_observer_is_told(paths: list[str], loop: str) -> None:
    async def main() -> None:
        found = list[bytes]()
        async with housed() as house, asking(house) as client:
            house.recorder.observe(lambda _: found.append(client.socket.recv(1 << 20, socket.MSG_PEEK)))
            await asyncio.get_running_loop().sock_sendall(client.socket, b"".join(map(get, paths)))
            await house.written(len(paths))
            assert len(house.told) == len(found) == len(paths)
            for number, data in enumerate(found, 1):
                assert data.count(b"HTTP/1.1 ") >= number

    run(loop, main())


@LOOP
def test_what_was_cut_off_is_no_whole_answer(loop: str) -> None:
    async def main() -> None:
        async with housed() as house, asking(house, get("/cut")):
            await house.written(1)
            assert house.outcomes == [("/cut", Outcome.UNFINISHED)]

    run(loop, main())


@LOOP
@pytest.mark.parametrize("last", ["/small", "/large", "/stream"])
def test_requests_behind_it_are_answered_and_told_of_in_turn(last: str, loop: str) -> None:
    async def main() -> None:
        async with housed() as house, asking(house, get("/large"), get("/small"), get(last)) as client:
            await house.written(1)
            assert house.told == []
            for number, size in enumerate((LARGE, 5, 5 if last == "/small" else LARGE), 1):
                await eventually(lambda: len(house.streams) >= number)  # noqa: B023 - awaited here
                await client.head()
                await client.read(size)
            await eventually(lambda: len(house.told) == 3)
            assert house.outcomes == [("/large", Outcome.OK), ("/small", Outcome.OK), (last, Outcome.OK)]

    run(loop, main())


@LOOP
@pytest.mark.parametrize("first", ["/large", "/stream"])
def test_what_is_asked_behind_an_answer_that_nobody_takes_is_not_served(first: str, loop: str) -> None:
    async def main() -> None:
        async with housed() as house, asking(house, get(first), *[get("/large")] * 20) as client:
            await house.written(1)
            (connection,) = house.connections
            assert connection.transport.get_write_buffer_size() <= LARGE
            await client.read(LARGE + SYSTEM)
            await eventually(lambda: len(house.streams) == 2)
            assert connection.transport.get_write_buffer_size() <= LARGE + SYSTEM

    run(loop, main())


@LOOP
def test_the_connection_serves_on_as_before(loop: str) -> None:
    async def main() -> None:
        async with housed() as house, asking(house, get("/large")) as client:
            for number in range(1, 4):
                await house.written(number)
                await client.head()
                await client.read(LARGE)
                await eventually(lambda: len(house.told) == number)  # noqa: B023 - awaited here
                (connection,) = house.connections
                assert not connection.out.is_full
                await asyncio.get_running_loop().sock_sendall(client.socket, get("/large"))
            assert [outcome for _, outcome in house.outcomes] == [Outcome.OK] * 3

    run(loop, main())


@LOOP
def test_a_last_answer_is_whole_when_it_has_left_though_the_connection_is_being_closed(loop: str) -> None:
    async def main() -> None:
        last = b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        async with housed() as house, asking(house, last) as client:
            await house.written(1)
            assert house.told == []
            await client.read_to_the_end()
            await eventually(lambda: house.told)
            assert house.outcomes == [("/large", Outcome.OK)]

    run(loop, main())
