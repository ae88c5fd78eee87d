"""What can go wrong between us and a host; `failures` says what it means for a person."""

from dataclasses import dataclass
from typing import Literal

Step = Literal["DNS", "TCP", "TLS", "CONNECT"]


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a connection: with whom, and whether that is the proxy (as messages name it) or the destination."""

    step: Step
    peer: str
    proxy: str | None = None

    @property
    def with_proxy(self) -> bool:
        """Whether the other end of this step is the proxy."""
        return self.proxy is not None and self.peer == self.proxy


class NetworkError(Exception):
    """Anything that a network does to a request. What the system raises itself is an `OSError`, a timeout included."""


class UnconnectedError(NetworkError):
    """There was no connection, so that nothing of the request has left us; its cause says why."""

    def __init__(self, hop: Hop, cause: Exception) -> None:
        super().__init__(f"{hop.step} with {hop.peer}: {cause}")
        self.hop = hop
        self.cause = cause

    @property
    def may_pass(self) -> bool:
        """Whether a second attempt is worth it: what took long will again, what a proxy refuses it goes on refusing."""
        return not isinstance(self.cause, TimeoutError | ProxyRefusedError)


class ProxyRefusedError(NetworkError):
    """A proxy answered `CONNECT` with a refusal."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class InvalidUrlError(NetworkError):
    """A URL names nothing that can be connected to."""


class DisconnectedError(NetworkError):
    """The server closed the connection before it had answered."""


class StaleConnectionError(DisconnectedError):
    """A connection that had served before gave nothing back: the server had closed it before it saw the request."""


class BrokenConnectionError(NetworkError):
    """The system gave the connection up before there was an answer; the text is the system's."""


class IncompleteBodyError(NetworkError):
    """The connection ended in the middle of an answer's body."""


class ProtocolError(NetworkError):
    """What came is not HTTP, or more of it than any server needs."""


NETWORK_ERRORS = (NetworkError, OSError)
"""Whatever a request may raise."""
