"""One connection to upstream, which knows what aiohttp tells only to tracing (at 10 % of a request), or to nobody."""

import asyncio
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

from passenger.deadline import Deadline

INTERIM_LIMIT = 1_000
"""Interim answers (`100 Continue`, `102 Processing`) before the answer itself."""


class Wire(ResponseHandler):
    """Knows whether it has served before, whether anything came back this time, and what connecting took.

    Its read timeout is a deadline of ours: aiohttp's own makes and cancels a timer with every piece.
    """

    served = heard = False
    _awaits_head = False
    _interim = 0
    _taken = 0
    """Bytes of the answer's body so far."""
    connecting = 0.0
    """Seconds that the first request on it has waited for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._deadline = Deadline(loop, self._on_read_timeout)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Wait for nothing more."""
        super().connection_lost(exc)
        self._deadline.end()

    def set_response_params(self, **params: Any) -> None:  # Any: aiohttp's own parameters
        """Begin a request, which may take as long to be sent as its answer may take to begin."""
        self.served, self.heard = self.served or self.heard, False
        self._interim, self._awaits_head, self._taken = 0, True, 0
        super().set_response_params(**params)
        self.start_timeout()

    def data_received(self, data: bytes) -> None:
        """Take what came, and wait anew where there is more of the body in it: what only frames it may have no end."""
        self.heard = True
        super().data_received(data)
        payload = self._payload
        if payload is not None and payload.total_bytes != self._taken and not self._awaits_head:
            self._taken = payload.total_bytes
            self._deadline.move(self._read_timeout or 0)

    def feed_data(self, data: Any, size: int = 0) -> None:  # Any: aiohttp's own message
        """Take a head, unless it is one of too many that only announce another."""
        if not 100 <= data[0].code <= 199 or data[0].code == 101:
            self._awaits_head = False
        elif self._interim >= INTERIM_LIMIT:
            self._refuse()
            return
        self._interim += 1
        super().feed_data(data, size)

    def _refuse(self) -> None:
        if self._exception is None:
            self.set_exception(aiohttp.ClientConnectionError(f"more than {INTERIM_LIMIT} interim answers"))
        if self.transport is not None:
            self.transport.close()

    @property
    def stale(self) -> bool:
        """Whether it had served before and gave nothing back this time."""
        return self.served and not self.heard

    # --- the read timeout, in the place of aiohttp's -------------------------------------------------------------

    def start_timeout(self) -> None:
        """Begin to wait; for a head it is waited no longer, whatever comes meanwhile."""
        if self.read_timeout:
            self._deadline.set(self.read_timeout)
        else:
            self._deadline.clear()

    def _reschedule_timeout(self) -> None:
        # Called with every piece, too, of which is not known yet what it brings: then there is a deadline.
        if not self._awaits_head and not self._deadline.is_set:
            self.start_timeout()

    def _drop_timeout(self) -> None:
        # An interim answer's end is not the end of waiting.
        if not self._awaits_head:
            self._deadline.clear()
