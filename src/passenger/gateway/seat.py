"""Who pays for what is asked, and how long an answer may take."""

from dataclasses import dataclass

from passenger.account.overview import Overview
from passenger.copilot.live import LiveCatalog
from passenger.session import Session


@dataclass(frozen=True, slots=True)
class Seat:
    """Who pays: an account's session, the models it has and, where anybody may ask, what GitHub says of it."""

    name: str
    session: Session
    catalog: LiveCatalog
    overview: Overview | None = None


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds that Copilot may take: to the first byte of a stream, of a whole answer, and between two bytes."""

    first_byte: float = 300.0
    complete: float = 900.0
    idle: float = 300.0
