"""Who pays for what is asked, and how long an answer may take."""

from dataclasses import dataclass
from typing import Protocol

from passenger.account.device_login import DeviceLogin
from passenger.account.overview import Overview
from passenger.account.principal import Principal
from passenger.copilot.live import LiveCatalog
from passenger.session import Session
from passenger.thoughts import Thoughts
from passenger.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Seat:
    """An account and all that is its own: session, models, the way to Copilot with what it has learned, thoughts kept.

    Every key of a cache, every row that is learned and every id that is made for it names the seat.
    """

    name: str
    session: Session
    catalog: LiveCatalog
    upstream: Upstream
    thoughts: Thoughts
    overview: Overview | None = None
    """What GitHub says of the account."""
    device_login: DeviceLogin | None = None
    """How a login is made for it; None where no login could be kept."""


class Seats(Protocol):
    """Whose seat pays."""

    def of(self, principal: Principal) -> Seat:
        """The seat of whoever asks."""
        ...


@dataclass(frozen=True, slots=True)
class OneSeat:
    """The seat of everybody, as on a laptop."""

    seat: Seat

    def of(self, _principal: Principal) -> Seat:
        """That one."""
        return self.seat


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds that Copilot may take: to the first byte of a stream, of a whole answer, and between two bytes."""

    first_byte: float = 300.0
    complete: float = 900.0
    idle: float = 300.0
