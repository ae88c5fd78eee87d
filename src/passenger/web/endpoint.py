"""The one endpoint behind every route that generates: the hot path."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter, time
from typing import Protocol
from urllib.parse import parse_qsl

from passenger import wellformed
from passenger.chat import Stamp
from passenger.dialects import Inbound, Request
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway import Delivery, Gateway
from passenger.limits import Limits
from passenger.offload import HEAVY, offload
from passenger.server.stream import ClientGone, Scope, Stream
from passenger.web.admission import VALUE, Admission
from passenger.web.answer import Answer
from passenger.web.guard import check_media_type
from passenger.web.lifeline import Lifelines
from passenger.web.pulse import Pulse
from passenger.web.recording import exchange_of


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: until a silent stream's headers go down, and between two signs of life (0: never)."""

    commit_after: float = 30.0
    keep_alive: float = 15.0


Serve = Callable[[Request, Exchange, Answer], Awaitable[None]]
"""Answers one request."""


class Endpoint:
    """Serves one route; its failures are said in the dialect of `inbound`."""

    def __init__(
        self,
        inbound: Inbound,
        serve: Serve,
        lifelines: Lifelines,
        admission: Admission,
        *,
        limits: Limits,
    ) -> None:
        self._inbound = inbound
        self._serve = serve
        self._lifelines = lifelines
        self._admission = admission
        self._limits = limits

    async def __call__(self, stream: Stream) -> None:
        """Serve one request, and note how far it comes."""
        scope = stream.scope
        exchange = exchange_of(scope)
        exchange.is_question = True
        answer = Answer(stream, self._inbound, exchange)
        try:
            check_media_type(scope)
            with self._admission.ticket() as ticket, self._lifelines.of(stream):
                body = await read_body(stream, self._limits.max_body, ticket.hold)
                exchange.received = perf_counter()
                values = await offload(len(body) > HEAVY, wellformed.measure, body, self._limits)
                ticket.weigh(values)
                heavy = len(body) + VALUE * values > HEAVY
                request = answer.request = read_request(scope, body, heavy=heavy)
                await offload(heavy, _check, request, self._limits.max_fields)
                await self._serve(request, exchange, answer)
        except Failure as failure:
            answer.fail(failure)
        except ClientGone:
            exchange.leave()
        except Exception:
            answer.fail(Failure(Kind.INTERNAL, "Passenger failed; its log says more", code="internal_error"))
            raise


def _check(request: Request, max_fields: int) -> None:
    wellformed.check(request.body, request.fields, max_fields)


def chatting(gateway: Gateway, inbound: Inbound, patience: Patience) -> Serve:
    """What a chat route does."""

    async def serve(request: Request, exchange: Exchange, answer: Answer) -> None:
        pulse = Pulse(answer.keep_alive, patience.commit_after, patience.keep_alive, lambda: answer.wants_stream)
        with pulse, await gateway.chat(inbound, request, exchange) as delivery:
            await answer.deliver(delivery, pulse.sent)

    return serve


class Loadable(Inbound, Protocol):
    """A dialect whose clients also ask for nothing but that a model be loaded."""

    def is_load(self, request: Request) -> bool:
        """Whether this request does."""
        ...

    def loaded_model(self, request: Request) -> str:
        """The model that is meant."""
        ...

    def write_load(self, request: Request, stamp: Stamp) -> bytes:
        """What it is answered."""
        ...


def loading(gateway: Gateway, inbound: Loadable, serve: Serve) -> Serve:
    """What a chat route does where a model can be loaded, too: here every model always is."""

    async def serve_either(request: Request, exchange: Exchange, answer: Answer) -> None:
        if not await offload(request.heavy, inbound.is_load, request):
            await serve(request, exchange, answer)
            return
        name = await offload(request.heavy, inbound.loaded_model, request)
        await gateway.check_model(name, exchange)
        stamp = Stamp(exchange.id.replace("-", ""), int(time()))
        body = await offload(request.heavy, inbound.write_load, request, stamp)
        await answer.deliver(Delivery("application/json", (), body))

    return serve_either


def answering(ask: Callable[[Request, Exchange], Awaitable[Delivery]]) -> Serve:
    """What a route does that answers one question at once: embeddings, token counts, a model's card."""

    async def serve(request: Request, exchange: Exchange, answer: Answer) -> None:
        await answer.deliver(await ask(request, exchange))

    return serve


def read_request(scope: Scope, body: bytes, *, heavy: bool = False) -> Request:
    """What arrived, in the words of the dialects."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"]
    asked = dict(parse_qsl(query.decode("latin-1"))) if query else {}
    return Request(body, scope.get("path_params") or {}, headers, asked, heavy)


async def read_body(stream: Stream, limit: int, hold: Callable[[int], None]) -> bytes:
    """The whole body of a request; `hold` is told of each piece.

    Raises:
        Failure: it is larger than `limit` bytes, or `hold` refuses; where it says so itself, nothing of it is read.
        ClientGone: it ended before the body did.
    """
    declared = next((value for name, value in stream.scope["headers"] if name == b"content-length"), b"0")
    if int(declared) > limit:
        raise _too_large(limit)
    if stream.complete:
        return _held(stream.take(), 0, limit, hold)
    pieces, size = list[bytes](), 0
    while piece := await stream.read():
        pieces.append(_held(piece, size, limit, hold))
        size += len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _held(piece: bytes, size: int, limit: int, hold: Callable[[int], None]) -> bytes:
    """A piece that there is room for, after so many bytes."""
    if size + len(piece) > limit:
        raise _too_large(limit)
    hold(len(piece))
    return piece


def _too_large(limit: int) -> Failure:
    message = f"the request body is larger than {limit} bytes ([limits] max_body)"
    return Failure(Kind.TOO_LARGE, message, code="request_too_large")
