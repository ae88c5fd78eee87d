"""When the upstream's streams send: at their pace, or when the load generator says that it has got their last event."""

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass

CALL_FOR_PINGS = b"/pings"
"""What to GET to say on this connection, from then on, which streams have brought their last event: a number each."""

PING = struct.Struct(">I")
"""How such a number is sent."""

GOLDEN = 0.618034
"""Streams that begin one after the other send that part of their pace apart, so that they never send all at once."""


@dataclass(slots=True)
class Pace:
    """Where a paced stream is; times are the loop's, in seconds."""

    due: float
    step: float
    until: float
    called: int
    words: int = 0


class Paces:
    """When paced streams begin and end: all that are under way end when their end is called for.

    `answered` holds the ping-pong streams by number: what sends the next event of each.
    """

    def __init__(self) -> None:
        self.called = 0
        self.answered: dict[int, Callable[[], object]] = {}
        self._begun = 0

    def offset(self) -> float:
        """The part of its pace by which the next stream is late."""
        self._begun += 1
        return self._begun * GOLDEN % 1


class Pings(asyncio.Protocol):
    """The connection on which the load generator says which streams it has had an event of."""

    def __init__(self, paces: Paces) -> None:
        self._paces = paces
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        """Send the next event of each stream that is named."""
        data = self._rest + data
        whole = len(data) - len(data) % PING.size
        self._rest = data[whole:]
        for (number,) in PING.iter_unpack(data[:whole]):
            self._paces.answered[number]()
