"""The path of every request, from socket to socket, phase by phase, to be read from top to bottom.

    received   its head is there: its record begins
    guarded    who asks, and whether they may
    admitted   there is room for it, and its body is whole and well formed
    peeked     what is asked, in one look
    routed     of which model, and in whose words: relayed where the model speaks the client's, else translated
    sent       up to Copilot; what is ever sent again is the table of `upstream`
    head       what the client learns before the answer
    pouring    the answer goes down as it comes, from the network's callback to the client's transport
    ended      the client has it all
    recorded   the observers hear of it

It is one path for all, and waits only where there is something to wait for: a body that has not come yet, a list of
models or a token that is not there, Copilot, and a client that reads more slowly than it is written to.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter

from msgspec import Struct
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from passenger import wellformed
from passenger.chat import Ask
from passenger.copilot.quirks import compaction
from passenger.deadline import Timers
from passenger.dialects import Inbound, Request
from passenger.dialects.sessions import session_of
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange, Outcome
from passenger.gateway import Delivery, Gateway
from passenger.gateway.recorder import Recorder
from passenger.gateway.routed import Routed
from passenger.limits import Limits
from passenger.observe.request_line import product
from passenger.offload import HEAVY, offload
from passenger.server.asgi import serve
from passenger.server.stream import ClientGone, Scope, Stream
from passenger.web.addresses import meant, shown
from passenger.web.admission import VALUE, Admission, Ticket
from passenger.web.answer import Answer
from passenger.web.cors import preflight, readable_by
from passenger.web.guard import PRINCIPAL, Guard, check_media_type, is_preflight
from passenger.web.keys import hint
from passenger.web.lifeline import Lifelines
from passenger.web.login_gate import LoginGate
from passenger.web.pulse import Pulse
from passenger.web.receiving import read_body, read_request
from passenger.web.recording import begin
from passenger.web.refusal import dialect_of, refusal

_logger = logging.getLogger(__name__)

REST = 2.0
"""Seconds without a request after which nobody is at work."""

_ACTION = re.compile(r"(?:/v1beta|/v1)?/models/(?P<model>.*):(?P<action>[^:]*)", re.DOTALL)
"""Gemini's `models/{model}:{action}`."""

Serve = Callable[[Request, Exchange, Answer], Awaitable[None]]
"""Answers one request that was let in."""


class RequestPath:
    """Serves streams: what generates is found by its path at once, the rest by Starlette's patterns."""

    def __init__(
        self,
        guard: Guard,
        recorder: Recorder,
        posts: Mapping[str, "Endpoint"],
        actions: Mapping[str, "Endpoint"],
        pages: Router,
    ) -> None:
        self._guard = guard
        self._recorder = recorder
        self._posts = posts
        self._actions = actions
        self._pages = pages
        self._asked = float("-inf")

    # --- received ------------------------------------------------------------------------------------------------

    async def __call__(self, stream: Stream) -> None:
        """Serve one request, and record it however it ends."""
        self._asked = perf_counter()
        exchange = begin(stream.scope)
        try:
            served = self._let_in(stream, exchange)
            if isinstance(served, Endpoint):
                await served.serve(stream, exchange)
            else:
                await serve(served, stream)
        except Exception:
            _note_error(exchange, stream)
            raise
        finally:
            # --- recorded ----------------------------------------------------------------------------------------
            self._recorder.record(exchange, stream)

    # --- guarded -------------------------------------------------------------------------------------------------

    def _let_in(self, stream: Stream, exchange: Exchange) -> "Endpoint | ASGIApp":
        """What serves the request: an endpoint, a page, or the page that says why nobody does."""
        scope = stream.scope
        try:
            scope[PRINCIPAL] = exchange.principal = self._guard.check(scope)
        except Failure as failure:
            exchange.fail(failure)
            _note_refusal(scope, failure)
            return refusal(dialect_of(scope), failure)
        origin = self._guard.allowed_origin(scope)
        if origin is not None:
            stream.extra = readable_by(origin)
        if (endpoint := self._endpoint(scope, exchange)) is not None:
            return endpoint
        return preflight(scope) if origin is not None and is_preflight(scope) else self._pages

    def _endpoint(self, scope: Scope, exchange: Exchange) -> "Endpoint | None":
        """What serves the path that was meant, which is nearly always the one that was asked for."""
        if scope["method"] != "POST":
            scope["path"] = meant(scope["path"])
            return None
        found = self._posts.get(scope["path"])
        if found is None:
            scope["path"] = meant(scope["path"])
            exchange.path = shown(scope["path"])
            found = self._posts.get(scope["path"]) or self._acting(scope)
        return found

    def _acting(self, scope: Scope) -> "Endpoint | None":
        """What serves an action of Gemini's."""
        match = _ACTION.fullmatch(scope["path"])
        if match is None:
            return None
        scope["path_params"] = match.groupdict()
        return self._actions.get(match["action"])

    # --- for whoever looks at it -----------------------------------------------------------------------------------

    @property
    def rests(self) -> bool:
        """Whether nobody has asked anything for a moment."""
        return perf_counter() - self._asked > REST

    @property
    def routes(self) -> list[tuple[str, str]]:
        """Every method and path that is served."""
        found = [("POST", path) for path in self._posts]
        for route in self._pages.routes:
            if isinstance(route, Route) and route.methods:
                found += [(method, as_written(route.path)) for method in route.methods if method != "HEAD"]
        return found


