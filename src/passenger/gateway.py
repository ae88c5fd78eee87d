"""The one path to Copilot: peek, resolve, send, deliver, record.

Every request walks it; a feature is a line here, a wrapper around `Upstream`, or an observer of the exchange.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

import msgspec

from passenger.body import Body
from passenger.chat import Ask
from passenger.copilot import quirks
from passenger.copilot.live import LiveCatalog
from passenger.copilot.models import Catalog, Model, read_models
from passenger.copilot.protocol import chat_headers
from passenger.dialects import Inbound, Relay, Request, completions
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange, Observer, Outcome
from passenger.framing import SseSplitter
from passenger.session import Session
from passenger.upstream import Call, Reply, Upstream

log = logging.getLogger(__name__)

AFTER_THE_END = 1.0
"""Seconds that upstream may take to end a stream whose terminator has gone down, so that its connection is kept."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Who pays: an account's session and the models it has."""

    name: str
    session: Session
    catalog: LiveCatalog


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds that Copilot may take: to the first byte of a stream, of a whole answer, and between two bytes."""

    first_byte: float = 300.0
    complete: float = 900.0
    idle: float = 300.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What goes down to the client: a whole body, or the pieces of a stream, between two of which may be a Failure."""

    content_type: str
    headers: tuple[tuple[str, str], ...]
    content: bytes | AsyncGenerator[bytes, None]


class Gateway:
    """Serves every request that reaches Copilot."""

    def __init__(
        self,
        seat: Seat,
        upstream: Upstream,
        *,
        clock: Callable[[], float],
        deadlines: Deadlines | None = None,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.seat = seat
        self._upstream = upstream
        self._clock = clock
        self._deadlines = deadlines or Deadlines()
        self._observers = observers

    @asynccontextmanager
    async def chat(self, inbound: Inbound, request: Request, exchange: Exchange) -> AsyncIterator[Delivery]:
        """One chat request, relayed; leaving the block ends the upstream request, finished or not.

        Raises:
            Failure: the request is at fault, or Copilot gave no answer.
        """
        ask = exchange.ask = inbound.peek(request)
        model = await self.seat.catalog.resolve(ask.model)
        exchange.model = model.id if model else ask.model
        async with self._upstream.send(self._chat_call(ask, model, request), exchange) as reply:
            if not ask.stream:
                yield await self._whole(reply, exchange)
                return
            relay = completions.StreamRelay(quirks.stream_fixes(ask))
            try:
                yield _stream(reply, relay)
            finally:
                exchange.usage = relay.usage
                if relay.failure is not None:
                    exchange.fail(relay.failure, Outcome.BROKEN)

    async def models(self) -> Catalog:
        """The account's models; a Failure where no list of them can be had."""
        return await self.seat.catalog.list()

    def conclude(self, exchange: Exchange) -> None:
        """Record an exchange that is over; an observer that fails harms nobody else."""
        exchange.ended = perf_counter()
        for observe in self._observers:
            try:
                observe(exchange)
            except Exception:
                log.exception("an observer failed")

    def _chat_call(self, ask: Ask, model: Model | None, request: Request) -> Call:
        body = Body(request.body)
        if model is not None and model.id != ask.model:
            body.set("model", model.id)
        quirks.ask_for_usage(body, ask)
        return Call(
            session=self.seat.session,
            method="POST",
            path=completions.PATH,
            headers=chat_headers(ask),
            body=body.encode(),
            first_byte=self._deadlines.first_byte if ask.stream else self._deadlines.complete,
            idle=self._deadlines.idle,
        )

    async def _whole(self, reply: Reply, exchange: Exchange) -> Delivery:
        body = await reply.read()
        chunk = completions.read_chunk(body)
        exchange.usage = completions.read_usage(chunk) if chunk else None
        try:
            answer = quirks.complete_answer(body, model=exchange.model or "", now=int(self._clock()))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Failure(Kind.UPSTREAM, f"Copilot's answer is not JSON: {error}", code="bad_answer") from error
        return Delivery("application/json", reply.headers, answer)


def _stream(reply: Reply, relay: Relay) -> Delivery:
    if "json" in reply.content_type:
        message = f"Copilot answered {reply.content_type} where a stream was asked for"
        raise Failure(Kind.UPSTREAM, message, code="bad_answer")
    return Delivery("text/event-stream; charset=utf-8", reply.headers, _relayed(reply, relay))


async def _relayed(reply: Reply, relay: Relay) -> AsyncGenerator[bytes, None]:
    """Whole events as they arrive. What came before a break still goes down; the unfinished event does not."""
    try:
        async for down in _events(reply, relay):
            yield down
    except Failure:
        # Where upstream has said itself what went wrong, the client knows already.
        if relay.failure is None:
            raise


async def _events(reply: Reply, relay: Relay) -> AsyncIterator[bytes]:
    splitter = SseSplitter()
    async for piece in reply.pieces():
        down, failure = _passed(relay, splitter.feed(piece))
        if down:
            yield down
        if failure is not None:
            raise failure
        if relay.done:
            break
    if last := relay.end(splitter.flush()):
        yield last
    if rest := await reply.rest(AFTER_THE_END):
        yield rest


def _passed(relay: Relay, events: list[bytes]) -> tuple[bytes, Failure | None]:
    down: list[bytes] = []
    try:
        for raw in events:
            down.append(relay.event(raw))  # noqa: PERF401 - what came before a failure must not be lost with it
    except Failure as failure:
        return b"".join(down), failure
    return b"".join(down), None


async def fetch_models(
    upstream: Upstream, session: Session, *, url: str, anonymous: bool, deadlines: Deadlines
) -> list[Model]:
    """The catalogue at `url`, which is below the API's base URL unless it is a whole URL of its own."""
    headers = {"Accept": "application/json"}
    call = Call(session, "GET", url, headers, deadlines.first_byte, deadlines.idle, anonymous=anonymous)
    async with upstream.send(call, Exchange("GET", url)) as reply:
        return read_models(await reply.read())
