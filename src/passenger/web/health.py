"""Whether the server is alive, ready, and what is not as it should be."""

from collections.abc import Callable
from dataclasses import dataclass

from passenger.errors import Failure, Kind
from passenger.gateway import Seat
from passenger.web.roster import Roster


@dataclass
class Readiness:
    """What `/readyz` says: `draining` is set when the server has been told to stop."""

    seat: Seat
    unsaved: Callable[[], str | None]
    """The token file that could not be written, None while all is saved."""
    draining: bool = False
    roster: Roster | None = None
    """Which workers serve, where there are several."""
    keys: Callable[[], str | None] = lambda: None
    """Why keys that are set are not let in, None while they are."""

    def report(self) -> tuple[bool, dict[str, object]]:
        """Whether new requests are welcome, and what is degraded."""
        degraded = self._degraded()
        works = not self.draining and self._all_serve()
        ready = works and self.is_usable()
        status = ("degraded" if degraded else "ok") if ready else "not ready"
        if works and self._lacks_login():
            status = "login_required"
        return ready, {"status": status, "degraded": degraded}

    def _all_serve(self) -> bool:
        return self.roster is None or self.roster.complete

    def is_usable(self) -> bool:
        """Whether there is a login or a token; what cannot be read is none."""
        try:
            return self.seat.is_usable()
        except Failure:
            return False

    def _lacks_login(self) -> bool:
        """Whether nobody is logged in; where that cannot be told, it is no login that helps."""
        try:
            return not self.seat.is_usable()
        except Failure:
            return False

    def _degraded(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if self.draining:
            found["draining"] = "the server is stopping"
        if self.roster is not None and not self.roster.complete:
            found["workers"] = f"{self.roster.serving} of {self.roster.workers} workers serve"
        if (failure := self.seat.trouble()) is not None:
            found["login" if failure.kind is Kind.LOGIN else "token_refresh"] = failure.message
        if (failure := self.seat.models_trouble()) is not None:
            found["models"] = failure.message
        if (trouble := self.keys()) is not None:
            found["api_keys"] = f"{trouble}; none of its keys is let in"
        if (path := self.unsaved()) is not None:
            found["token_file"] = f"{path} cannot be written; the token is kept in memory"
        return found
