"""The one way to Copilot: `send`, with the table of what is ever tried again.

    401                                    a new token, once
    421                                    a new exchange, once; its host is followed
    connecting or resolving failed         once more, unless it took too long or a proxy refused it
    a reused connection gave nothing back  once more: the server had closed it before it saw the request

`unsupported_fields` sends again what a 400 teaches, `gateway.sender` a request without our cache breakpoints, and
`server.request_path` a refused compaction as a translated request. All other failures go to the client: what may have
reached a model may have been billed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Mapping
from time import perf_counter
from typing import Protocol, Self

from msgspec import Struct

from passenger.account.session import Session
from passenger.account.token import Access
from passenger.copilot.call import Call, Operation
from passenger.copilot.protocol import call_headers, passed_down, read_copilot_failure
from passenger.errors import Failure, Kind, ResponseHeaders
from passenger.exchange import Exchange
from passenger.net.client import HttpClient, Prepared
from passenger.net.exceptions import NETWORK_ERRORS, StaleConnectionError, UnconnectedError
from passenger.net.network_failure import network_failure
from passenger.net.origin import host_of
from passenger.net.response import HttpResponse, Receiver

ERROR_LIMIT = 1024 * 1024
"""Bytes of an error answer that are read."""

ERROR_TIME = 10.0
"""Seconds that the body of an error answer may take; after that, what has come of it is used."""

ANSWER_LIMIT = 256 * 1024 * 1024
"""Bytes of a whole answer; 2,048 embeddings take half of that."""

AFTERWARDS = 64 * 1024
"""Bytes that are read after the end of an answer, to keep its connection."""

MOST_HEADS = 64
"""Request heads that are kept for a token; clients can cause any number of different ones."""

AFTERWARDS_TIME = 1.0
"""Seconds that upstream may take to end a stream whose last event has come."""


class Reply(Protocol):
    """Upstream's answer once its headers are in. The body is read piece by piece, or poured into a receiver.

    A context manager: leaving the block closes a body that was not read to its end.
    """

    status: int
    """Its HTTP status, from 200 to 299."""
    content_type: str
    """The `Content-Type`; empty without one."""
    headers: ResponseHeaders
    """The headers that are passed to the client."""
    host: str
    """The host that answers."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_error: object) -> None: ...

    def close(self) -> None:
        """Close the connection of a body that was not read to its end; any other has been given back already."""

    async def piece(self) -> bytes:
        """The next piece of the body as the network delivers it, empty at its end.

        Raises:
            Failure: it broke off, or nothing came for too long.
        """

    def pour(self, receiver: Receiver | None) -> None:
        """Give each piece to a receiver as the network delivers it, and at the end what `piece` would raise.

        With None, pieces wait to be read.
        """

    def pause(self) -> None:
        """Stop pouring for now."""

    def resume(self) -> None:
        """Go on pouring."""

    async def drain(self) -> None:
        """Read what follows a complete answer, so that the connection can be used again; close it if that is much."""

    async def read(self) -> bytes:
        """The whole body; fails as `piece` does, and if the body is too large or takes too long."""


class _HttpReply(Struct):
    """A `Reply` over HTTP. The time spent waiting for pieces is added to the record."""

    status: int
    content_type: str
    headers: ResponseHeaders
    host: str
    _response: HttpResponse
    _exchange: Exchange
    _patience: float
    _poured: "_Poured | None" = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        self._response.close()

    async def piece(self) -> bytes:
        began = perf_counter()
        try:
            return await self._response.piece()
        except NETWORK_ERRORS as error:
            raise network_failure(error, self.host) from error
        finally:
            self._exchange.waited += perf_counter() - began

    def pour(self, receiver: Receiver | None) -> None:
        if self._poured is not None:
            self._exchange.waited += self._poured.waited
        self._poured = None if receiver is None else _Poured(receiver, self.host)
        self._response.pour(self._poured)

    def pause(self) -> None:
        self._response.pause()

    def resume(self) -> None:
        self._response.resume()

    async def drain(self) -> None:
        if not self._response.has_ended:
            with contextlib.suppress(TimeoutError, Failure):
                async with asyncio.timeout(AFTERWARDS_TIME):
                    left = AFTERWARDS
                    while left > 0 and (piece := await self.piece()):
                        left -= len(piece)
        self.close()

    async def read(self) -> bytes:
        if (body := self._response.rest()) is not None:
            return body
        try:
            async with asyncio.timeout(self._patience):
                return await self._pieces()
        except TimeoutError as error:
            raise network_failure(error, self.host) from error

    async def _pieces(self) -> bytes:
        body = bytearray()
        while piece := await self.piece():
            body += piece
            if len(body) > ANSWER_LIMIT:
                raise too_large(self.host)
        return bytes(body)


