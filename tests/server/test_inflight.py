"""How much is served at once, and requests that end because nobody wants their answers any more or all must."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from passenger.errors import Failure, Kind
from passenger.server.http.stream import ClientGone, Stream
from passenger.server.inflight import SMALL, VALUE, InflightRequest, InflightRequests
from passenger.server.process.listen import RESERVE
from passenger.simulator import Simulator
from tests.proxy import eventually, running
from tests.server.bench import HEAD, asking, bench
from tests.server.http.test_stream import Line, asked

MOST, ROOM = 5, 300_000
PADDING = b" " * 2_000_000
STOPPING = Failure(Kind.UNAVAILABLE, "stopping", code="shutting_down", retry_after="1")


async def test_a_request_that_is_handed_over_is_counted_on_and_outlives_its_client() -> None:
    inflight, stream = InflightRequests(max_requests=1), asked(Line())
    with inflight.of(stream) as first:
        first.hold(1_000)
        other = first.hand_over()
        with other:
            assert (len(inflight), inflight.bytes) == (2, 1_000)
    assert (len(inflight), inflight.bytes) == (0, 0)
    await inflight.wait_until_empty()


async def test_a_client_that_goes_in_a_block_that_ignores_it_is_noticed_behind_that() -> None:
    inflight, stream, done = InflightRequests(), asked(Line()), list[str]()

    async def work() -> None:
        with inflight.of(stream) as request:
            with request.ignoring_disconnect():
                stream.connection_lost()
                await asyncio.sleep(0)
                done.append("inside")
            await asyncio.sleep(0)
            done.append("behind")

    with pytest.raises(ClientGone):
        await work()
    assert done == ["inside"]


async def served(inflight: InflightRequests, stream: Stream) -> None:
    with inflight.of(stream):
        await asyncio.Event().wait()


@pytest.mark.proves("promise 7")
async def test_a_client_that_is_gone_ends_its_own_request_only() -> None:
    streams = [asked(Line()), asked(Line())]
    inflight = InflightRequests()
    tasks = [asyncio.create_task(served(inflight, stream)) for stream in streams]
    await asyncio.sleep(0)
    streams[0].connection_lost()
    with pytest.raises(ClientGone):
        await tasks[0]
    assert len(inflight) == 1
    tasks[1].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[1]
    assert len(inflight) == 0


async def test_all_are_cut_with_the_same_words_and_each_with_a_failure_of_its_own() -> None:
    inflight = InflightRequests()
    tasks = [asyncio.create_task(served(inflight, asked(Line()))) for _ in range(20)]
    await asyncio.sleep(0)
    inflight.cancel_all(STOPPING)
    heard = await asyncio.gather(*tasks, return_exceptions=True)
    assert {repr(failure) for failure in heard} == {repr(STOPPING)}
    assert len({id(failure) for failure in (*heard, STOPPING)}) == 21
    assert STOPPING.__traceback__ is None


# --- how many, and how large --------------------------------------------------------------------------------------


class InflightMachine(RuleBasedStateMachine):
    """Requests come, grow and go in any order; what is counted is what is there."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.inflight = InflightRequests(MOST, ROOM)
        self.held: dict[InflightRequest, int] = {}

    def teardown(self) -> None:
        self.runner.close()

    @rule()
    def come(self) -> None:
        async def entered() -> InflightRequest:
            return self.inflight.of(asked(Line())).__enter__()

        if len(self.held) < MOST:
            self.held[self.runner.run(entered())] = 0
        else:
            with pytest.raises(Failure) as refused:
                self.runner.run(entered())
            assert (refused.value.status, refused.value.retry_after) == (503, "1")

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0), size=st.integers(0, 200_000))
    def grow(self, which: int, size: int) -> None:
        request = list(self.held)[which % len(self.held)]
        if self.held[request] + size > SMALL and sum(self.held.values()) + size > ROOM:
            with pytest.raises(Failure, match="too many large"):
                request.hold(size)
        else:
            request.hold(size)
            self.held[request] += size

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0), values=st.integers(0, 5_000))
    def weigh(self, which: int, values: int) -> None:
        request, size = list(self.held)[which % len(self.held)], VALUE * values
        if self.held[request] > SMALL and sum(self.held.values()) + size > ROOM:
            with pytest.raises(Failure, match="too many large"):
                request.weigh(values)
        else:
            request.weigh(values)
            self.held[request] += size

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0), failed=st.booleans())
    def go(self, which: int, failed: bool) -> None:
        request = list(self.held)[which % len(self.held)]
        request.__exit__(*((ValueError, ValueError(), None) if failed else (None, None, None)))
        del self.held[request]

    @invariant()
    def what_is_counted_is_there(self) -> None:
        assert len(self.inflight) == len(self.held)
        assert self.inflight.bytes == sum(self.held.values())