class Endpoint:
    """One route that reads a request for a model, in the dialect of `inbound`."""

    def __init__(  # noqa: PLR0917 - what each route has
        self,
        inbound: Inbound,
        serve: Serve,
        lifelines: Lifelines,
        admission: Admission,
        limits: Limits,
        gate: LoginGate | None = None,
    ) -> None:
        self._inbound = inbound
        self._serve = serve
        self._lifelines = lifelines
        self._admission = admission
        self._limits = limits
        self._gate = gate

    # --- admitted ------------------------------------------------------------------------------------------------

    async def serve(self, stream: Stream, exchange: Exchange) -> None:
        """Serve a request that was let in; what goes wrong is said in the client's dialect."""
        exchange.is_question = True
        answer = Answer(stream, self._inbound, exchange)
        gate = self._gate
        try:
            check_media_type(stream.scope)
            with self._admission.ticket() as ticket, self._lifelines.of(stream):
                answer.request = await self._read(stream, exchange, ticket)
                if gate is None:
                    await self._serve(answer.request, exchange, answer)
                else:
                    with gate.guarding(answer.request.headers):
                        await self._serve(answer.request, exchange, answer)
        except Failure as failure:
            answer.fail(failure)
        except ClientGone:
            exchange.leave()
        except Exception:
            answer.fail(Failure(Kind.INTERNAL, "Passenger failed; its log says more", code="internal_error"))
            raise

    async def _read(self, stream: Stream, exchange: Exchange, ticket: Ticket) -> Request:
        """The request once all of its body is there, and there is room for what is in it."""
        limits = self._limits
        body = await read_body(stream, limits.max_body, ticket.hold)
        exchange.received = perf_counter()
        if len(body) <= HEAVY:
            values = wellformed.measure(body, limits)
        else:
            values = await offload(True, wellformed.measure, body, limits)
        ticket.weigh(values)
        heavy = len(body) + VALUE * values > HEAVY
        request = read_request(stream.scope, body, heavy=heavy)
        exchange.session = session_of(request.headers)
        if heavy:
            await offload(True, _check, request, limits.max_fields)
        else:
            _check(request, limits.max_fields)
        return request


