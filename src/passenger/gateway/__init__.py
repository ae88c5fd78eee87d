"""What serves a request that reaches Copilot: relayed, translated, embedded or counted."""

from passenger.gateway.gateway import Gateway
from passenger.gateway.policy import Deadlines, Policy
from passenger.gateway.response import GatewayResponse
from passenger.gateway.seat import OneSeat, Seat, Seats
from passenger.gateway.seats import OpenedSeat, SeatDirectory, SeatRow, TeamSeats

__all__ = [
    "Deadlines",
    "Gateway",
    "GatewayResponse",
    "OneSeat",
    "OpenedSeat",
    "Policy",
    "Seat",
    "SeatDirectory",
    "SeatRow",
    "Seats",
    "TeamSeats",
]
