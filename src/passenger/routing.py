"""Which of Copilot's APIs a request goes to: the client's own dialect where the model speaks it, else the best."""

from functools import cached_property
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from passenger.chat import Abilities
from passenger.copilot.models import CHAT, Model
from passenger.dialects import Inbound, Outbound
from passenger.dialects.registry import OUTBOUND
from passenger.errors import Failure, Kind

_UNKNOWN = Abilities()

MOST_ROUTES = 256
"""Routes that are kept: where there is no list of models, a name may be anything."""


class Route(Struct, frozen=True, dict=True):
    """The model, the dialect it is asked in, and whether the client's own bytes go up.

    `model` is None where no catalogue could be had and the name goes up as it came.
    """

    name: str
    model: Model | None
    outbound: Outbound
    relayed: bool
    cache_marks: bool = True
    """Whether prompt-cache breakpoints may be set that the client did not set."""

    @cached_property
    def able(self) -> Abilities:
        """What the model can do."""
        able = self.model.able if self.model else _UNKNOWN
        return able if self.cache_marks else replace(able, least_cached=None)

    @property
    def mode(self) -> Literal["relayed", "translated"]:
        """What becomes of the client's bytes."""
        return "relayed" if self.relayed else "translated"

    @cached_property
    def text(self) -> str:
        """The route as `x-passenger-route` tells it."""
        return f"model={self.name}; dialect={self.outbound.NAME}; mode={self.mode}"


class Router:
    """Chooses routes, and keeps those that it has chosen: choosing takes as long as reading a small request."""

    def __init__(self) -> None:
        self._chosen: dict[tuple[str, str, str, bool, bool], Route] = {}

    def route(self, seat: str, inbound: Inbound, name: str, model: Model | None, *, relays: bool, marks: bool) -> Route:
        """See `choose`."""
        key = seat, inbound.NAME, name, relays, marks
        route = self._chosen.get(key)
        if route is None or route.model is not model:
            if len(self._chosen) >= MOST_ROUTES:
                self._chosen.clear()
            route = self._chosen[key] = choose(inbound, name, model, relays=relays, cache_marks=marks)
        return route


def choose(inbound: Inbound, name: str, model: Model | None, *, relays: bool = True, cache_marks: bool = True) -> Route:
    """The route of a request for the model that `name` was resolved to; `relays` is the `Ask`'s.

    Raises:
        Failure: the model speaks none of the APIs for chat.
    """
    spoken = _spoken(model)
    if not spoken:
        raise _speechless(name, model)
    own = next((dialect for dialect in spoken if relays and dialect.NAME == inbound.NAME), None)
    outbound = own or _best(spoken, model)
    return Route(model.id if model else name, model, outbound, relayed=own is not None, cache_marks=cache_marks)


def _spoken(model: Model | None) -> list[Outbound]:
    """The dialects that a model speaks, the best first; a model that nothing is known of may speak any."""
    if model is None:
        return list(OUTBOUND)
    return [dialect for dialect in OUTBOUND if dialect.PATH in model.endpoints and model.kind != "embeddings"]


def _best(spoken: list[Outbound], model: Model | None) -> Outbound:
    """The one to translate to; what nothing is known of speaks chat completions, if anything."""
    if model is not None:
        return spoken[0]
    return next(dialect for dialect in spoken if dialect.PATH in CHAT)


def _speechless(name: str, model: Model | None) -> Failure:
    what = "it makes embeddings" if model and model.kind == "embeddings" else "it speaks none of the APIs for chat"
    message = f"The model {name!r} cannot chat: {what}."
    return Failure(Kind.INVALID, message, code="unsupported_api_for_model", param="model")
