"""The path of every request, phase by phase; read it from top to bottom.

    received   its head is there; its record begins
    guarded    who asks, and whether they are admitted
    admitted   there is room for it, and its body is complete and well formed
    peeked     what is asked, by one parse
    routed     to which model, and whether relayed (the model speaks the client's dialect) or translated
    sent       up to Copilot; what is ever sent twice stands in `upstream`
    head       status and headers go down
    pouring    the body goes down as it comes, from the network's callback to the client's transport
    ended      its last byte was written
    recorded   the observers hear of it, once that byte has left

Pages, lists and cards leave the path after `guarded`: Starlette serves them. A request waits only for what takes time:
the rest of its body, work on a large one in a thread, a list of models or a token that is not at hand, reasoning kept
on disk, Copilot, and a client that reads more slowly than it is written to.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Scope

from passenger.account.principal import Principal
from passenger.chat.cache_control import read_cache_control
from passenger.chat.prompt import Ask
from passenger.dialects import Inbound, Request
from passenger.dialects.openai.responses import compaction
from passenger.dialects.sessions import client_session
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange, Outcome
from passenger.gateway import Gateway, GatewayResponse
from passenger.gateway.recorder import Recorder
from passenger.gateway.routing import Routed
from passenger.jsontext import body_checks
from passenger.jsontext.offload import HEAVY, offload
from passenger.limits import Limits
from passenger.net.deadline import Timers
from passenger.observe.access_log import product
from passenger.server.addresses import format_route, normalize_path
from passenger.server.answer import ClientAnswer
from passenger.server.api_keys import hint
from passenger.server.error_responses import dialect_of, refusal
from passenger.server.guard import PRINCIPAL, Guard, check_media_type, is_preflight, preflight, readable_by
from passenger.server.http.serving import serve_stream
from passenger.server.http.stream import ClientGone, Stream
from passenger.server.inflight import VALUE, InflightRequest, InflightRequests
from passenger.server.keepalive import KeepAlive
from passenger.server.key_permissions import check_permission
from passenger.server.login_gate import LoginGate
from passenger.server.post_routes import PostRoutes
from passenger.server.request_body import read_request, receive_body
from passenger.server.revocation import RevocationWatch
from passenger.server.scope import begin, short_path
from passenger.server.websocket.upgrade import WebSockets

log = logging.getLogger(__name__)

OWN = "/v1/passenger/"
"""Passenger's own routes, which no page of another site may read."""

REST = 2.0
"""Seconds without a request after which the server counts as idle."""

Serve = Callable[[Request, Exchange, ClientAnswer], Awaitable[None]]
"""Answers a request that was admitted."""

Keep = Callable[[GatewayResponse], Awaitable[GatewayResponse]]
"""What an answer goes through on its way to the client: it is kept."""


class ServeChat(Protocol):
    """Answers a chat request that was admitted; the answer goes through `keep`, if any is given."""

    def __call__(
        self, request: Request, exchange: Exchange, answer: ClientAnswer, keep: Keep | None = None
    ) -> Awaitable[None]:
        """Answer it."""
        ...


Handler = Callable[[Request, Exchange], Awaitable[GatewayResponse]]
"""Answers a request that is not a chat: embeddings, token counts, a model's card."""


