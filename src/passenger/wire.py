"""One connection to upstream, which knows what aiohttp tells only to tracing (at 10 % of a request), or to nobody."""

import asyncio
from typing import Any

from aiohttp.client_proto import ResponseHandler

from passenger.deadline import Deadline


class Wire(ResponseHandler):
    """Knows whether it has served before, whether anything came back this time, and what connecting took.

    Its read timeout is a deadline of ours: aiohttp's own makes and cancels a timer with every piece.
    """

    served = heard = False
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
        """Begin a request."""
        self.served, self.heard = self.served or self.heard, False
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self.heard = True
        super().data_received(data)

    @property
    def stale(self) -> bool:
        """Whether it had served before and gave nothing back this time."""
        return self.served and not self.heard

    # --- the read timeout, in the place of aiohttp's -------------------------------------------------------------

    def _reschedule_timeout(self) -> None:
        if self.read_timeout:
            self._deadline.set(self.read_timeout)
        else:
            self._deadline.clear()

    def _drop_timeout(self) -> None:
        self._deadline.clear()
