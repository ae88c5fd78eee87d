"""The answer to one request in the client's dialect: a failure is a status before the head is sent, then an event."""

from collections.abc import Callable
from time import perf_counter, time

from passenger.chat.events import AnswerIdentity
from passenger.chat.prompt import Prompt
from passenger.dialects import Inbound, Request
from passenger.dialects.framing import Framing
from passenger.errors import Failure, ResponseHeaders
from passenger.exchange import Exchange, Outcome
from passenger.gateway.billing import settle_answer
from passenger.gateway.response import Source
from passenger.gateway.translate import framed
from passenger.observe.amounts import decimal
from passenger.server.cost_headers import cost_headers
from passenger.server.http.response_head import Header
from passenger.server.http.stream import Stream
from passenger.server.inflight import InflightRequest
from passenger.server.limit_headers import limit_headers

JSON: Header = (b"content-type", b"application/json")
STREAM_HEADERS: tuple[Header, ...] = ((b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no"))


_NOTHING = Request(b"")


def _do_nothing() -> None:
    pass


class ClientAnswer:
    """An answer in a client's dialect, which also fills in the record. It is the sink of a stream."""

    __slots__ = ("_begun", "_exchange", "_framed", "_inbound", "_sent", "_stream", "inflight", "request")

    def __init__(self, stream: Stream, inbound: Inbound, exchange: Exchange, inflight: InflightRequest) -> None:
        self._stream = stream
        self.inflight = inflight
        """The request among those that are served."""
        self._inbound = inbound
        self._exchange = exchange
        self._begun = False
        self._sent: Callable[[], None] = _do_nothing
        self.request = _NOTHING
        """The request; it decides how a stream is framed, and is released once that flows."""
        self._framed: Framing | None = None

    def promise(self, header: Header) -> None:
        """Add a header to the answer, whatever it is."""
        self._stream.extra = (*self._stream.extra, header)

    @property
    def started(self) -> bool:
        """Whether its head has been sent."""
        return self._stream.started

    def whole(self, content_type: str, headers: ResponseHeaders, body: bytes) -> None:
        """Send a whole answer."""
        self._exchange.first_byte = perf_counter()
        settle_answer(self._exchange)
        self._send_whole(
            200,
            [_content_type(content_type), _content_length(body), *self._response_headers(headers), *self._cost],
            body,
        )

    def begin(self, content_type: str, headers: ResponseHeaders, sent: Callable[[], None] | None = None) -> None:
        """Begin a streamed answer, unless a sign of life has begun it; `sent` is called after each piece."""
        if sent is not None:
            self._sent = sent
        if not self.started:
            self._head_of_stream(content_type, headers)
        self._framed, self.request = self._framing, _NOTHING

    def end(self) -> None:
        """Complete a streamed answer."""
        self._stream.end()

    # --- the sink ----------------------------------------------------------------------------------------------------

    def piece(self, data: bytes) -> None:
        """Send a piece of a stream."""
        if not self._begun:
            self._begun = True
            self._exchange.first_byte = perf_counter()
        self._stream.write(data)
        self._sent()

    def follow(self, source: Source | None) -> None:
        """Pause and resume the source with the client."""
        self._stream.follow(source)

    async def drain(self) -> None:
        """Wait until the client has taken of what waits for it."""
        await self._stream.drain()

    async def keep_alive(self) -> None:
        """Send a sign of life: the head if it is not sent yet, then the dialect's keep-alive."""
        if not self.started:
            kind = _content_type(self._framing.content_type)
            self._head(200, [kind, *STREAM_HEADERS, *self._response_headers((), is_early=True)])
        if sign := self._inbound.keep_alive[self._begun]:
            self._stream.write(sign)
            await self._stream.drain()

    # --- failures ----------------------------------------------------------------------------------------------------

    def fail(self, failure: Failure) -> None:
        """Send a failure: as a status or, after the head, as the last event of the stream."""
        if self.started:
            self._exchange.fail(failure, Outcome.BROKEN)
            self._stream.end(self._write_break(failure))
            return
        ask = self._exchange.ask
        if failure.code in self._inbound.fails_in_stream and ask is not None and ask.stream:
            self._fail_in_stream(failure, ask.model)
            return
        self._exchange.fail(failure)
        body = self._inbound.write_failure(failure)
        self._send_whole(
            failure.status,
            [JSON, _content_length(body), *retry_after(failure), *self._response_headers(failure.headers)],
            body,
        )

    def _fail_in_stream(self, failure: Failure, model: str) -> None:
        """Send the failure as a stream that breaks at once."""
        framing = self._framing
        self._head_of_stream(framing.content_type, failure.headers)
        self._exchange.fail(failure)
        identity = AnswerIdentity(self._exchange.id.replace("-", ""), int(time()))
        writer = self._inbound.writer(Prompt(model, ()), identity)
        body = framed(framing, [*writer.fail(failure)])
        self._stream.end(framing.opening + body + framing.closing)

    def _write_break(self, failure: Failure) -> bytes:
        framing = self._framing
        opening = framing.between if self._begun else framing.opening
        return opening + framing.frame(self._inbound.write_break(failure)) + framing.closing

    @property
    def _framing(self) -> Framing:
        return self._framed or self._inbound.framing(self.request)

    def _head_of_stream(self, content_type: str, headers: ResponseHeaders) -> None:
        self._head(200, [_content_type(content_type), *STREAM_HEADERS, *self._response_headers(headers)])

    def _head(self, status: int, headers: list[Header]) -> None:
        self._exchange.status = status
        self._stream.start(status, headers)

    def _send_whole(self, status: int, headers: list[Header], body: bytes) -> None:
        self._exchange.status = status
        self._stream.respond(status, headers, body)

    @property
    def _cost(self) -> list[Header]:
        """What a whole answer of a model cost."""
        exchange = self._exchange
        return [] if exchange.tariff is None else cost_headers(exchange.cost)

    def _response_headers(self, headers: ResponseHeaders, *, is_early: bool = False) -> list[Header]:
        """Upstream's headers, our overhead in ms, our id if Copilot gave none, the route, and what was dropped.

        The overhead is not known before Copilot's headers have come.
        """
        exchange = self._exchange
        told = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
        is_identified = b"x-request-id" in dict(told)
        if not is_early and (overhead := exchange.overhead_ms) is not None:
            told.append((b"x-passenger-overhead-ms", b"%.3f" % overhead))
        if not is_identified:
            told.append((b"x-request-id", exchange.id.encode()))
        if (route := exchange.route_text) is not None:
            told.append((b"x-passenger-route", _one_line(route)))
        if exchange.standings is not None:
            told += limit_headers(exchange.dialect, exchange.standings)
        if exchange.grant is not None and exchange.grant.is_degraded:
            told.append((b"x-passenger-limits", b"degraded"))
        if exchange.search:
            told.append((b"x-passenger-search", _search(exchange)))
        if exchange.cache and not is_early:
            told.append((b"x-passenger-cache", exchange.cache.encode()))
        if warning := _warning(exchange):
            told.append((b"x-passenger-warning", _one_line(warning)))
        if exchange.dropped:
            told.append((b"x-passenger-dropped", _one_line(", ".join(exchange.dropped))))
        return told


def _warning(exchange: Exchange) -> str:
    """What the client is warned of: a budget that is spent, a session that runs away, or both."""
    spent = exchange.grant.warning if exchange.grant is not None else ""
    return "; ".join(filter(None, (spent, exchange.warning)))


def _search(exchange: Exchange) -> bytes:
    """Who searched the web, how often so far, and what that cost beside the answer."""
    made = f"; searches={exchange.searches}" if exchange.searches else ""
    nano = exchange.search_nano
    return f"{exchange.search}{made}{'' if nano is None else f'; credits={decimal(nano, 9)}'}".encode()


def _one_line(text: str) -> bytes:
    """A header value: printable ASCII of at most 2,000 characters."""
    text = text[:2000]
    if text.isascii() and text.isprintable():
        return text.encode()
    return "".join(char if " " <= char <= "~" else "?" for char in text).encode()


def _content_type(text: str) -> Header:
    return (b"content-type", text.encode())


def _content_length(body: bytes) -> Header:
    return (b"content-length", str(len(body)).encode())


def retry_after(failure: Failure) -> list[Header]:
    """`Retry-After`, unless the failure's own headers have it."""
    if failure.retry_after is None or any(name == "retry-after" for name, _ in failure.headers):
        return []
    return [(b"retry-after", failure.retry_after.encode("latin-1", "replace"))]
