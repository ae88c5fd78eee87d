"""Several answers to one request: as many calls to a model that gives one at a time, told as one answer."""

from passenger.choices.fan_out import Fanned, FanOut, refuse_fan_out
from passenger.choices.routing import must_fan_out

__all__ = ["FanOut", "Fanned", "must_fan_out", "refuse_fan_out"]
