"""The one way to Copilot: `send`, with the table of what is ever tried again.

    401                                    a new token, once
    421                                    a new exchange, once; its host is followed
    connecting or resolving failed         once more, unless it took too long or a proxy refused it
    a reused connection gave nothing back  once more: the server had closed it before it saw the request

What a 400 teaches is tried again by `negotiate`, without our own cache breakpoints by `gateway.sender`, and a refused
compaction as a translated request by `web.request_path`. Everything else goes to the client as it is: whatever may have
reached a model may have been billed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Mapping
from time import perf_counter
from types import TracebackType
from typing import Protocol, Self

from msgspec import Struct

from passenger.accounts import Access
from passenger.copilot.call import Call
from passenger.copilot.protocol import call_headers, passed_down, read_failure
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.net.client import Client, Prepared
from passenger.net.errors import NETWORK_ERRORS, StaleConnectionError, UnconnectedError
from passenger.net.failures import network_failure
from passenger.net.origin import host_of
from passenger.net.response import Receiver, Response
from passenger.session import Session

ERROR_LIMIT = 1024 * 1024
"""Bytes of an error answer that are read."""

ERROR_TIME = 10.0
"""Seconds that an error answer may take from its headers to its end; then what has come of it must do."""

ANSWER_LIMIT = 256 * 1024 * 1024
"""Bytes of a whole answer; 2,048 vectors are half as many."""

AFTERWARDS = 64 * 1024
"""Bytes that are read after the end of an answer, for its connection's sake."""

MOST_HEADS = 64
"""Heads of calls that are kept for a token: what clients name in a header may be anything."""

AFTERWARDS_TIME = 1.0
"""Seconds that upstream may take to end a stream whose last event has come."""


class Reply(Protocol):
    """Upstream's answer once its headers are in; the body is read at the reader's own pace, or poured into a receiver.

    A block that closes what has not been read to its end when it is left.
    """

    @property
    def status(self) -> int:
        """Its HTTP status, from 200 to 299."""
        ...

    @property
    def content_type(self) -> str:
        """What its body is, empty where upstream does not say."""
        ...

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Those that go down."""
        ...

    @property
    def host(self) -> str:
        """Who answers."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def close(self) -> None:
        """Cut off what was not read to its end; whatever was has given its connection back already."""
        ...

    async def piece(self) -> bytes:
        """The next piece of the body as the network delivers it, empty at its end.

        Raises:
            Failure: it broke off, or nothing came for too long.
        """
        ...

    def pour(self, receiver: Receiver | None) -> None:
        """Give each piece to a receiver as the network delivers it; what `piece` raises, it is told of at the end.

        None keeps what comes for whoever pulls.
        """
        ...

    def pause(self) -> None:
        """Pour nothing more for now."""
        ...

    def resume(self) -> None:
        """Pour on."""
        ...

    async def drain(self) -> None:
        """Read what follows a complete answer, so that its connection can serve again; where it is much, close it."""
        ...

    async def read(self) -> bytes:
        """The whole body; fails as `piece` does, and where it is larger or takes longer than any answer."""
        ...


class HttpReply(Struct):
    """A `Reply` over HTTP; time in which nothing comes counts as waited in the record."""

    status: int
    content_type: str
    headers: tuple[tuple[str, str], ...]
    host: str
    _response: Response
    _exchange: Exchange
    _patience: float
    _poured: "_Poured | None" = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """See `Reply.close`."""
        self._response.close()

    async def piece(self) -> bytes:
        """See `Reply.piece`."""
        began = perf_counter()
        try:
            return await self._response.piece()
        except NETWORK_ERRORS as error:
            raise network_failure(error, self.host) from error
        finally:
            self._exchange.waited += perf_counter() - began

    def pour(self, receiver: Receiver | None) -> None:
        """See `Reply.pour`."""
        if self._poured is not None:
            self._exchange.waited += self._poured.waited
        self._poured = None if receiver is None else _Poured(receiver, self.host)
        self._response.pour(self._poured)

    def pause(self) -> None:
        """See `Reply.pause`."""
        self._response.pause()

    def resume(self) -> None:
        """See `Reply.resume`."""
        self._response.resume()

    async def drain(self) -> None:
        """See `Reply.drain`."""
        if not self._response.has_ended:
            with contextlib.suppress(TimeoutError, Failure):
                async with asyncio.timeout(AFTERWARDS_TIME):
                    await self._skip(AFTERWARDS)
        self.close()

    async def _skip(self, most: int) -> None:
        while most > 0 and (piece := await self.piece()):
            most -= len(piece)

    async def read(self) -> bytes:
        """See `Reply.read`."""
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
    """Passes pieces on as they are, and an error as the failure that it means; knows how long it has waited."""

    __slots__ = ("_began", "_host", "_ours", "_pass_on", "_receiver")

    def __init__(self, receiver: Receiver, host: str) -> None:
        self._receiver, self._host = receiver, host
        self._pass_on = receiver.piece
        self._began, self._ours = perf_counter(), 0.0

    @property
    def waited(self) -> float:
        """Seconds until now, without those in which the receiver was at work."""
        return perf_counter() - self._began - self._ours

    def piece(self, data: bytes) -> None:
        """Pass a piece on."""
        began = perf_counter()
        self._pass_on(data)
        self._ours += perf_counter() - began

    def ended(self, error: Exception | None) -> None:
        """Take note of the end."""
        self._receiver.ended(error and network_failure(error, self._host))


