"""How much is let in at once: a machine that plays with it by rule, and a server that is asked for too much."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from passenger.errors import Failure
from passenger.simulator import Simulator
from passenger.web.admission import SMALL, VALUE, Admission, Ticket
from passenger.web.listen import RESERVE
from tests.proxy import eventually, running
from tests.web.bench import HEAD, asking, bench

MOST, ROOM = 5, 300_000
PADDING = b" " * 2_000_000


class AdmissionMachine(RuleBasedStateMachine):
    """Requests come, grow and go in any order; what is counted is what is there."""

    def __init__(self) -> None:
        super().__init__()
        self.admission = Admission(MOST, ROOM)
        self.held: dict[Ticket, int] = {}

    @rule()
    def come(self) -> None:
        ticket = self.admission.ticket()
        if len(self.held) < MOST:
            self.held[ticket.__enter__()] = 0
        else:
            with pytest.raises(Failure) as refused:
                ticket.__enter__()
            assert (refused.value.status, refused.value.retry_after) == (503, "1")

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0), size=st.integers(0, 200_000))
    def grow(self, which: int, size: int) -> None:
        ticket = list(self.held)[which % len(self.held)]
        if self.held[ticket] + size > SMALL and sum(self.held.values()) + size > ROOM:
            with pytest.raises(Failure, match="too many large"):
                ticket.hold(size)
        else:
            ticket.hold(size)
            self.held[ticket] += size

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0), values=st.integers(0, 5_000))
    def weigh(self, which: int, values: int) -> None:
        ticket, size = list(self.held)[which % len(self.held)], VALUE * values
        if self.held[ticket] > SMALL and sum(self.held.values()) + size > ROOM:
            with pytest.raises(Failure, match="too many large"):
                ticket.weigh(values)
        else:
            ticket.weigh(values)
            self.held[ticket] += size

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0), failed=st.booleans())
    def go(self, which: int, failed: bool) -> None:
        ticket = list(self.held)[which % len(self.held)]
        ticket.__exit__(*((ValueError, ValueError(), None) if failed else (None, None, None)))
        del self.held[ticket]

    @invariant()
    def what_is_counted_is_there(self) -> None:
        assert self.admission.requests == len(self.held)
        assert self.admission.bytes == sum(self.held.values())


TestAdmission = AdmissionMachine.TestCase


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