class _Poured:
    """Passes pieces on, and an error as a `Failure`; measures how long it waited for them."""

    __slots__ = ("_began", "_host", "_ours", "_pass_on", "_receiver")

    def __init__(self, receiver: Receiver, host: str) -> None:
        self._receiver, self._host = receiver, host
        self._pass_on = receiver.piece
        self._began, self._ours = perf_counter(), 0.0

    @property
    def waited(self) -> float:
        """Seconds since the start, less those in which the receiver worked."""
        return perf_counter() - self._began - self._ours

    def piece(self, data: bytes) -> None:
        """Pass a piece on."""
        began = perf_counter()
        self._pass_on(data)
        self._ours += perf_counter() - began

    def ended(self, error: Exception | None) -> None:
        """Pass the end on."""
        self._receiver.ended(error and network_failure(error, self._host))


def too_large(host: str) -> Failure:
    """The failure of an answer that exceeds `ANSWER_LIMIT`."""
    return Failure(Kind.UPSTREAM, f"{host} answered with more than {ANSWER_LIMIT} bytes", code="bad_answer")


class Upstream(Protocol):
    """What a finished call can be sent through."""

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        """Upstream's answer, once its headers are in and its status is 2xx; the caller closes it."""


class QuotaNotes(Protocol):
    """Is told of chats and answers, to know what is left of the account's quota."""

    def ask_if_old(self) -> None:
        """A chat is about to be sent."""

    def note(self, headers: ResponseHeaders, /) -> ResponseHeaders:
        """An answer has these headers; what clients are told beside them."""


class _NoNotes:
    def ask_if_old(self) -> None:
        pass

    def note(self, _headers: ResponseHeaders) -> ResponseHeaders:
        return ()


_NO_NOTES = _NoNotes()


