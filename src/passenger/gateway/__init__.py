"""The one path to Copilot: peek, resolve, route, send, deliver, record."""

from passenger.gateway.catalog import fetch_models
from passenger.gateway.delivery import Delivery
from passenger.gateway.gateway import Gateway
from passenger.gateway.policy import Policy
from passenger.gateway.seat import Deadlines, Seat

__all__ = ["Deadlines", "Delivery", "Gateway", "Policy", "Seat", "fetch_models"]
