"""A relayed answer: whole events as they arrive, the unfinished one held back, a break said in the client's dialect."""

import asyncio
from collections.abc import Awaitable, Callable

from passenger.dialects import Relay
from passenger.errors import Failure
from passenger.framing import SseSplitter
from passenger.gateway.pouring import pour
from passenger.gateway.sink import Sink
from passenger.upstream import Reply

LAST_WORDS_TIME = 1.0
"""Seconds that upstream may take to end a stream after it has told of an error, or a line after its first half."""


async def relay_into(
    sink: Sink,
    reply: Reply,
    relay: Relay,
    broken: Callable[[Failure], bytes],
    settle: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Let the answer go down. What came before a break still does, and then what `broken` makes of it.

    `settle` is awaited before what ends an answer goes down.
    """
    passing = _Passing(relay, sink)
    try:
        if await pour(reply, passing.take, sink):
            await _pass_last(sink, passing, reply, settle)
        elif last := relay.end(passing.splitter.flush()):
            if settle is not None:
                await settle()
            sink.piece(last)
    except Failure as failure:
        # Where upstream has said itself what went wrong, the client knows already.
        if relay.failure is None:
            relay.failure = failure.but()  # what was raised holds our frame, which holds the relay
            sink.piece(broken(failure))


class _Passing:
    """Passes on what may go down at once, and keeps what ends the answer until more has been done."""

    __slots__ = ("_sink", "failure", "last", "relay", "splitter")

    def __init__(self, relay: Relay, sink: Sink) -> None:
        self.relay = relay
        self.splitter = SseSplitter()
        self.last = b""
        """The piece that ends the answer, or came before a break."""
        self.failure: Failure | None = None
        self._sink = sink

    def take(self, piece: bytes) -> bool:
        """Whether more is wanted after this piece."""
        down, self.failure = _passed(self.relay, self.splitter.feed(piece))
        if self.relay.done or self.failure is not None or self.relay.failure is not None:
            self.last = down
            return False
        if down:
            self._sink.piece(down)
        return True


async def _pass_last(sink: Sink, passing: _Passing, reply: Reply, settle: Callable[[], Awaitable[None]] | None) -> None:
    """What ends an answer, and what belongs to it."""
    relay = passing.relay
    if settle is not None and relay.done:
        await settle()
    if passing.last:
        sink.piece(passing.last)
    if passing.failure is not None:
        raise passing.failure.but()
    if relay.done:
        if passing.last.endswith(b"\r") and await _line_feed(reply):
            sink.piece(b"\n")
        await reply.drain()
    elif not relay.over:
        sink.piece(await _last_words(reply, relay, passing.splitter))


async def _line_feed(reply: Reply) -> bool:
    """Whether the line end that closed the answer was cut in two, and its second half comes soon."""
    try:
        async with asyncio.timeout(LAST_WORDS_TIME):
            return (await reply.piece()).startswith(b"\n")
    except (TimeoutError, Failure):
        return False


async def _last_words(reply: Reply, relay: Relay, splitter: SseSplitter) -> bytes:
    """What upstream adds to an error, if it does so soon."""
    try:
        async with asyncio.timeout(LAST_WORDS_TIME):
            piece = await reply.piece()
    except TimeoutError:
        return b""
    return _passed(relay, splitter.feed(piece))[0]


def _passed(relay: Relay, events: list[bytes]) -> tuple[bytes, Failure | None]:
    """What goes down, and the failure that came after it: a copy, that holds no frame which then holds it."""
    down: list[bytes] = []
    event = relay.event
    try:
        for raw in events:
            down.append(event(raw))
            if relay.done:
                break
    except Failure as failure:
        return b"".join(down), failure.but()
    return b"".join(down), None
