"""A request once it is known where it goes."""

from msgspec import Struct

from passenger.chat import Ask
from passenger.dialects import Inbound, Request
from passenger.exchange import Exchange
from passenger.gateway.seat import Seat
from passenger.routing import Route


class Routed(Struct, frozen=True):
    """A request, in whose dialect it came, who pays, what is asked, of which model, and its record."""

    seat: Seat
    inbound: Inbound
    request: Request
    ask: Ask
    route: Route
    exchange: Exchange
