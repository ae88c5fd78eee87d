"""One answer on its way down: a status while none has been sent, an event in the client's dialect afterwards."""

from collections.abc import Callable
from time import perf_counter, time

from passenger.chat import Prompt, Stamp
from passenger.dialects import Inbound, Request
from passenger.errors import Failure
from passenger.exchange import Exchange, Outcome
from passenger.framing import Framing
from passenger.gateway.sink import Source
from passenger.gateway.translate import framed
from passenger.server.head import Header
from passenger.server.stream import Stream

JSON: Header = (b"content-type", b"application/json")
STREAM_HEADERS: tuple[Header, ...] = ((b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no"))

Down = tuple[tuple[str, str], ...]
"""Headers of upstream that go down: names in small letters, and values."""

_NOTHING = Request(b"")


def _nothing() -> None:
    pass


class Answer:
    """An answer in a client's dialect, noted in the record; the sink of one that is streamed."""

    __slots__ = ("_begun", "_exchange", "_framed", "_inbound", "_sent", "_stream", "request")

    def __init__(self, stream: Stream, inbound: Inbound, exchange: Exchange) -> None:
        self._stream = stream
        self._inbound = inbound
        self._exchange = exchange
        self._begun = False
        self._sent: Callable[[], None] = _nothing
        self.request = _NOTHING
        """What is answered; it decides how a stream is framed, and is let go once one flows."""
        self._framed: Framing | None = None

    @property
    def started(self) -> bool:
        """Whether its head has been sent."""
        return self._stream.started

    def whole(self, content_type: str, headers: Down, body: bytes) -> None:
        """Send a whole answer."""
        self._exchange.first_byte = perf_counter()
        self._whole(200, [_content_type(content_type), _length(body), *self._told(headers)], body)

    def begin(self, content_type: str, headers: Down, sent: Callable[[], None] | None = None) -> None:
        """Begin an answer that comes piece by piece, unless a sign of life has; `sent` is called after each piece."""
        if sent is not None:
            self._sent = sent
        if not self.started:
            self._head_of_stream(content_type, headers)
        self._framed, self.request = self._framing, _NOTHING

    def end(self) -> None:
        """Complete an answer that has come piece by piece."""
        self._stream.end()

    # --- the sink ------------------------------------------------------------------------------------------------

    def piece(self, data: bytes) -> None:
        """Send a piece of a stream."""
        if not self._begun:
            self._begun = True
            self._exchange.first_byte = perf_counter()
        self._stream.piece(data)
        self._sent()

    def follow(self, source: Source | None) -> None:
        """Let the source wait for the client."""
        self._stream.follow(source)

    async def drain(self) -> None:
        """Wait until the client has taken of what waits for it."""
        await self._stream.drain()

    async def keep_alive(self) -> None:
        """Show that a stream's request lives: the headers if there are none yet, then what the dialect has for it."""
        if not self.started:
            kind = _content_type(self._framing.content_type)
            self._head(200, [kind, *STREAM_HEADERS, *self._told((), is_early=True)])
        if sign := self._inbound.keep_alive(self._begun):
            self._stream.piece(sign)
            await self._stream.drain()

    # --- what went wrong -----------------------------------------------------------------------------------------

    def fail(self, failure: Failure) -> None:
        """Say what went wrong, as a status or, where that has been sent already, as the stream's last event."""
        if self.started:
            self._exchange.fail(failure, Outcome.BROKEN)
            self._stream.end(self._break(failure))
            return
        if failure.code in self._inbound.FAILS_IN_STREAM and self._wants_stream:
            self._fail_in_stream(failure)
            return
        self._exchange.fail(failure)
        body = self._inbound.write_failure(failure)
        self._whole(failure.status, [JSON, _length(body), *retry_after(failure), *self._told(failure.headers)], body)

    @property
    def _wants_stream(self) -> bool:
        """Whether the client has asked for one, as far as the request has been read."""
        return self._exchange.ask is not None and self._exchange.ask.stream

    def _fail_in_stream(self, failure: Failure) -> None:
        """Say it as a stream that breaks at once."""
        framing, ask = self._framing, self._exchange.ask
        self._head_of_stream(framing.content_type, failure.headers)
        self._exchange.fail(failure)
        stamp = Stamp(self._exchange.id.replace("-", ""), int(time()))
        writer = self._inbound.writer(Prompt(ask.model if ask else "", ()), stamp)
        body = framed(framing, [*writer.fail(failure)])
        self._stream.end(framing.opening + body + framing.closing)

    def _break(self, failure: Failure) -> bytes:
        framing = self._framing
        opening = framing.between if self._begun else framing.opening
        return opening + framing.frame(self._inbound.write_break(failure)) + framing.closing

    @property
    def _framing(self) -> Framing:
        return self._framed or self._inbound.framing(self.request)

    def _head_of_stream(self, content_type: str, headers: Down) -> None:
        self._head(200, [_content_type(content_type), *STREAM_HEADERS, *self._told(headers)])

    def _head(self, status: int, headers: list[Header]) -> None:
        self._exchange.status = status
        self._stream.head(status, headers)

    def _whole(self, status: int, headers: list[Header], body: bytes) -> None:
        self._exchange.status = status
        self._stream.answer(status, headers, body)

    def _told(self, headers: Down, *, is_early: bool = False) -> list[Header]:
        """Upstream's headers, how many milliseconds were ours, our id where Copilot gave none, and what became of it.

        What was ours is not known before Copilot's headers.
        """
        exchange, told, identified = self._exchange, list[Header](), False
        for name, value in headers:
            told.append((name.encode("latin-1"), value.encode("latin-1", "replace")))
            identified = identified or name == "x-request-id"
        if not is_early and (overhead := exchange.overhead_ms) is not None:
            told.append((b"x-passenger-overhead-ms", b"%.3f" % overhead))
        if not identified:
            told.append((b"x-request-id", exchange.id.encode()))
        if (route := exchange.route_text) is not None:
            told.append((b"x-passenger-route", _one_line(route)))
        if exchange.dropped:
            told.append((b"x-passenger-dropped", _one_line(", ".join(exchange.dropped))))
        return told


def _one_line(text: str) -> bytes:
    """A header's value, whatever a client named its model."""
    text = text[:2000]
    if text.isascii() and text.isprintable():
        return text.encode()
    return "".join(char if " " <= char <= "~" else "?" for char in text).encode()


def _content_type(text: str) -> Header:
    return (b"content-type", text.encode())


def _length(body: bytes) -> Header:
    return (b"content-length", str(len(body)).encode())


def retry_after(failure: Failure) -> list[Header]:
    """`Retry-After`, where the failure's own headers do not hold it already."""
    if failure.retry_after is None or any(name == "retry-after" for name, _ in failure.headers):
        return []
    return [(b"retry-after", failure.retry_after.encode("latin-1", "replace"))]