class Chat:
    """What a chat request is answered: Copilot is asked in whichever dialect the model speaks."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    # --- peeked --------------------------------------------------------------------------------------------------

    async def peek(self, inbound: Inbound, request: Request, exchange: Exchange) -> Ask:
        """What is asked, noted in the record."""
        found = self._gateway.peek
        exchange.ask = ask = await offload(True, found, inbound, request) if request.heavy else found(inbound, request)
        return ask

    async def answer(self, inbound: Inbound, request: Request, exchange: Exchange) -> Delivery:
        """The answer to a request that nobody else looks at: `peek` and `ask` in one."""
        return await self.ask(inbound, request, await self.peek(inbound, request, exchange), exchange)

    async def ask(self, inbound: Inbound, request: Request, ask: Ask, exchange: Exchange) -> Delivery:
        """The answer; whoever gets it closes it.

        Raises:
            Failure: the request is at fault, or Copilot gave no answer.
        """
        # --- routed ----------------------------------------------------------------------------------------------
        gateway = self._gateway
        seat = gateway.seat(exchange)
        model = seat.known_model(ask.model) or await gateway.resolve(seat, ask.model, exchange)
        route = gateway.route(seat, inbound, ask, model)
        exchange.model, exchange.route = route.name, route

        # --- sent ------------------------------------------------------------------------------------------------
        if not route.relayed:
            return await gateway.translating.serve(Routed(seat, inbound, request, ask, route, exchange))
        try:
            return await gateway.relaying.serve(Routed(seat, inbound, request, ask, route, exchange))
        except Failure as failure:
            if not (ask.compacts and compaction.is_refused(failure)):
                raise
        exchange.route = route = gateway.route(seat, inbound, ask, model, relays=False)
        return await gateway.translating.serve(Routed(seat, inbound, request, ask, route, exchange))


class Patience(Struct, frozen=True):
    """Seconds: until a silent stream's headers go down, and between two signs of life (0: never)."""

    commit_after: float = 30.0
    keep_alive: float = 15.0


def chatting(chat: Chat, inbound: Inbound, patience: Patience) -> Serve:
    """What a chat route does."""

    timers = Timers()

    async def serve(request: Request, exchange: Exchange, answer: Answer) -> None:
        ask = await chat.peek(inbound, request, exchange)
        if not ask.stream:
            with await chat.ask(inbound, request, ask, exchange) as delivery:
                await deliver(delivery, answer)
            return
        pulse = Pulse(answer.keep_alive, patience.commit_after, patience.keep_alive, timers)
        with pulse, await chat.ask(inbound, request, ask, exchange) as delivery:
            del request  # a stream is long, and its request may be large
            await deliver(delivery, answer, pulse.sent)

    return serve


def answering(ask: Callable[[Request, Exchange], Awaitable[Delivery]]) -> Serve:
    """What a route does that answers one question at once: embeddings, token counts, a model's card."""

    async def serve(request: Request, exchange: Exchange, answer: Answer) -> None:
        await deliver(await ask(request, exchange), answer)

    return serve


async def deliver(delivery: Delivery, answer: Answer, sent: Callable[[], None] | None = None) -> None:
    """Let an answer go down, whole or as it comes; `sent` is told of each piece."""
    content = delivery.content
    if isinstance(content, bytes):
        answer.whole(delivery.content_type, delivery.headers, content)
    else:
        # --- head ------------------------------------------------------------------------------------------------
        answer.begin(delivery.content_type, delivery.headers, sent)
        # --- pouring ---------------------------------------------------------------------------------------------
        await content(answer)
        # --- ended -----------------------------------------------------------------------------------------------
        answer.end()


# --- what is said on the way -------------------------------------------------------------------------------------


def _check(request: Request, max_fields: int) -> None:
    wellformed.check(request.body, request.fields, max_fields)


def _note_error(exchange: Exchange, stream: Stream) -> None:
    """Note that it is we who have failed, unless it is said already."""
    if exchange.failure is None:
        outcome = Outcome.BROKEN if stream.started else Outcome.FAILED
        exchange.fail(Failure(Kind.INTERNAL, "Passenger failed; its log says more", code="internal_error"), outcome)


def _note_refusal(scope: Scope, failure: Failure) -> None:
    """Log who was not let in, from where and, where that is why, with what key; never with a key itself."""
    headers, peer = dict(scope["headers"]), scope.get("client")
    key = f" with {hint(headers, scope['query_string'])}" if failure.code == "invalid_api_key" else ""
    what = f"{scope['method']} {shown(scope['path'])} by {product(headers.get(b'user-agent', b''))}"
    _logger.warning("not let in: %s from %s%s: %s", what, peer[0] if peer else "?", key, failure)


def as_written(path: str) -> str:
    """A route as people write it."""
    return path.replace("{model:path}", "{id}").replace("{rest:path}", "{id}:{action}")
