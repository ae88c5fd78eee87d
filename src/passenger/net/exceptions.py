"""The exceptions of a request on the network; `network_failure` turns them into messages."""

from dataclasses import dataclass
from typing import Literal

ConnectStep = Literal["DNS", "TCP", "TLS", "CONNECT"]


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of connecting, and its peer: the destination, or the proxy as messages name it."""

    step: ConnectStep
    peer: str
    proxy: str | None = None

    @property
    def with_proxy(self) -> bool:
        """Whether the peer of this step is the proxy."""
        return self.proxy is not None and self.peer == self.proxy


class NetworkError(Exception):
    """The base of our network errors. The system's own are `OSError`s, timeouts included."""


class UnconnectedError(NetworkError):
    """No connection could be made, so nothing was sent; `cause` says why."""

    def __init__(self, hop: Hop, cause: Exception) -> None:
        super().__init__(f"{hop.step} with {hop.peer}: {cause}")
        self.hop = hop
        self.cause = cause

    @property
    def retryable(self) -> bool:
        """Whether to retry: not after a timeout, nor after a refusal by a proxy."""
        return not isinstance(self.cause, TimeoutError | ProxyRefusedError)


class ProxyRefusedError(NetworkError):
    """A proxy refused `CONNECT`."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class InvalidUrlError(NetworkError):
    """A URL names no http or https server."""


class DisconnectedError(NetworkError):
    """The server closed the connection without a response."""


class StaleConnectionError(DisconnectedError):
    """A reused connection was closed without a byte: the server had closed it before it saw the request."""


class BrokenConnectionError(NetworkError):
    """The connection broke before a response; the text is the system's."""


class IncompleteBodyError(NetworkError):
    """The connection ended in the middle of a response body."""


class ProtocolError(NetworkError):
    """What came is not HTTP, or exceeds a limit."""


NETWORK_ERRORS = (NetworkError, OSError)
"""Everything that a request may raise."""
