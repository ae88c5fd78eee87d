"""A server stops as it is told: in good order, by a deadline, at once; judged in this process, on both event loops."""

import asyncio
import signal
import socket
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from passenger.errors import Failure
from passenger.limits import Limits
from passenger.server.health import Readiness
from passenger.server.http.serving import StreamHandler
from passenger.server.http.stream import Stream
from passenger.server.inflight import InflightRequests
from passenger.server.process.listen import listen
from passenger.server.process.server import HURRIED, OVERDUE, Server
from tests.server.loops import LOOPS, run

LOOP = pytest.mark.parametrize("loop", LOOPS)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Stage:
    """A server whose application answers at once, or begins an answer and ends it when it may."""

    def __init__(
        self, *, drain_timeout: float = 60.0, limits: Limits | None = None, app: StreamHandler | None = None
    ) -> None:
        self.may_end, self.inflight = asyncio.Event(), InflightRequests()
        self.readiness = SimpleNamespace(draining=False)
        self.watched = list[float]()
        self.listens = asyncio.Event()
        self.server = Server(
            app or self.app,
            cast("Readiness", self.readiness),
            self.inflight,
            limits=limits or Limits(),
            drain_timeout=drain_timeout,
            on_listening=self.listens.set,
            end_within=self.watched.append,
        )

    async def app(self, stream: Stream) -> None:
        stream.start(200, [])
        end = b"whole"
        if stream.scope["path"] != "/":
            stream.write(b"begun ")
            try:
                with self.inflight.of(stream):
                    await self.may_end.wait()
            except Failure as error:
                end = type(error).__name__.encode()
        stream.end(end)

    async def begin(self) -> tuple[asyncio.Task[None], int]:
        """The server at work, and its port."""
        sockets = listen("127.0.0.1", 0)
        port: int = sockets[0].getsockname()[1]
        serving = asyncio.create_task(self.server.serve(sockets))
        await self.listens.wait()
        return serving, port


Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def dialled(port: int, path: bytes | None) -> Wire:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    if path is not None:
        writer.write(GET.replace(b"/", path, 1))
        await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def staged(loop: str, main: Callable[[Stage], Any], **options: Any) -> Stage:
    kept = list[Stage]()

    async def timed() -> None:
        async with asyncio.timeout(60):
            kept.append(Stage(**options))
            await main(kept[0])

    run(loop, timed())
    return kept[0]


@LOOP
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_without_clients_stops_at_once_and_takes_nobody_in(number: signal.Signals, loop: str) -> None:
    async def main(stage: Stage) -> None:
        before = signal.getsignal(number)
        serving, port = await stage.begin()
        signal.raise_signal(number)
        await serving
        assert stage.server.stopped_by is number
        assert signal.getsignal(number) is before
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    stage = staged(loop, main, drain_timeout=7.0)
    assert stage.watched == [7.0 + OVERDUE]
    assert stage.readiness.draining


@LOOP
def test_streams_run_on_and_whoever_waits_for_nothing_is_sent_away(loop: str) -> None:
    async def main(stage: Stage) -> None:
        serving, port = await stage.begin()
        streaming, idle, new = [await dialled(port, path) for path in (b"/stream", b"/", None)]
        assert await idle[0].readexactly(15) == b"5\r\nwhole\r\n0\r\n\r\n"
        stage.server.stop()
        assert await idle[0].read() == b""
        assert await new[0].read() == b""
        with socket.socket() as late:
            assert late.connect_ex(("127.0.0.1", port)) != 0
        assert not serving.done()
        stage.may_end.set()
        assert await streaming[0].read() == b"6\r\nbegun \r\n5\r\nwhole\r\n0\r\n\r\n"
        await serving
        for _, writer in (streaming, idle, new):
            writer.close()

    staged(loop, main)


@LOOP
def test_streams_that_are_not_done_by_the_deadline_are_ended_by_a_word(loop: str) -> None:
    async def main(stage: Stage) -> None:
        serving, port = await stage.begin()
        reader, writer = await dialled(port, b"/stream")
        stage.server.stop()
        assert await reader.read() == b"6\r\nbegun \r\n7\r\nFailure\r\n0\r\n\r\n"
        await serving
        writer.close()

    staged(loop, main, drain_timeout=0.0)


@LOOP
@pytest.mark.parametrize("again", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_streams_at_once(again: signal.Signals, loop: str) -> None:
    async def main(stage: Stage) -> None:
        serving, port = await stage.begin()
        reader, writer = await dialled(port, b"/stream")
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(again)
        assert b"Failure" in await reader.read()
        await serving
        writer.close()

    stage = staged(loop, main, drain_timeout=3600.0)
    assert sorted(stage.watched) == [HURRIED, 3600.0 + OVERDUE]


@LOOP
def test_a_terminal_that_closes_twice_hurries_nobody(loop: str) -> None:
    async def main(stage: Stage) -> None:
        serving, port = await stage.begin()
        reader, writer = await dialled(port, b"/stream")
        for _ in range(3):
            signal.raise_signal(signal.SIGHUP)
        for _ in range(100):
            await asyncio.sleep(0)
        assert not serving.done()
        stage.may_end.set()
        assert b"whole" in await reader.read()
        await serving
        writer.close()

    stage = staged(loop, main)
    assert len(stage.watched) == 1


@LOOP
def test_a_client_that_never_reads_does_not_keep_a_server_that_was_told_twice(loop: str) -> None:
    sent = list[int]()

    async def flood(stream: Stream) -> None:
        stream.start(200, [])
        while True:
            stream.write(bytes(20_000_000))
            sent.append(20_000_000)
            await stream.drain()

    async def main(stage: Stage) -> None:
        serving, port = await stage.begin()
        with socket.create_connection(("127.0.0.1", port)) as deaf:
            deaf.sendall(GET)
            while not sent:
                await asyncio.sleep(0)
            stage.server.stop()
            stage.server.hurry()
            await serving

    staged(loop, main, app=flood)


@LOOP
def test_nothing_is_at_work_any_more_when_it_has_stopped(loop: str) -> None:
    told = list[str]()

    async def never(stream: Stream) -> None:
        stream.start(200, [])
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(10):  # what has to be closed may take a while
                await asyncio.sleep(0)
            told.append("recorded")

    async def main(stage: Stage) -> None:
        serving, port = await stage.begin()
        _, writer = await dialled(port, b"/never")
        stage.server.handle_exit(signal.SIGTERM, None)
        stage.server.handle_exit(signal.SIGTERM, None)
        await serving
        assert told == ["recorded"]
        writer.close()

    staged(loop, main, app=never)


@LOOP
def test_one_client_too_many_is_told_so_and_the_others_are_served(loop: str) -> None:
    async def main(stage: Stage) -> None:
        serving, port = await stage.begin()
        first = await dialled(port, b"/stream")
        second, writer = await asyncio.open_connection("127.0.0.1", port)
        assert (await second.read()).startswith(b"HTTP/1.1 503 ")
        stage.may_end.set()
        assert b"whole" in await first[0].readuntil(b"0\r\n\r\n")
        stage.server.stop()
        await serving
        for one in (writer, first[1]):
            one.close()

    staged(loop, main, limits=Limits(max_connections=1))
