"""How a request ended is what its record says, however it ended."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from passenger.account.principal import ANYONE
from passenger.account.session import Session
from passenger.copilot.call import Call
from passenger.copilot.catalog_cache import CatalogCache, Fetched
from passenger.copilot.upstream import Reply
from passenger.dialects import Request
from passenger.dialects.openai import chat as completions
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange, Outcome
from passenger.gateway import Gateway, GatewayResponse, OneSeat, Seat
from passenger.gateway.reasoning_cache import ReasoningCache
from passenger.gateway.response import pulled
from passenger.limits import Limits
from passenger.observe import access_log
from passenger.secret import Secret
from passenger.server.answer import ClientAnswer
from passenger.server.inflight import InflightRequests
from passenger.server.request_path import Endpoint, Serve, deliver
from passenger.server.scope import begin
from passenger.tokens.counter import Counter
from passenger.tokens.ratios import Ratios
from passenger.tokens.tokenizer import Tokenizer
from tests.fakes import Clock, MemoryVault, grant
from tests.server.line import Client

BROKE = Failure(Kind.UPSTREAM, "Copilot broke off", code="stream_broken")


class Nowhere:
    """An upstream that nobody gets to."""

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        raise NotImplementedError


class Served:
    """One request to an endpoint that serves as it is told, and its record."""

    def __init__(self, serve: Serve) -> None:
        clock, limits = Clock(), Limits()
        session = Session(MemoryVault(), self._exchange, clock=clock, base_url=str, headers={})
        catalog = CatalogCache(self._models, clock=clock, lifetime=1, aliases={})
        counter = Counter(Ratios(None), Tokenizer(), clock=clock)
        seat = Seat("own", session, catalog, Nowhere(), ReasoningCache(clock))
        self.records = list[Exchange]()
        observers = [self.records.append, access_log.log_exchange]
        gateway = Gateway(OneSeat(seat), clock=clock, counter=counter, observers=observers)
        self._recorder = gateway.recorder
        self._endpoint = Endpoint(completions.INBOUND, serve, InflightRequests(), limits)
        self.client = Client()
        self.client.send(
            "POST /v1/x HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
        )

    def begun(self) -> asyncio.Task[None]:
        return asyncio.create_task(self._serve())

    async def _serve(self) -> None:
        (stream,) = self.client.streams
        exchange = begin(stream.scope, stream.headers)
        exchange.principal = ANYONE
        try:
            await self._endpoint.serve(stream, exchange)
        finally:
            self._recorder.record(exchange, stream)
            await asyncio.sleep(0)  # which the recorder takes to look
            self.client.loop.turn()

    @property
    def down(self) -> bytes:
        """What went to the client."""
        return self.client.transport.sent

    @property
    def record(self) -> Exchange:
        (record,) = self.records
        return record

    async def _exchange(self, _login: Secret) -> Any:
        return grant("token")

    async def _models(self, _believed: float) -> Fetched:
        return Fetched([])


async def forever() -> AsyncGenerator[bytes, None]:
    yield b"data: {}\n\n"
    await asyncio.Event().wait()


async def until(served: Served, count: int) -> None:
    """That many pieces have gone down."""
    while served.down.count(b"data: {}") < count:
        await asyncio.sleep(0)


async def stream(_request: Request, _exchange: Exchange, answer: ClientAnswer) -> None:
    await deliver(GatewayResponse("text/event-stream", (), pulled(forever())), answer)


async def whole(_request: Request, _exchange: Exchange, answer: ClientAnswer) -> None:
    await deliver(GatewayResponse("application/json", (), b"{}"), answer)


async def break_off(_request: Request, exchange: Exchange, answer: ClientAnswer) -> None:
    exchange.fail(BROKE, Outcome.BROKEN)
    await deliver(GatewayResponse("text/event-stream", (), pulled(forever())), answer)


async def test_a_request_is_unfinished_until_its_last_byte_has_gone_down() -> None:
    assert Exchange("POST", "/v1/x").outcome is Outcome.UNFINISHED
    served = Served(whole)
    served.client.transport.waits = 1
    await served.begun()
    assert served.records == []
    served.client.transport.waits = 0
    served.client.connection.resume_writing()
    assert (served.record.outcome, served.record.status) == (Outcome.OK, 200)


@pytest.mark.proves("F50")
@pytest.mark.parametrize("begun", [0, 1])
async def test_a_request_that_is_cancelled_is_recorded_and_logged_as_unfinished(
    begun: int, caplog: pytest.LogCaptureFixture
) -> None:
    served = Served(stream)
    task = served.begun()
    await until(served, begun)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert served.record.outcome is Outcome.UNFINISHED
    (line,) = [record for record in caplog.records if record.name == "passenger.request"]
    assert line.levelname == "WARNING"
    assert isinstance(line.msg, access_log._Line)
    assert line.msg.fields()["outcome"] == "unfinished"


@pytest.mark.proves("F35")
async def test_a_client_that_leaves_is_recorded_as_gone() -> None:
    served = Served(stream)
    task = served.begun()
    await until(served, 1)
    served.client.leave()
    await task
    assert (served.record.outcome, served.record.failure) == (Outcome.CLIENT_GONE, None)


@pytest.mark.proves("F35")
async def test_a_client_that_leaves_an_answer_that_broke_leaves_it_broken() -> None:
    served = Served(break_off)
    task = served.begun()
    await until(served, 1)
    served.client.leave()
    await task
    assert served.record.outcome is Outcome.BROKEN
    assert str(served.record.failure) == "Copilot broke off"
