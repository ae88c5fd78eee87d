"""The answer of `/readyz`: whether the server is ready, and what is degraded."""

from collections.abc import Callable
from dataclasses import dataclass

from passenger.errors import Failure, Kind
from passenger.gateway import Seat
from passenger.server.process.worker_states import WorkerStates


@dataclass
class Readiness:
    """What `/readyz` says: `draining` is set when the server has been told to stop."""

    seat: Seat
    unsaved: Callable[[], str | None]
    """The token file that could not be written, None if all is saved."""
    draining: bool = False
    worker_states: WorkerStates | None = None
    """Which workers serve, if there are several."""
    keys: Callable[[], str | None] = lambda: None
    """Why keys that are set are not accepted, None if they are."""
    ledger: Callable[[], str | None] = lambda: None
    """Why the ledger is not written, None if it is."""

    state: Callable[[], str | None] = lambda: None
    """What is wrong with the store of conversations, None if nothing is."""

    limits: Callable[[], str | None] = lambda: None
    """Why the limits of a team are not kept by all workers together, None if they are."""

    has_team: Callable[[], bool] = lambda: False
    """Whether people ask by seats of their own, so that the server is of use without its owner's login."""

    def report(self) -> tuple[bool, dict[str, object]]:
        """Whether the server is ready, and the report."""
        degraded = self._degraded()
        works = not self.draining and (self.worker_states is None or self.worker_states.complete)
        has_login = (self.has_team() or self._has_login()) if works else None
        status = ("degraded" if degraded else "ok") if has_login else "not ready"
        if has_login is False:
            status = "login_required"
        return bool(has_login), {"status": status, "degraded": degraded}

    def is_usable(self) -> bool:
        """Whether there is a readable login or token."""
        return bool(self._has_login())

    def _has_login(self) -> bool | None:
        """Whether anybody is logged in; None if that cannot be told, as a login would not help."""
        try:
            return self.seat.is_usable()
        except Failure:
            return None

    def _degraded(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if self.draining:
            found["draining"] = "the server is stopping"
        if self.worker_states is not None and not self.worker_states.complete:
            found["workers"] = f"{self.worker_states.serving} of {self.worker_states.workers} workers serve"
        if (failure := self.seat.trouble()) is not None:
            found["login" if failure.kind is Kind.LOGIN else "token_refresh"] = failure.message
        if (failure := self.seat.models_trouble()) is not None:
            found["models"] = failure.message
        if (trouble := self.keys()) is not None:
            found["api_keys"] = f"{trouble}; none of its keys is let in"
        if (path := self.unsaved()) is not None:
            found["token_file"] = f"{path} cannot be written; the token is kept in memory"
        if (trouble := self.ledger()) is not None:
            found["ledger"] = trouble
        if (trouble := self.state()) is not None:
            found["state"] = trouble
        if (trouble := self.limits()) is not None:
            found["limits"] = trouble
        return found
