"""A relayed answer: whole events as they arrive, the unfinished one held back, a break said in the client's dialect."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from passenger.dialects import Relay
from passenger.errors import Failure
from passenger.framing import SseSplitter
from passenger.upstream import Reply

LAST_WORDS_TIME = 1.0
"""Seconds that upstream may take to end a stream after it has told of an error, or a line after its first half."""


async def relayed(
    reply: Reply,
    relay: Relay,
    broken: Callable[[Failure], bytes],
    settle: Callable[[], Awaitable[None]] | None = None,
) -> AsyncGenerator[bytes, None]:
    """What goes down, piece by piece. What came before a break still does, and then what `broken` makes of it.

    `settle` is awaited before what ends an answer goes down.

    One generator on top of one coroutine: each further one between the network and the client costs 1 us an event.
    """
    splitter = SseSplitter()
    down = b""
    try:
        while not relay.done and relay.failure is None and (piece := await reply.piece()):
            down, failure = _passed(relay, splitter.feed(piece))
            if settle is not None and relay.done:
                await settle()
            if down:
                yield down
            if failure is not None:
                raise failure.but()
        if relay.done:
            if down.endswith(b"\r") and await _line_feed(reply):
                yield b"\n"
            await reply.drain()
        elif relay.failure is not None:
            if not relay.over:
                yield await _last_words(reply, relay, splitter)
        elif last := relay.end(splitter.flush()):
            if settle is not None:
                await settle()
            yield last
    except Failure as failure:
        # Where upstream has said itself what went wrong, the client knows already.
        if relay.failure is None:
            relay.failure = failure.but()  # what was raised holds our frame, which holds the relay
            yield broken(failure)


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
