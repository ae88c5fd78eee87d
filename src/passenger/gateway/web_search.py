"""Web search for clients whose model cannot: one that can answers a request for nothing else, or a search engine does.

GPT models of Copilot search by themselves through Responses (2026-08). That one cannot is learned from its refusal. A
search that is offered beside other tools is the model's own to make: `search_loop` serves it.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from passenger.chat.prompt import Initiator
from passenger.copilot.catalog import Model
from passenger.dialects.registry import OUTBOUND
from passenger.errors import Failure, Kind
from passenger.gateway.model_scope import allowed_models
from passenger.gateway.response import GatewayResponse
from passenger.gateway.routing import Route, Routed
from passenger.gateway.seat import Seat
from passenger.gateway.translator import Translator
from passenger.search.searcher import Searcher

log = logging.getLogger(__name__)

LACKING = 3600.0
"""Seconds for which a model is not asked to search after it has refused to."""

NAMES = ("web_search", "web search", "google_search", "googlesearch")
"""The tool, as refusals name it."""


class WebSearchConfig(Struct, frozen=True):
    """Who searches, and how often."""

    engine: Searcher | None = None
    """The search engine; None where Copilot's models search."""
    model: str = ""
    """The model of Copilot that searches, empty for a small one that can."""
    daily_cap: int = 200
    """Searches a day (UTC) for each seat."""


class WebSearch:
    """Finds who searches. `clock` gives Unix seconds."""

    def __init__(self, translating: Translator, clock: Callable[[], float], settings: WebSearchConfig) -> None:
        self._translating = translating
        self._clock = clock
        self.engine = settings.engine
        self._model = settings.model
        self._daily_cap = settings.daily_cap
        self._lacking: dict[tuple[str, str], float] = {}
        self._made: Counter[tuple[str, str]] = Counter()

    @property
    def provider(self) -> str:
        """Who searches, as headers and the log tell it."""
        return self.engine.name if self.engine else "copilot"

    def route(self, seat: Seat, model: Model) -> Route | None:
        """How a model is asked that searches by itself; None where it does not."""
        if self._lacking.get((seat.name, model.id), 0.0) > self._clock():
            return None
        found = (one for one in OUTBOUND if one.path in model.endpoints and model.kind == "chat")
        routes = (Route(model.id, model, outbound, relayed=False) for outbound in found)
        return next((route for route in routes if route.searches), None)

    def count(self, seat: Seat) -> None:
        """Count a search.

        Raises:
            Failure: too many were made today.
        """
        day = datetime.fromtimestamp(self._clock(), UTC).date().isoformat()
        if self._made[seat.name, day] >= self._daily_cap:
            message = f"{self._daily_cap} searches of the web were made today, which is the most ([search] daily_cap)"
            raise Failure(Kind.RATE_LIMIT, message, code="search_cap_reached")
        if (seat.name, day) not in self._made:
            self._made = Counter({key: made for key, made in self._made.items() if key[1] == day})
        self._made[seat.name, day] += 1

    async def serve_only(self, routed: Routed) -> GatewayResponse:
        """The answer to a request for nothing but a search, by a model of Copilot that searches by itself.

        Raises:
            Failure: there is none, or the account's organisation does not let it.
        """
        self.count(routed.seat)
        for route in self.routes(routed.seat, await self.models(routed)):
            try:
                return await self._translating.serve(self.asking(routed, route))
            except Failure as failure:
                self.learn(routed.seat, route.name, failure)
        raise no_searcher()

    @staticmethod
    async def models(routed: Routed) -> Sequence[Model]:
        """The models that may be asked to search for a request: a key asks none by a search that it may not ask."""
        catalog, principal = await routed.seat.models(), routed.exchange.principal
        if principal is not None and principal.scope is not None:
            catalog = allowed_models(catalog, principal.scope)
        return [*catalog.models.values()]

    def routes(self, seat: Seat, models: Sequence[Model]) -> Iterator[Route]:
        """Those that can search: the one that the settings name, else all, small ones first."""
        wanted = [one for one in models if one.id == self._model] if self._model else sorted(models, key=_rank)
        for model in wanted:
            if (route := self.route(seat, model)) is not None:
                yield route

    @staticmethod
    def asking(routed: Routed, route: Route) -> Routed:
        """The request for the model that searches. Nobody has typed it: it is an agent's."""
        exchange = routed.exchange
        exchange.model, exchange.route = route.name, route
        exchange.tariff = routed.seat.tariff(route.model)
        exchange.ask = ask = replace(routed.ask, initiator=Initiator.AGENT)
        return replace(routed, ask=ask, route=route)

    def learn(self, seat: Seat, model: str, failure: Failure) -> None:
        """Learn from a refusal that a model cannot search. Raises any other failure, an organisation's in words."""
        if failure.kind is Kind.FORBIDDEN:
            raise failure.but(
                message=f"Copilot does not search the web for this account: {failure.message}. Its organisation "
                "decides that; [search] provider may name another searcher",
                code="search_forbidden",
            )
        if not is_refusal(failure):
            raise failure.but()
        log.info("%s does not search the web: %s", model, failure.message)
        self._lacking[seat.name, model] = self._clock() + LACKING


def _rank(model: Model) -> tuple[bool, str]:
    return "mini" not in model.id, model.id


def is_refusal(failure: Failure) -> bool:
    """Whether it says that the web cannot be searched."""
    return failure.kind is Kind.INVALID and any(name in failure.message.lower() for name in NAMES)


def no_searcher() -> Failure:
    """Nobody can search."""
    message = (
        "no model that may be asked here searches the web ([search] model may name one); "
        "[search] provider may name a search engine"
    )
    return Failure(Kind.INVALID, message, code="search_unavailable", param="tools")