@dataclass(slots=True)
class RequestPath:
    """Serves streams: endpoints are found by their exact path, pages by Starlette's patterns."""

    _guard: Guard
    _recorder: Recorder
    _posts: PostRoutes["Endpoint"]
    _pages: Router
    sockets: WebSockets | None = None
    _asked: float = field(default=float("-inf"), init=False)

    # --- received ----------------------------------------------------------------------------------------------------

    async def __call__(self, stream: Stream) -> None:
        """Serve one request, and record it however it ends."""
        self._asked = perf_counter()
        exchange = begin(stream.scope, stream.headers)
        try:
            served = self._let_in(stream, exchange)
            if isinstance(served, Endpoint):
                await served.serve(stream, exchange)
            else:
                await serve_stream(served, stream)
        except Exception:
            _note_error(exchange, stream)
            raise
        finally:
            # --- recorded --------------------------------------------------------------------------------------------
            self._recorder.record(exchange, stream)

    # --- guarded -----------------------------------------------------------------------------------------------------

    def _let_in(self, stream: Stream, exchange: Exchange) -> "Endpoint | ASGIApp":
        """What serves the request: an endpoint, the pages, or a refusal."""
        scope, headers = stream.scope, stream.headers
        try:
            scope[PRINCIPAL] = exchange.principal = self._guard.check(scope, headers)
        except Failure as failure:
            exchange.fail(failure)
            _note_refusal(scope, failure)
            return refusal(dialect_of(scope), failure)
        origin = None if scope["path"].startswith(OWN) else self._guard.allowed_origin(headers)
        if origin is not None:
            stream.extra = readable_by(origin)
        if (endpoint := self._endpoint(scope, exchange)) is not None:
            return endpoint
        return preflight(scope) if origin is not None and is_preflight(scope) else self._pages

    def _endpoint(self, scope: Scope, exchange: Exchange) -> "Endpoint | None":
        """The endpoint of the path, also where the client's base URL has put a prefix twice."""
        if scope["method"] != "POST":
            scope["path"] = normalize_path(scope["path"])
            return None
        found = self._posts.at(scope["path"])
        if found is None:
            scope["path"] = normalize_path(scope["path"])
            exchange.path = short_path(scope["path"])
            found = self._posts.find(scope)
        return found

    def record_refused(self, failure: Failure, target: bytes) -> None:
        """Record a request that was refused before its head could be read."""
        path = target.partition(b"?")[0].decode("latin-1")
        exchange = Exchange("-", short_path(path) or "-", status=failure.status)
        exchange.fail(failure)
        self._recorder.record(exchange)

    # --- about it ----------------------------------------------------------------------------------------------------

    @property
    def rests(self) -> bool:
        """Whether no request has come for a moment."""
        return perf_counter() - self._asked > REST

    @property
    def routes(self) -> list[tuple[str, str]]:
        """Every method and path that is served."""
        found = [("POST", path) for path in self._posts.paths]
        for route in self._pages.routes:
            if isinstance(route, Route) and route.methods:
                found += [(method, format_route(route.path)) for method in route.methods if method != "HEAD"]
        return found


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route that reads a request for a model, in the dialect of `inbound`."""

    _inbound: Inbound
    _serve: Serve
    _inflight: InflightRequests
    _limits: Limits
    _gate: LoginGate | None = None
    _operation: str = "chat"
    """What a key must be allowed to ask for."""
    _watch: RevocationWatch | None = None

    # --- admitted ----------------------------------------------------------------------------------------------------

    async def serve(self, stream: Stream, exchange: Exchange) -> None:
        """Serve an admitted request; a failure is answered in the client's dialect."""
        exchange.is_question = True
        exchange.dialect = self._inbound.name
        inflight = self._inflight.of(stream)
        answer = ClientAnswer(stream, self._inbound, exchange, inflight)
        gate = self._gate
        try:
            check_media_type(stream.scope["path"], stream.headers)
            self._check_key(exchange.principal, inflight)
            with inflight:
                answer.request = await self._read(stream, exchange, inflight)
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
            answer.fail(_our_fault())
            raise

    def _check_key(self, principal: Principal | None, inflight: InflightRequest) -> None:
        """See what a team's key is allowed, and let its revocation end the request."""
        if principal is None or not principal.key:
            return
        check_permission(principal, self._inbound.name, self._operation)
        inflight.key = principal.key
        if self._watch is not None:
            self._watch.begin()

    async def _read(self, stream: Stream, exchange: Exchange, inflight: InflightRequest) -> Request:
        """The request, once its body is complete, well formed and admitted."""
        limits = self._limits
        body = await receive_body(stream, limits.max_body, inflight.hold)
        exchange.received = perf_counter()
        if len(body) <= HEAVY:
            values = body_checks.measure(body, limits)
        else:
            values = await offload(True, body_checks.measure, body, limits)
        inflight.weigh(values)
        heavy = len(body) + VALUE * values > HEAVY
        request = read_request(stream.scope, body, heavy=heavy)
        exchange.session = client_session(request.headers)
        exchange.cache_control = read_cache_control(request.headers)
        if heavy:
            await offload(True, _check, request, limits.max_fields)
        else:
            _check(request, limits.max_fields)
        return request


