"""What serves a request that reaches Copilot: relayed, translated, embedded or counted."""

from passenger.gateway.catalog import fetch_models
from passenger.gateway.delivery import Delivery
from passenger.gateway.gateway import Gateway
from passenger.gateway.policy import Policy
from passenger.gateway.seat import Deadlines, OneSeat, Seat, Seats

__all__ = ["Deadlines", "Delivery", "Gateway", "OneSeat", "Policy", "Seat", "Seats", "fetch_models"]
