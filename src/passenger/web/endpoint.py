"""The one raw ASGI endpoint behind every generating route: the hot path.

Before the first byte a failure is a status, after it an error event in the client's dialect.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import aclosing
from time import perf_counter
from typing import Any

from passenger.dialects import Inbound, Request
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange, Outcome
from passenger.gateway import Delivery, Gateway
from passenger.web.lifeline import ClientGone, Lifelines, Scope

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

JSON: Header = (b"content-type", b"application/json")
_STREAM_HEADERS: tuple[Header, ...] = ((b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no"))


class ChatEndpoint:
    """Serves one dialect's chat route."""

    def __init__(self, gateway: Gateway, inbound: Inbound, lifelines: Lifelines, *, max_body: int) -> None:
        self._gateway = gateway
        self._inbound = inbound
        self._lifelines = lifelines
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and record it however it ends."""
        exchange = Exchange(scope["method"], scope["path"])
        answer = _Answer(send, self._inbound, exchange)
        try:
            body = await read_body(scope, receive, self._max_body)
            with self._lifelines.of(scope):
                await self._serve(Request(body), exchange, answer)
        except Failure as failure:
            await answer.fail(failure)
        except ClientGone:
            exchange.outcome = Outcome.CLIENT_GONE
        except Exception as error:
            await answer.fail(Failure(Kind.INTERNAL, "Passenger failed; its log says more", code="internal_error"))
            raise error from None
        finally:
            self._gateway.conclude(exchange)

    async def _serve(self, request: Request, exchange: Exchange, answer: "_Answer") -> None:
        async with self._gateway.chat(self._inbound, request, exchange) as delivery:
            match delivery.content:
                case bytes() as body:
                    await answer.give(delivery, body)
                case pieces:
                    await answer.stream(delivery, pieces)


class _Answer:
    """One answer on its way down, and the record of how far it came."""

    def __init__(self, send: Send, inbound: Inbound, exchange: Exchange) -> None:
        self._send = send
        self._inbound = inbound
        self._exchange = exchange
        self._started = False

    async def give(self, delivery: Delivery, body: bytes) -> None:
        """Send a whole answer."""
        length: Header = (b"content-length", str(len(body)).encode())
        await self._head(200, [_content_type(delivery), length, *self._encoded(delivery.headers)])
        self._exchange.first_byte = perf_counter()
        await self._send({"type": "http.response.body", "body": body})

    async def stream(self, delivery: Delivery, pieces: AsyncGenerator[bytes, None]) -> None:
        """Send an answer as it comes."""
        await self._head(200, [_content_type(delivery), *_STREAM_HEADERS, *self._encoded(delivery.headers)])
        async with aclosing(pieces):
            async for piece in pieces:
                if self._exchange.first_byte is None:
                    self._exchange.first_byte = perf_counter()
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    async def fail(self, failure: Failure) -> None:
        """Say what went wrong, as a status or, where that has been sent already, as the stream's last event."""
        if self._started:
            self._exchange.fail(failure, Outcome.BROKEN)
            await self._send({"type": "http.response.body", "body": self._inbound.write_break(failure)})
            return
        self._exchange.fail(failure)
        await self._head(failure.status, [JSON, *_retry_after(failure), *self._encoded(failure.headers)])
        await self._send({"type": "http.response.body", "body": self._inbound.write_failure(failure)})

    async def _head(self, status: int, headers: list[Header]) -> None:
        self._started = True
        self._exchange.status = status
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    def _encoded(self, headers: tuple[tuple[str, str], ...]) -> list[Header]:
        """Upstream's headers as bytes, with a request id where it gave none."""
        encoded = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
        if not any(name == b"x-request-id" for name, _ in encoded):
            encoded.append((b"x-request-id", self._exchange.id.encode()))
        return encoded


def _content_type(delivery: Delivery) -> Header:
    return (b"content-type", delivery.content_type.encode())


def _retry_after(failure: Failure) -> list[Header]:
    """`Retry-After`, where the failure's own headers do not hold it already."""
    if failure.retry_after is None or any(name == "retry-after" for name, _ in failure.headers):
        return []
    return [(b"retry-after", failure.retry_after.encode("latin-1", "replace"))]


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body of a request.

    Raises:
        Failure: it is larger than `limit` bytes; where it says so itself, nothing of it is read.
        ClientGone: it ended before the body did.
    """
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if int(declared) > limit:
        raise _too_large(limit)
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += _piece(message)
        if len(body) > limit:
            raise _too_large(limit)
        more = message.get("more_body", False)
    return bytes(body)


def _piece(message: MutableMapping[str, Any]) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientGone
    body: bytes = message.get("body", b"")
    return body


def _too_large(limit: int) -> Failure:
    message = f"the request body is larger than {limit} bytes ([server] max_body)"
    return Failure(Kind.TOO_LARGE, message, code="request_too_large")