class Chat:
    """Answers chat requests."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    # --- peeked ------------------------------------------------------------------------------------------------------

    async def peek(self, inbound: Inbound, request: Request, exchange: Exchange) -> Ask:
        """What is asked, noted in the record; a Failure names the field at fault."""
        peek = self._gateway.peek
        exchange.ask = ask = await offload(True, peek, inbound, request) if request.heavy else peek(inbound, request)
        return ask

    async def answer(self, inbound: Inbound, request: Request, exchange: Exchange) -> GatewayResponse:
        """`peek` and `ask` in one."""
        return await self.ask(inbound, request, await self.peek(inbound, request, exchange), exchange)

    async def ask(self, inbound: Inbound, request: Request, ask: Ask, exchange: Exchange) -> GatewayResponse:
        """The answer, which the caller closes.

        Raises:
            Failure: the request is at fault, or Copilot gave no answer.
        """
        # --- routed --------------------------------------------------------------------------------------------------
        gateway = self._gateway
        if gateway.breaker is not None:
            gateway.breaker.begin(request, exchange)
        seat = gateway.seat(exchange)
        model = await gateway.resolve(seat, ask.model, exchange)
        route = gateway.route(seat, inbound, ask, model)
        exchange.model, exchange.route = route.name, route
        exchange.tariff = seat.tariff(model)
        await gateway.admissions.admit_chat(exchange, request, ask, model)

        # --- sent ----------------------------------------------------------------------------------------------------
        routed = Routed(seat, inbound, request, ask, route, exchange)
        try:
            return await gateway.serve(routed)
        except Failure as failure:
            if not (route.relayed and ask.compacts and compaction.is_refused(failure)):
                raise
        exchange.route = route = gateway.route(seat, inbound, ask, model, relays=False)
        return await gateway.serve(replace(routed, route=route))


class Patience(Struct, frozen=True):
    """Seconds: until a silent stream's headers go down, and between two signs of life (0: never)."""

    commit_after: float = 30.0
    keep_alive: float = 15.0


def make_chat_serve(chat: Chat, inbound: Inbound, patience: Patience) -> ServeChat:
    """Answers chat requests; a stream gets signs of life while Copilot is silent."""

    timers = Timers()

    async def serve(request: Request, exchange: Exchange, answer: ClientAnswer, keep: Keep | None = None) -> None:
        ask = await chat.peek(inbound, request, exchange)
        if not ask.stream:
            with await chat.ask(inbound, request, ask, exchange) as delivery:
                await deliver(await keep(delivery) if keep else delivery, answer)
            return
        keep_alive = KeepAlive(answer.keep_alive, patience.commit_after, patience.keep_alive, timers)
        with keep_alive, await chat.ask(inbound, request, ask, exchange) as delivery:
            del request  # a stream is long, and its request may be large
            await deliver(await keep(delivery) if keep else delivery, answer, keep_alive.note_sent)

    return serve


def make_serve(handler: Handler) -> Serve:
    """Delivers the answer of a handler."""

    async def serve(request: Request, exchange: Exchange, answer: ClientAnswer) -> None:
        await deliver(await handler(request, exchange), answer)

    return serve


async def deliver(delivery: GatewayResponse, answer: ClientAnswer, sent: Callable[[], None] | None = None) -> None:
    """Send an answer to the client, whole or as it comes; `sent` is called after each piece of a stream."""
    content = delivery.content
    if isinstance(content, bytes):
        answer.whole(delivery.content_type, delivery.headers, content)
    else:
        # --- head ----------------------------------------------------------------------------------------------------
        answer.begin(delivery.content_type, delivery.headers, sent)
        # --- pouring -------------------------------------------------------------------------------------------------
        await content(answer)
        # --- ended ---------------------------------------------------------------------------------------------------
        answer.end()


# --- helpers ---------------------------------------------------------------------------------------------------------


def _check(request: Request, max_fields: int) -> None:
    body_checks.check(request.body, request.fields, max_fields)


def _our_fault() -> Failure:
    return Failure(Kind.INTERNAL, "Passenger failed; its log says more", code="internal_error")


def _note_error(exchange: Exchange, stream: Stream) -> None:
    """Record that we have failed, unless a failure is recorded already."""
    if exchange.failure is None:
        exchange.fail(_our_fault(), Outcome.BROKEN if stream.started else Outcome.FAILED)


def _note_refusal(scope: Scope, failure: Failure) -> None:
    """Log a refused request: who asked, from where and, for a wrong key, its digest; never the key itself."""
    headers, peer = dict(scope["headers"]), scope.get("client")
    key = f" with {hint(headers, scope['query_string'])}" if failure.code == "invalid_api_key" else ""
    what = f"{scope['method']} {short_path(scope['path'])} by {product(headers.get(b'user-agent', b''))}"
    log.warning("not let in: %s from %s%s: %s", what, peer[0] if peer else "?", key, failure)