TestInflight = InflightMachine.TestCase


@pytest.mark.proves("N4", "promise 8")
async def test_too_many_requests_are_a_503_and_health_is_answered_all_the_same(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[limits]\nmax_requests = 4\n") as own:
        wires = [await own.open(asking("[[stall 1]]", stream=True)) for _ in range(4)]
        for wire in wires:
            await wire.until(b"data: ")
        for _ in range(20):
            answer = await own.chat()
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            assert answer.error["code"] == "overloaded"
        assert (await own.get("/livez")).status == 200
        assert len(own.chats()) == 4
        wires[0].abort()
        await eventually(lambda: own.sim.active == 3)
        assert (await own.chat()).status == 200


@pytest.mark.proves("N4", "promise 8")
async def test_too_many_connections_are_a_503_each_and_end_with_those_that_leave(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[limits]\nmax_connections = 8\n") as own:
        crowd = [await own.dial(b"") for _ in range(40)]
        told = [(await wire.rest()).split(b"\r\n")[0] for wire in crowd[8:]]
        assert set(told) == {b"HTTP/1.1 503 Service Unavailable"}
        await own.hang_up()
        assert (await own.get("/livez")).status == 200


@pytest.mark.proves("F56", "promise 8")
async def test_large_bodies_are_shed_before_small_ones(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[limits]\nmax_body_memory = 3000000\n") as own:
        held = await own.open(json.dumps(asking("[[stall 1]]", stream=True)).encode() + PADDING)
        await held.until(b"data: ")
        large = json.dumps(asking()).encode() + PADDING
        shed = await own.post(large)
        assert (shed.status, shed.headers["retry-after"], shed.error["code"]) == (503, "1", "overloaded")
        assert (await own.chat("small")).status == 200
        held.abort()
        await eventually(lambda: own.sim.active == 0)
        assert (await own.post(large)).status == 200


@pytest.mark.proves("N6", "promise 8")
async def test_a_body_of_ten_gigabytes_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:
        wire = await own.dial(f"{HEAD}Content-Length: 10000000000\r\n\r\n".encode())
        assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 413 ")
        chunks = b"%x\r\n%b\r\n" % (1 << 20, b" " * (1 << 20))
        wire = await own.dial(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode())
        for _ in range(33):
            wire.writer.write(chunks)
            await asyncio.wait_for(wire.writer.drain(), 60)
        assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 413 ")
        assert own.chats() == []


@pytest.mark.proves("F55")
async def test_with_few_descriptors_it_sheds_and_recovers(tmp_path: Path) -> None:
    async with Simulator() as sim:
        home = tmp_path / "home"
        home.mkdir()
        async with running(sim, home, env={"PASSENGER_LIMITS_MAX_CONNECTIONS": "4096"}, descriptors=64) as proxy:
            most = (64 - RESERVE) // 2
            port = int(proxy.url.rpartition(":")[2])
            crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3 * most)]
            said = await asyncio.gather(*[asyncio.wait_for(reader.read(20), 60) for reader, _ in crowd])
            assert sum(b" 503 " in one for one in said) == 2 * most
            for _, writer in crowd:
                writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b" 200 " in await reader.readline()
            writer.close()
