"""Who pays for what is asked, and how long an answer may take."""

from dataclasses import dataclass

from passenger.account.device_login import DeviceLogin
from passenger.account.overview import Overview
from passenger.copilot.live import LiveCatalog
from passenger.session import Session


@dataclass(frozen=True, slots=True)
class Seat:
    """Who pays: an account's session, the models it has, what GitHub says of it, and how a login is made for it."""

    name: str
    session: Session
    catalog: LiveCatalog
    overview: Overview | None = None
    device_login: DeviceLogin | None = None
    """None where no login could be kept."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds that Copilot may take: to the first byte of a stream, of a whole answer, and between two bytes."""

    first_byte: float = 300.0
    complete: float = 900.0
    idle: float = 300.0
