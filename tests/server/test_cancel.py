"""A client that goes away ends the work done for it at once, and harms nobody else."""

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from benchmarks.process import own_memory_kb
from stress.dialects import NEWEST, RELAYED
from stress.hangups import APIS, PAIRS, SIZES, SPEAKS, WAITS, Pair, agents_body

from passenger.simulator import Fault, Simulator
from passenger.simulator.recorded import Recorded
from tests.proxy import eventually
from tests.server.bench import AGES, EXCHANGE, HEAD, Bench, Wire, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")


def abort(wire: Wire) -> None:
    wire.abort()


def close(wire: Wire) -> None:
    wire.writer.close()


def reset(wire: Wire) -> None:
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # close() then sends RST instead of FIN
    wire.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    wire.abort()


LEAVE: list[Callable[[Wire], None]] = [abort, close, reset]

WAITING = {
    "before the headers of a stream": ("[[delay 60]]", True),
    "before the headers of an answer": ("[[delay 60]]", False),
    "after the headers of a stream": ("[[headers]]", True),
    "after the headers of an answer": ("[[headers]]", False),
    "in an idle stream": ("[[stall 2]] some words for it", True),
    "in a stream that drips": ("[[drip 0.05]] [[events 2000]]", True),
    "in a stream as fast as it can": ("[[size 20000000]] [[stall 4000]]", True),
    "in half an answer": ("[[stall 20]]", False),
}
"""None of these answers ends by itself while a test waits for its end.

The fast one says 16 MB of its 20 and then waits. All 20 MB could be over before anybody knew that the client had left:
in one turn of its loop uvloop reads a connection up to 32 times (8 MB), only the next turn hears of the client, and the
kernel takes some MB more than were read. A stream that ended did end first in 8 of 60 runs on a busy machine, whichever
way the client left; this one never can.
"""


async def assert_ended(one: Bench, request: Recorded) -> None:
    """The request upstream was closed from our side, and is one line in the log."""
    await one.sim.closed(request)
    assert request.closed_early
    line = await one.line(request.header("x-request-id") or "")
    assert "outcome=client_gone" in line
    assert " INFO " in line


@pytest.mark.proves("F35", "promise 7")
@pytest.mark.parametrize("leave", LEAVE)
@pytest.mark.parametrize("when", WAITING)
async def test_a_client_that_leaves_ends_the_request_upstream(
    shared: Bench, when: str, leave: Callable[[Wire], None]
) -> None:
    text, stream = WAITING[when]
    wire = await shared.open(asking(text, stream=stream))
    request = await shared.upstream()
    if stream and "delay" not in text:
        await wire.until(b"\r\n\r\n")
    leave(wire)
    await assert_ended(shared, request)
    assert (await shared.chat()).status == 200


# --- whatever it sent --------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def apart(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """A bench whose models speak one API each."""
    async with Simulator(speaks=SPEAKS) as sim, bench(tmp_path_factory.mktemp("apart"), simulator=sim) as one:
        yield one


async def hang_up(one: Bench, pair: Pair, kilobytes: int) -> None:
    """Ask, and leave once upstream has the request, which it then sees closed."""
    one.forget()
    wire = await one.dial(pair.request(kilobytes))
    request = await one.upstream(APIS[pair.model])
    wire.abort()
    await assert_ended(one, request)


@pytest.mark.proves("F35", "promise 7")
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("kilobytes", SIZES)
async def test_a_hang_up_is_noticed_however_long_the_body_was(apart: Bench, kilobytes: int, stream: bool) -> None:
    pair = next(pair for pair in PAIRS if pair.way.name == "chat" and pair.way.stream == stream)
    await hang_up(apart, pair, kilobytes)


@pytest.mark.proves("F35", "promise 7")
@pytest.mark.parametrize("pair", PAIRS, ids=str)
async def test_a_hang_up_is_noticed_in_every_dialect_and_on_every_route(apart: Bench, pair: Pair) -> None:
    await hang_up(apart, pair, 300)


@pytest.mark.proves("F35", "promise 7")
async def test_a_hang_up_is_noticed_though_another_request_waits_behind(shared: Bench) -> None:
    body = json.dumps(asking("words " * 50_000 + WAITS)).encode()
    one = f"{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body
    wire = await shared.dial(one + f"{HEAD}Content-Length: 20\r\n\r\n".encode() + b" " * 20)
    request = await shared.upstream()
    wire.abort()
    await shared.sim.closed(request)
    assert request.closed_early


HANG_UPS, EACH_KB = 30, 100
"""So many, and what each may leave behind: a third of what it sent."""


@pytest.mark.proves("F35", "F56")
@pytest.mark.parametrize("model", [RELAYED, NEWEST], ids=["relayed", "translated"])
async def test_hang_ups_give_their_memory_back(tmp_path: Path, model: str) -> None:
    body, up = agents_body(model), APIS[model]
    async with bench(tmp_path, executed=True) as own:

        async def leave() -> None:
            own.forget()
            wire = await own.open(body)
            await own.upstream(up)
            wire.abort()
            await eventually(lambda: own.sim.active == 0)

        await leave()
        before = own_memory_kb(own.proxy.pid)
        for _ in range(HANG_UPS):
            await leave()
        assert own_memory_kb(own.proxy.pid) - before < HANG_UPS * EACH_KB


