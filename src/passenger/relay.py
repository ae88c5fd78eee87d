"""A relayed answer: whole events as they arrive, the unfinished one held back, a break said in the client's dialect."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable

from passenger.dialects import Relay
from passenger.errors import Failure
from passenger.framing import SseSplitter
from passenger.upstream import Reply

AFTER_THE_END = 1.0
"""Seconds that upstream may take to end a stream whose terminator has gone down, so that its connection is kept."""


async def relayed(reply: Reply, relay: Relay, broken: Callable[[Failure], bytes]) -> AsyncGenerator[bytes, None]:
    """What goes down, piece by piece. What came before a break still does, and then what `broken` makes of it."""
    try:
        async for down in _events(reply, relay):
            yield down
    except Failure as failure:
        # Where upstream has said itself what went wrong, the client knows already.
        if relay.failure is None:
            relay.failure = failure
            yield broken(failure)


async def _events(reply: Reply, relay: Relay) -> AsyncIterator[bytes]:
    splitter = SseSplitter()
    async for piece in reply.pieces():
        down, failure = _passed(relay, splitter.feed(piece))
        if down:
            yield down
        if failure is not None:
            raise failure
        if relay.done:
            break
    if last := relay.end(splitter.flush()):
        yield last
    if rest := await reply.rest(AFTER_THE_END):
        yield b"".join(map(relay.event, splitter.feed(rest))) + splitter.flush()


def _passed(relay: Relay, events: list[bytes]) -> tuple[bytes, Failure | None]:
    down: list[bytes] = []
    try:
        for raw in events:
            down.append(relay.event(raw))  # noqa: PERF401 - what came before a failure must not be lost with it
    except Failure as failure:
        return b"".join(down), failure
    return b"".join(down), None
