"""A relayed answer: whole events as they arrive, the unfinished one held back, a break said in the client's dialect."""

from collections.abc import AsyncGenerator, Callable

from passenger.dialects import Relay
from passenger.errors import Failure
from passenger.framing import SseSplitter
from passenger.upstream import Reply

AFTER_THE_END = 1.0
"""Seconds that upstream may take to end a stream whose terminator has gone down, so that its connection is kept."""


async def relayed(reply: Reply, relay: Relay, broken: Callable[[Failure], bytes]) -> AsyncGenerator[bytes, None]:
    """What goes down, piece by piece. What came before a break still does, and then what `broken` makes of it.

    One generator on top of one coroutine: each further one between the network and the client costs 1 us an event.
    """
    splitter = SseSplitter()
    try:
        while not relay.done and (piece := await reply.piece()):
            down, failure = _passed(relay, splitter.feed(piece))
            if down:
                yield down
            if failure is not None:
                raise failure.but()
        if last := relay.end(splitter.flush()):
            yield last
        if rest := await reply.rest(AFTER_THE_END):
            yield b"".join(map(relay.event, splitter.feed(rest))) + splitter.flush()
    except Failure as failure:
        # Where upstream has said itself what went wrong, the client knows already.
        if relay.failure is None:
            relay.failure = failure.but()  # what was raised holds our frame, which holds the relay
            yield broken(failure)


def _passed(relay: Relay, events: list[bytes]) -> tuple[bytes, Failure | None]:
    """What goes down, and the failure that came after it: a copy, that holds no frame which then holds it."""
    down: list[bytes] = []
    try:
        for raw in events:
            down.append(relay.event(raw))  # noqa: PERF401 - what came before a failure must not be lost with it
    except Failure as failure:
        return b"".join(down), failure.but()
    return b"".join(down), None
