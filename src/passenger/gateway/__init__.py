"""The one path to Copilot: peek, resolve, route, send, deliver, record."""

from passenger.gateway.gateway import Deadlines, Delivery, Gateway, Seat, fetch_models

__all__ = ["Deadlines", "Delivery", "Gateway", "Seat", "fetch_models"]
