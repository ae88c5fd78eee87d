"""One connection to upstream, which knows what aiohttp tells only to tracing (at 10 % of a request), or to nobody."""

from typing import Any

from aiohttp.client_proto import ResponseHandler


class Wire(ResponseHandler):
    """Knows whether it has served before, whether anything came back this time, and what connecting took."""

    served = heard = False
    connecting = 0.0
    """Seconds that the first request on it has waited for it."""

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