async def test_a_client_that_leaves_while_it_sends_costs_nothing(shared: Bench) -> None:
    wire = await shared.dial(f"{HEAD}Content-Length: 1000\r\n\r\n".encode() + b'{"model":')
    before = len(shared.proxy.logged("client_gone"))
    wire.abort()
    await eventually(lambda: len(shared.proxy.logged("client_gone")) > before)
    assert shared.sim.requests == []


async def test_a_client_that_has_its_answer_may_leave(shared: Bench) -> None:
    answer = await shared.post(asking(stream=True), headers={"Connection": "close"})
    assert "client_gone" not in await shared.line(answer)
    assert not shared.chats()[0].closed_early


async def test_others_are_served_on_while_some_leave(shared: Bench) -> None:
    staying = [asyncio.create_task(shared.stream(f"[[drip 0.01]] number {number}")) for number in range(5)]
    leaving = [await shared.open(asking("[[stall 1]]", stream=True)) for _ in range(5)]
    await shared.upstream(number=10)
    for wire in leaving:
        wire.abort()
    for number, task in enumerate(staying):
        answer = await task
        assert f"number {number}" in answer.text
        assert answer.body.endswith(b"[DONE]\n\n")


@pytest.mark.proves("F4")
async def test_an_exchange_survives_whoever_began_it(tmp_path: Path) -> None:
    async with bench(tmp_path, primed=False) as own:
        own.sim.inject(Fault(delay=0.5), path=EXCHANGE)
        leader = await own.open(asking("leader", stream=True))
        exchange = await own.upstream(EXCHANGE)
        others = [asyncio.create_task(own.chat(f"other {number}", stream=bool(number % 2))) for number in range(5)]
        leader.abort()
        await own.proxy.said("client_gone")
        assert {(await other).status for other in others} == {200}
        assert own.sim.exchanges == 1
        assert not exchange.closed_early
        assert len(own.chats()) == 5


@pytest.mark.proves("F4")
async def test_an_exchange_after_a_refusal_survives_whoever_began_it(shared: Bench) -> None:
    shared.sim.revoke_tokens()
    shared.sim.inject(Fault(delay=0.3), path=EXCHANGE)
    leader = await shared.open(asking("leader"))
    await shared.upstream(EXCHANGE)
    leader.abort()
    assert (await shared.chat("another")).status == 200
    assert shared.sim.exchanges == 1


async def test_a_list_of_models_survives_whoever_asked_for_it_first(tmp_path: Path) -> None:
    async with bench(tmp_path, primed=False) as own:
        own.sim.inject(Fault(delay=0.5), path="/models")
        leader = await own.open(asking("leader"))
        await own.upstream("/models")
        leader.abort()
        await own.proxy.said("client_gone")
        assert (await own.chat()).status == 200
        assert len(own.sim.seen("/models")) == 1
        assert not own.sim.seen("/models")[0].closed_early


async def test_a_request_behind_another_on_its_connection_is_served(shared: Bench) -> None:
    body = b'{"model":"gpt-4o","messages":[{"role":"user","content":"one after another"}]}'
    one = f"{HEAD}Content-Length: {len(body)}\r\n".encode()
    wire = await shared.dial(one + b"\r\n" + body + one + b"Connection: close\r\n\r\n" + body)
    answers = await wire.rest()
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert len(shared.chats()) == 2


KINDS = (
    ("[[split]] a few words", True),
    ("[[drip 0.005]] a few more words than that", True),
    ("[[size 300000]]", True),
    ("[[size 300000]]", False),
    ("[[delay 0.02]]", False),
    ("[[stall 3]] words and words and words", True),
    ("[[reset 2]] words and words and words", True),
    ("[[error 2]] words and words and words", True),
)


@pytest.mark.proves("F35", "promise 7")
async def test_leaving_at_any_moment_leaves_nothing_behind(shared: Bench) -> None:
    chance = random.Random(20261123)

    async def visit() -> None:
        text, stream = chance.choice(KINDS)
        wire = await shared.open(asking(text, stream=stream))
        wanted = chance.choice((0, 0, 1, 100, 400, 2000, 20_000))
        how = chance.choice(LEAVE)
        if wanted and "stall" not in text:
            async with asyncio.timeout(AGES):
                await wire.reader.read(wanted)
        for _ in range(chance.randrange(20)):
            await asyncio.sleep(0)
        how(wire)

    for _ in range(10):
        await asyncio.gather(*[visit() for _ in range(8)])
    assert (await shared.stream("still there?")).body.endswith(b"[DONE]\n\n")
    await eventually(lambda: shared.sim.active == 0)
    for request in shared.chats():
        assert await shared.line(request.header("x-request-id") or "")
    open_files = len(list(Path(f"/proc/{shared.proxy.pid}/fd").iterdir()))
    assert open_files < 60
