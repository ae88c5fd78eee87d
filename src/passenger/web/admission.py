"""How many requests, and bytes of their bodies, are in this process at once; the rest is asked to come back."""

from types import TracebackType

from passenger.errors import Failure, Kind

SMALL = 64 * 1024
"""Bytes of a body that is let in however many others there are: large ones are shed first."""

VALUE = 96
"""Bytes that a value in the JSON of a body holds beyond its own while its request waits for Copilot."""


class Admission:
    """Counts what is in; a `Ticket` for each request."""

    def __init__(self, max_requests: int, max_bytes: int) -> None:
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self.requests = 0
        self.bytes = 0

    def ticket(self) -> "Ticket":
        """A block that a request is served in.

        Raises:
            Failure: on entering, when there are too many already; it is counted only from there on.
        """
        return Ticket(self)

    def enter(self) -> None:
        """Count one request."""
        if self.requests >= self._max_requests:
            raise _busy(f"{self._max_requests} requests are being served already ([limits] max_requests)")
        self.requests += 1

    def hold(self, held: int, more: int) -> None:
        """Count more bytes of a body of which some are held."""
        if held + more > SMALL and self.bytes + more > self._max_bytes:
            raise _busy("too many large requests are being served already ([limits] max_body_memory)")
        self.bytes += more

    def count(self, more: int) -> None:
        """Count what a small body holds beyond its bytes: it is let in all the same."""
        self.bytes += more

    def leave(self, held: int) -> None:
        """Forget a request and what it held."""
        self.requests -= 1
        self.bytes -= held


class Ticket:
    """One request's place."""

    __slots__ = ("_among", "_held")

    def __init__(self, among: Admission) -> None:
        self._among = among
        self._held = 0

    def hold(self, more: int) -> None:
        """Count more bytes of its body.

        Raises:
            Failure: there is no room for them.
        """
        self._among.hold(self._held, more)
        self._held += more

    def weigh(self, values: int) -> None:
        """Count the values in the JSON of its body, all of which is there.

        Raises:
            Failure: there is no room for them.
        """
        more = VALUE * values
        if self._held > SMALL:
            self._among.hold(self._held, more)
        else:
            self._among.count(more)
        self._held += more

    def __enter__(self) -> "Ticket":
        self._among.enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._among.leave(self._held)


def _busy(message: str) -> Failure:
    return Failure(Kind.UNAVAILABLE, message, code="overloaded", retry_after="1")
