"""Which of Copilot's APIs a request goes to: the client's own if the model speaks it, else the preferred one."""

from functools import cached_property
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import Ask
from passenger.copilot.catalog import CHAT, Model
from passenger.dialects import Inbound, KeptSignatures, Outbound, Request
from passenger.dialects.registry import OUTBOUND
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway.seat import Seat

_UNKNOWN = Capabilities()

MOST_ROUTES = 256
"""Routes that are kept. Without a list of models, clients can name any number of them."""


class Route(Struct, frozen=True, dict=True):
    """A model, the API it is asked by, and whether the client's own bytes go up.

    `model` is None without a catalogue; then the name goes up as it came.
    """

    name: str
    model: Model | None
    outbound: Outbound
    relayed: bool
    cache_marks: bool = True
    """Whether we may set prompt-cache breakpoints."""

    @cached_property
    def capabilities(self) -> Capabilities:
        """What the model can do."""
        capabilities = self.model.capabilities if self.model else _UNKNOWN
        return capabilities if self.cache_marks else replace(capabilities, least_cached=None)

    @cached_property
    def kept_signatures(self) -> KeptSignatures | None:
        """How the signatures of its answers are kept; None if there are none, or clients send them back."""
        kept = self.outbound.kept_signatures
        return kept if kept is not None and self.capabilities.vendor in kept.vendors else None

    @property
    def searches(self) -> bool:
        """Whether the model searches the web by itself when it is asked so."""
        return self.outbound.searches and self.capabilities.vendor == "openai"

    @property
    def mode(self) -> Literal["relayed", "translated"]:
        """Whether the client's bytes go up or a translation of them."""
        return "relayed" if self.relayed else "translated"

    @cached_property
    def text(self) -> str:
        """The route as `x-passenger-route` tells it."""
        return f"model={self.name}; dialect={self.outbound.name}; mode={self.mode}"


class Router:
    """Chooses routes and keeps them: choosing one takes as long as reading a small request."""

    def __init__(self) -> None:
        self._chosen: dict[tuple[str, str, str, bool, bool], Route] = {}

    def route(self, seat: str, inbound: Inbound, name: str, model: Model | None, *, relays: bool, marks: bool) -> Route:
        """See `choose`."""
        key = seat, inbound.name, name, relays, marks
        route = self._chosen.get(key)
        if route is None or route.model is not model:
            if len(self._chosen) >= MOST_ROUTES:
                self._chosen.clear()
            route = self._chosen[key] = choose(inbound, name, model, relays=relays, cache_marks=marks)
        return route


def choose(inbound: Inbound, name: str, model: Model | None, *, relays: bool = True, cache_marks: bool = True) -> Route:
    """The route of a request for the model that `name` was resolved to; without `relays` it is translated.

    Raises:
        Failure: the model speaks none of the APIs for chat.
    """
    if model is None:  # it may speak any, and Chat Completions most likely
        spoken = sorted(OUTBOUND, key=lambda one: one.path not in CHAT)
    else:
        spoken = [one for one in OUTBOUND if one.path in model.endpoints and model.kind != "embeddings"]
    if not spoken:
        raise _cannot_chat(name, model)
    own = next((dialect for dialect in spoken if relays and dialect.name == inbound.name), None)
    outbound = own or spoken[0]
    return Route(model.id if model else name, model, outbound, relayed=own is not None, cache_marks=cache_marks)


def _cannot_chat(name: str, model: Model | None) -> Failure:
    what = "it makes embeddings" if model and model.kind == "embeddings" else "it speaks none of the APIs for chat"
    message = f"The model {name!r} cannot chat: {what}."
    return Failure(Kind.INVALID, message, code="unsupported_api_for_model", param="model")


_GIVING_ONE = frozenset({"anthropic", "google"})
"""Vendors whose models give one answer, however many are asked for (2026-11)."""


def must_fan_out(ask: Ask, model: Model | None) -> bool:
    """Whether the answers take several calls: the model gives one to a call, and another number is asked for.

    Copilot passes `n` of Chat Completions on; Claude and Gemini ignore it (2026-11).
    """
    return ask.choices != 1 and model is not None and model.capabilities.vendor in _GIVING_ONE


class Routed(Struct, frozen=True):
    """A request whose route is known, with all that serves it."""

    seat: Seat
    inbound: Inbound
    request: Request
    ask: Ask
    route: Route
    exchange: Exchange

    def by(self, route: Route) -> "Routed":
        """The same request by another route, which its record tells."""
        self.exchange.route = route
        return replace(self, route=route)
