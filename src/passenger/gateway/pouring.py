"""Pours a stream from the network's callback into a sink: an event costs no task switch, and a stream one future."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from passenger.gateway.sink import Sink, Source
from passenger.net.response import Receiver

Take = Callable[[bytes], bool]
"""Takes a piece that upstream has sent, and says whether more is wanted."""


class Pourable(Source, Protocol):
    """A stream that comes to whoever wants it: poured into a receiver, or pulled where there is none."""

    def pour(self, receiver: Receiver | None) -> None:
        """Give this receiver each piece from now on; None keeps them for whoever pulls."""
        ...


async def pour(stream: Pourable, take: Take, sink: Sink) -> bool:
    """Give `take` each piece as it comes, and let the stream wait for the sink; True where no more is wanted.

    What comes after that can be pulled. Whatever `take` raises is raised here.

    Raises:
        Failure: the stream broke off.
    """
    pouring = _Pouring(stream, take)
    sink.follow(stream)
    try:
        stream.pour(pouring)
        return await pouring.over
    finally:
        stream.pour(None)
        sink.follow(None)


class _Pouring:
    """The receiver that lets go of its stream with the piece after which no more is wanted."""

    __slots__ = ("_stream", "_take", "over")

    def __init__(self, stream: Pourable, take: Take) -> None:
        self._stream = stream
        self._take = take
        self.over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def piece(self, data: bytes) -> None:
        """Pass it on."""
        try:
            if self._take(data):
                return
        except Exception as error:  # noqa: BLE001 - it is raised to whoever waits
            self.ended(error)
            return
        self._stream.pour(None)
        self._conclude(True)

    def ended(self, error: Exception | None) -> None:
        """Tell whoever waits."""
        self._stream.pour(None)
        if error is None:
            self._conclude(False)
        elif not self.over.done():
            self.over.set_exception(error)

    def _conclude(self, enough: bool) -> None:
        if not self.over.done():
            self.over.set_result(enough)
