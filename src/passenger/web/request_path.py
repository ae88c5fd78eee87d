"""The path of every request, from socket to socket, phase by phase, to be read from top to bottom.

    received   its head is there; its record begins
    guarded    who asks, and whether they may
    admitted   there is room for it, and its body is whole and well formed
    peeked     what is asked, in one parse
    routed     to which model, and whether relayed (the model speaks the client's dialect) or translated
    sent       up to Copilot; what is ever sent twice stands in `upstream`
    head       status and headers go down
    pouring    the body goes down as it comes, from the network's callback to the client's transport
    ended      its last byte was written
    recorded   the observers hear of it, once that byte has left

Pages, lists and cards leave the path after `guarded`: Starlette serves them. A request waits only where there is
something to wait for: the rest of its body, work on a large one in a thread, a list of models or a token that is not
at hand, thoughts kept on disk, Copilot, and a client that reads more slowly than it is written to.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter

from msgspec import Struct
from msgspec.structs import replace
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
from passenger.web.addresses import as_written, meant, shown
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

log = logging.getLogger(__name__)

REST = 2.0
"""Seconds without a request after which nobody is at work."""

_ACTION = re.compile(r"(?:/v1beta|/v1)?/models/(?P<model>.*):(?P<action>[^:]*)", re.DOTALL)
"""Gemini's `models/{model}:{action}`."""

Serve = Callable[[Request, Exchange, Answer], Awaitable[None]]
"""Answers a request that was admitted."""

Handler = Callable[[Request, Exchange], Awaitable[Delivery]]
"""Gives the answer to a request that asks one question: embeddings, token counts, a model's card."""


class RequestPath:
    """Serves streams: endpoints are found by their exact path, pages by Starlette's patterns."""

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
        """Serve one request; it is recorded however it ends."""
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
        """What serves the request: an endpoint, a page, or a refusal."""
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
        """The endpoint of the path that was meant, which is nearly always the one that was asked for."""
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
        """The endpoint of an action of Gemini's."""
        match = _ACTION.fullmatch(scope["path"])
        if match is None:
            return None
        scope["path_params"] = match.groupdict()
        return self._actions.get(match["action"])

    # --- about it --------------------------------------------------------------------------------------------------

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
            answer.fail(_our_fault())
            raise

    async def _read(self, stream: Stream, exchange: Exchange, ticket: Ticket) -> Request:
        """The request, once its body is whole and well formed and there is room for its values."""
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
    """Answers chat requests."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    # --- peeked --------------------------------------------------------------------------------------------------

    async def peek(self, inbound: Inbound, request: Request, exchange: Exchange) -> Ask:
        """What is asked, noted in the record; a Failure names the field at fault."""
        peek = self._gateway.peek
        exchange.ask = ask = await offload(True, peek, inbound, request) if request.heavy else peek(inbound, request)
        return ask

    async def answer(self, inbound: Inbound, request: Request, exchange: Exchange) -> Delivery:
        """`peek` and `ask` in one, for who does not need the `Ask`."""
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
        routed = Routed(seat, inbound, request, ask, route, exchange)
        if route.relayed:
            try:
                return await gateway.relaying.serve(routed)
            except Failure as failure:
                if not (ask.compacts and compaction.is_refused(failure)):
                    raise
            exchange.route = route = gateway.route(seat, inbound, ask, model, relays=False)
            routed = replace(routed, route=route)
        return await gateway.translating.serve(routed)


class Patience(Struct, frozen=True):
    """Seconds: until a silent stream's headers go down, and between two signs of life (0: never)."""

    commit_after: float = 30.0
    keep_alive: float = 15.0


def chatting(chat: Chat, inbound: Inbound, patience: Patience) -> Serve:
    """Answers a chat request: a stream shows signs of life while Copilot is silent."""

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


def answering(handler: Handler) -> Serve:
    """Delivers what a handler gives."""

    async def serve(request: Request, exchange: Exchange, answer: Answer) -> None:
        await deliver(await handler(request, exchange), answer)

    return serve


async def deliver(delivery: Delivery, answer: Answer, sent: Callable[[], None] | None = None) -> None:
    """Send an answer down, whole or as it comes; `sent` is called after each piece of a stream."""
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


def _our_fault() -> Failure:
    return Failure(Kind.INTERNAL, "Passenger failed; its log says more", code="internal_error")


def _note_error(exchange: Exchange, stream: Stream) -> None:
    """Record that we have failed, unless a failure is recorded already."""
    if exchange.failure is None:
        exchange.fail(_our_fault(), Outcome.BROKEN if stream.started else Outcome.FAILED)


def _note_refusal(scope: Scope, failure: Failure) -> None:
    """Log who was not let in, from where and, where the key is why, its digest; never the key itself."""
    headers, peer = dict(scope["headers"]), scope.get("client")
    key = f" with {hint(headers, scope['query_string'])}" if failure.code == "invalid_api_key" else ""
    what = f"{scope['method']} {shown(scope['path'])} by {product(headers.get(b'user-agent', b''))}"
    log.warning("not let in: %s from %s%s: %s", what, peer[0] if peer else "?", key, failure)
