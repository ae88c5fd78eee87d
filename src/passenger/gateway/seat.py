"""Who pays for what is asked, and how long an answer may take."""

from dataclasses import dataclass
from typing import Protocol

from passenger.account.device_login import DeviceLogin
from passenger.account.login_state import LoginState
from passenger.account.overview import PATIENCE, Overview
from passenger.account.principal import Principal
from passenger.copilot.live import LiveCatalog
from passenger.copilot.models import Catalog, Model
from passenger.copilot.protocol import CopilotUser
from passenger.errors import Failure, Kind
from passenger.session import Session
from passenger.thoughts import Thoughts
from passenger.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Seat:
    """An account and all that is its own: session, models, the way to Copilot with what it has learned, thoughts kept.

    Every key of a cache, every row that is learned and every id that is made for it names the seat. Whoever is not of
    the gateway asks the seat and not its parts.
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

    @property
    def log_in(self) -> str:
        """What to do where nobody is logged in."""
        return self.session.log_in

    def is_usable(self) -> bool:
        """Whether there is a login or a token.

        Raises:
            Failure: that cannot be told.
        """
        return self.session.usable()

    def trouble(self) -> Failure | None:
        """Why its token cannot be renewed, or its login cannot be used."""
        try:
            if self.session.usable():
                return self.session.trouble()
        except Failure as failure:
            return failure
        return Failure(Kind.LOGIN, f"nobody is logged in to GitHub here: {self.log_in}")

    def models_trouble(self) -> Failure | None:
        """Why the last list of its models could not be had."""
        return self.catalog.trouble

    def known_model(self, name: str) -> Model | None:
        """The model meant by a name, where there is nothing to wait for."""
        return self.catalog.known(name)

    async def models(self) -> Catalog:
        """Its models.

        Raises:
            Failure: no list of them can be had.
        """
        return await self.catalog.list()

    async def told(self, patience: float = PATIENCE) -> CopilotUser | None:
        """What GitHub says of its account, as far as it does in time."""
        return await self.overview.seat(patience) if self.overview else None

    def login_state(self) -> LoginState:
        """How far a login is that is made for it."""
        return self.device_login.state() if self.device_login else LoginState()


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