def too_large(host: str) -> Failure:
    """The failure of an answer that is larger than any should be."""
    return Failure(Kind.UPSTREAM, f"{host} answered with more than {ANSWER_LIMIT} bytes", code="bad_answer")


class Upstream(Protocol):
    """Anything a finished call can be sent through."""

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        """Upstream's answer with its headers in and a status below 400; whoever gets it closes it."""
        ...


class Copilot:
    """Copilot over HTTP, as one account asks it."""

    def __init__(self, session: Session, http: Client) -> None:
        self._session = session
        self._http = http
        self._heads = _Heads(http)

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        """See `Upstream.send`.

        Raises:
            Failure: there is no access, Copilot cannot be reached, or it answered with an error.
        """
        response = await self._answered(call, exchange)
        if 200 <= response.status < 300:
            kind = response.header("content-type")
            down = passed_down(response.headers)
            exchange.note_ids(down)
            response.headers = []  # a stream is long, and nobody needs the rest of them
            return HttpReply(response.status, kind, down, response.host, response, exchange, call.first_byte)
        try:
            raise await _read_error(response, min(call.first_byte, ERROR_TIME), self._session.log_in, exchange)
        finally:
            response.close()

    async def _answered(self, call: Call, exchange: Exchange) -> Response:
        """Upstream's answer, after at most one new token."""
        session = self._session
        if call.is_anonymous:
            return await self._sent(call, exchange, self._heads.anonymous(call))
        access = session.at_hand()
        if access is None:
            with exchange.waiting():
                access = await session.access()
        response = await self._tried(call, exchange, access)
        if response.status not in (401, 421):
            session.accept(access)
            return response
        response.close()
        exchange.retries.append(str(response.status))
        with exchange.waiting():
            access = await session.renew(access)
        response = await self._tried(call, exchange, access)
        note = session.reject if response.status == 401 else session.accept
        note(access)
        return response

    def _tried(self, call: Call, exchange: Exchange, access: Access) -> Awaitable[Response]:
        exchange.token_left = self._session.left(access)
        return self._sent(call, exchange, self._heads.of(call, access))

    async def _sent(self, call: Call, exchange: Exchange, request: Prepared) -> Response:
        """Upstream's answer, after at most one attempt that cannot have reached a model."""
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
                if fresh or not _may_repeat(error):
                    raise network_failure(error, host) from error
                if isinstance(error, StaleConnectionError):
                    exchange.retries.append("stale connection")
                else:
                    exchange.retries.append("connect")
                fresh = True
            else:
                exchange.waited += response.waited
                return response


def _may_repeat(error: Exception) -> bool:
    """Whether a request that has failed so cannot have reached a model, and a second attempt is worth it."""
    return isinstance(error, StaleConnectionError) or (isinstance(error, UnconnectedError) and error.may_pass)


class _Heads:
    """The heads of calls: one is made once for a token and the facts of a call, which saves a tenth of a request."""

    def __init__(self, http: Client) -> None:
        self._http = http
        self._access: Access | None = None
        self._made: dict[tuple[object, ...], Prepared] = {}

    def of(self, call: Call, access: Access) -> Prepared:
        """The head of a call but for its id and its length.

        Raises:
            Failure: the URL leads nowhere.
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
            made = self._made[key] = self._prepared(call, url, {**access.headers, **call_headers(call), **bearer})
        return made

    def anonymous(self, call: Call) -> Prepared:
        """The same where no token goes along."""
        return self._prepared(call, call.path, call_headers(call))

    def _prepared(self, call: Call, url: str, headers: Mapping[str, str]) -> Prepared:
        try:
            return self._http.prepare(call.operation.method, url, {**headers, "Accept-Encoding": "identity"})
        except NETWORK_ERRORS as error:
            raise network_failure(error, host_of(url)) from error


async def _read_error(response: Response, within: float, log_in: str, exchange: Exchange) -> Failure:
    """What an answer says went wrong, and by which ids Copilot knows it, in the record."""
    if 300 <= response.status < 400:
        message = f"{response.host} answered {response.status} and wants to send us elsewhere"
        return Failure(Kind.UPSTREAM, message, code="upstream_redirect")
    body = await response.read(ERROR_LIMIT, within)
    failure = read_failure(response.status, dict(response.headers), body, log_in)
    exchange.note_ids(failure.headers)
    return failure
