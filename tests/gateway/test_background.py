"""Responses in the background, without a server: however they end, their log is closed and their record made once."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence

import pytest
from msgspec import Raw

from passenger.chat.events import AnswerIdentity
from passenger.dialects.framing import write_sse
from passenger.dialects.openai.responses.background_events import BackgroundEvents, queued_object
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange, Outcome
from passenger.gateway.background import Background, BackgroundJob, wait_for_end
from passenger.gateway.recorder import Recorder
from passenger.gateway.response import Flow, GatewayResponse, Sink, pulled
from passenger.server.inflight import InflightRequest, InflightRequests
from passenger.state.memory import MemoryStore, StoreLimits
from passenger.state.store import LostError

OWNER, NAME = "seat/name", "resp_0123456789abcdef0123456789abcdef"
WHOLE = {"id": NAME, "created_at": 1, "status": "completed", "output": []}


class World:
    """A store, the responses that are made in it, and what is told of them."""

    def __init__(self, at_once: int = 4) -> None:
        self.store = MemoryStore(StoreLimits(size=2**20, largest=2**20, lifetime=60.0), lambda: 0.0)
        self.told = list[Exchange]()
        self.kept = list[str]()
        self.released = list[str]()
        self.inflight = InflightRequests()
        self.background = Background(self.store, Recorder([self.told.append]), at_once)

    async def keep(self, response: bytes) -> str | None:
        self.kept.append(json.loads(response)["status"])
        return None

    def job(self, flow: Flow | Failure, name: str = NAME) -> BackgroundJob:
        async def ask() -> GatewayResponse:
            await asyncio.sleep(0)
            if isinstance(flow, Failure):
                raise flow
            return GatewayResponse("text/event-stream", (), flow)

        identity = AnswerIdentity(name.removeprefix("resp_"), 1, echo={"store": Raw(b"true")})
        return BackgroundJob(
            OWNER,
            name,
            BackgroundEvents(queued_object({}, "m", identity)),
            Exchange("POST", "/v1/responses"),
            self.keep,
            ask,
            lambda: InflightRequest(self.inflight, None),
            lambda: self.released.append(name),
        )

    async def events(self, name: str = NAME) -> list[str]:
        return [json.loads(event)["type"] async for event in self.store.follow(OWNER, name)]

    async def ended(self) -> Exchange:
        """The record, once the log is closed."""
        await wait_for_end(self.store, OWNER, NAME, 20)
        await self.background.aclose()
        assert len(self.background) == len(self.inflight) == 0
        assert self.released == [NAME]
        (exchange,) = self.told
        return exchange


def saying(*kinds: str) -> Flow:
    async def pieces() -> AsyncGenerator[bytes, None]:
        for kind in kinds:
            await asyncio.sleep(0)
            body = {"type": f"response.{kind}", "response": {**WHOLE, "status": kind}}
            yield write_sse(json.dumps(body).encode())

    return pulled(pieces())


async def endless(sink: Sink) -> None:
    body = {"type": "response.in_progress", "response": {**WHOLE, "status": "in_progress"}}
    sink.piece(write_sse(json.dumps(body).encode()))
    await asyncio.Event().wait()


async def test_it_is_kept_at_each_step_until_its_end() -> None:
    world = World()
    shown = await world.background.start(world.job(saying("in_progress", "completed")))
    assert json.loads(shown)["status"] == "queued"
    exchange = await world.ended()
    assert world.kept == ["queued", "in_progress", "completed"]
    assert await world.events() == [f"response.{kind}" for kind in ("created", "queued", "in_progress", "completed")]
    assert (exchange.outcome, exchange.status) == (Outcome.OK, 200)


@pytest.mark.parametrize(
    ("flow", "code"),
    [
        (Failure(Kind.QUOTA, "none left"), "insufficient_quota"),
        (Failure(Kind.UNAVAILABLE, "stop", code="shutting_down"), "server_error"),
        (saying("in_progress"), "stream_broken"),
        (saying(), "stream_broken"),
    ],
)
async def test_it_fails_whatever_goes_wrong(flow: Flow | Failure, code: str) -> None:
    world = World()
    await world.background.start(world.job(flow))
    exchange = await world.ended()
    assert world.kept[-1] == "failed"
    last = [json.loads(event) async for event in world.store.follow(OWNER, NAME)][-1]
    assert code in last["response"]["error"]["code"]
    assert exchange.outcome is Outcome.BROKEN


async def test_what_is_cancelled_ends_as_cancelled() -> None:
    world = World()
    await world.background.start(world.job(endless))
    await world.store.cancel(OWNER, NAME)
    exchange = await world.ended()
    assert (await world.events())[-1] == "response.cancelled"
    assert (world.kept[-1], exchange.outcome) == ("cancelled", Outcome.CLIENT_GONE)


async def test_what_runs_is_counted_and_stopped_with_all_others() -> None:
    world = World()
    await world.background.start(world.job(endless))
    following = asyncio.create_task(world.events())
    while len(world.inflight) == 0:
        await asyncio.sleep(0)
    empty = asyncio.create_task(world.inflight.wait_until_empty())
    await asyncio.sleep(0)
    assert not empty.done()
    world.inflight.cancel_all(Failure(Kind.UNAVAILABLE, "stopping", code="shutting_down"))
    exchange = await world.ended()
    await empty
    assert (await following)[-1] == "response.failed"
    assert exchange.failure is not None
    assert exchange.failure.code == "server_error"


async def test_more_than_the_limit_are_refused_and_those_that_cannot_be_kept() -> None:
    world = World(at_once=1)
    await world.background.start(world.job(endless))
    with pytest.raises(Failure, match="1 responses") as refused:
        await world.background.start(world.job(saying("completed"), "resp_" + "f" * 32))
    assert (refused.value.kind, refused.value.retry_after) == (Kind.RATE_LIMIT, "10")
    await world.store.cancel(OWNER, NAME)
    await world.ended()

    async def full(_response: bytes) -> str:
        return "full"

    job = world.job(saying("completed"), "resp_" + "e" * 32)
    job.keep = full
    with pytest.raises(Failure, match="full"):
        await world.background.start(job)
    assert len(world.background) == 0


async def test_a_log_that_cannot_be_written_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    job = world.job(endless)
    append, calls = world.store.append, list[int]()

    async def append_twice(owner: str, response: str, first: int, events: Sequence[bytes]) -> None:
        calls.append(len(events))
        if len(calls) == 2:
            raise OSError("full")
        await append(owner, response, first, events)

    monkeypatch.setattr(world.store, "append", append_twice)
    await world.background.start(job)
    exchange = await world.ended()
    assert (await world.events())[-1] == "response.failed"
    assert exchange.outcome is Outcome.BROKEN


async def test_nothing_is_waited_for_where_there_is_no_log() -> None:
    with pytest.raises(LostError):
        await wait_for_end(World().store, OWNER, "resp_none", 20)


@pytest.mark.parametrize("is_over", [False, True])
async def test_one_whose_events_are_lost_is_kept_as_it_ended_and_none_are_numbered_anew(*, is_over: bool) -> None:
    world, lost, asking = World(), asyncio.Event(), list[Sink]()

    async def flow(sink: Sink) -> None:
        asking.append(sink)
        await lost.wait()
        await (saying("completed") if is_over else endless)(sink)

    await world.background.start(world.job(flow))
    while not asking:
        await asyncio.sleep(0)
    world.store.forget_log(OWNER, NAME)
    lost.set()
    while not world.told:
        await asyncio.sleep(0)
    (exchange,) = world.told
    assert world.kept[-1] == ("completed" if is_over else "failed")
    assert exchange.outcome is (Outcome.OK if is_over else Outcome.BROKEN)
    with pytest.raises(LostError):
        await world.events()
    assert len(world.inflight) == 0
    assert world.released == [NAME]