class Copilot:
    """Copilot over HTTP, for one account."""

    def __init__(
        self,
        session: Session,
        http: HttpClient,
        quota: QuotaNotes = _NO_NOTES,
    ) -> None:
        self._session = session
        self._http = http
        self._quota = quota
        self._heads = _RequestHeads(http)

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        """See `Upstream.send`.

        Raises:
            Failure: there is no access, Copilot cannot be reached, or it answered with an error.
        """
        if call.operation is Operation.CHAT and not call.is_anonymous:
            self._quota.ask_if_old()
        response = await self._send_authorized(call, exchange)
        if 200 <= response.status < 300:
            kind = response.header("content-type")
            down = passed_down(response.headers)
            exchange.note_ids(down)
            if not call.is_anonymous:
                down += self._quota.note(down)
            response.headers = []  # an open stream needs none of them
            return _HttpReply(response.status, kind, down, response.host, response, exchange, call.first_byte)
        try:
            raise await _read_error(response, min(call.first_byte, ERROR_TIME), self._session.log_in, exchange)
        finally:
            response.close()

    async def _send_authorized(self, call: Call, exchange: Exchange) -> HttpResponse:
        """Send with the session's token, and once more with a new one after a 401 or 421."""
        session = self._session
        if call.is_anonymous:
            return await self._send_connected(call, exchange, self._heads.anonymous(call))
        access = session.current_access()
        if access is None:
            with exchange.waiting():
                access = await session.access()
        response = await self._send_as(call, exchange, access)
        if response.status not in (401, 421):
            session.accept(access)
            return response
        response.close()
        exchange.retries.append(str(response.status))
        with exchange.waiting():
            access = await session.renew(access)
        response = await self._send_as(call, exchange, access)
        note = session.reject if response.status == 401 else session.accept
        note(access)
        return response

    def _send_as(self, call: Call, exchange: Exchange, access: Access) -> Awaitable[HttpResponse]:
        exchange.token_left = self._session.seconds_left(access)
        return self._send_connected(call, exchange, self._heads.of(call, access))

    async def _send_connected(self, call: Call, exchange: Exchange, request: Prepared) -> HttpResponse:
        """Send, and once more if the first attempt cannot have reached a model."""
        exchange.upstream = host = request.place.origin.host
        more = b"X-Request-Id: %b\r\n" % exchange.id.encode()
        fresh = False
        while True:
            exchange.attempts += 1
            began = perf_counter()
            try:
                response = await self._http.send(
                    request, call.body, more=more, fresh=fresh, first_byte=call.first_byte, idle=call.idle
                )
            except NETWORK_ERRORS as error:
                exchange.waited += perf_counter() - began
                if not isinstance(error, UnconnectedError | StaleConnectionError):
                    exchange.sent_bytes = len(call.body)
                if fresh or not _may_repeat(error):
                    raise network_failure(error, host) from error
                if isinstance(error, StaleConnectionError):
                    exchange.retries.append("stale connection")
                else:
                    exchange.retries.append("connect")
                fresh = True
            else:
                exchange.waited += response.waited
                exchange.sent_bytes = len(call.body) if 200 <= response.status < 300 else 0
                return response


def _may_repeat(error: Exception) -> bool:
    """Whether a failed request cannot have reached a model, and a second attempt may succeed."""
    return isinstance(error, StaleConnectionError) or (isinstance(error, UnconnectedError) and error.retryable)


class _RequestHeads:
    """The request heads, made once for a token and the facts of a call: that saves a tenth of a request's CPU time."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._access: Access | None = None
        self._made: dict[tuple[object, ...], Prepared] = {}

    def of(self, call: Call, access: Access) -> Prepared:
        """The head of a call, without its id and its length.

        Raises:
            Failure: the URL is not valid.
        """
        if access is not self._access:
            self._access, self._made = access, {}
        facts = (call.path, call.operation, call.stream, call.initiator, call.is_agents, call.vision)
        key = (*facts, *call.headers.items()) if call.headers else facts
        made = self._made.get(key)
        if made is None:
            if len(self._made) >= MOST_HEADS:
                self._made.clear()
            url = call.path if "://" in call.path else access.base_url + call.path
            bearer = {"Authorization": f"Bearer {access.bearer.reveal()}"}
            made = self._made[key] = self._prepare(call, url, {**access.headers, **call_headers(call), **bearer})
        return made

    def anonymous(self, call: Call) -> Prepared:
        """The head of a call without a token."""
        return self._prepare(call, call.path, call_headers(call))

    def _prepare(self, call: Call, url: str, headers: Mapping[str, str]) -> Prepared:
        try:
            return self._http.prepare(call.operation.method, url, {**headers, "Accept-Encoding": "identity"})
        except NETWORK_ERRORS as error:
            raise network_failure(error, host_of(url)) from error


async def _read_error(response: HttpResponse, within: float, log_in: str, exchange: Exchange) -> Failure:
    """The failure that an error answer tells; its ids are noted in the record."""
    if 300 <= response.status < 400:
        message = f"{response.host} answered {response.status} and wants to send us elsewhere"
        return Failure(Kind.UPSTREAM, message, code="upstream_redirect")
    body = await response.read(ERROR_LIMIT, within)
    failure = read_copilot_failure(response.status, dict(response.headers), body, log_in)
    exchange.note_ids(failure.headers)
    return failure
