"""Serves every request that reaches Copilot. `server.request_path` calls its methods in the order of a request."""

from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from passenger.account.principal import ANYONE, Principal
from passenger.chat.events import Usage
from passenger.chat.prompt import Ask, Prompt
from passenger.chat.upstream_request import UpstreamRequest
from passenger.copilot.call import Operation
from passenger.copilot.catalog import Catalog, Model
from passenger.dialects import Inbound, Request, embeddings, side_requests
from passenger.dialects.embeddings import EmbeddingsRequest
from passenger.errors import Failure
from passenger.exchange import Exchange, Observer
from passenger.gateway.admission import Admissions
from passenger.gateway.background import AT_ONCE, Background
from passenger.gateway.billing import Billing
from passenger.gateway.counting import Counting
from passenger.gateway.model_scope import allowed_models, check_model
from passenger.gateway.overrun import OverrunGuards
from passenger.gateway.policy import Deadlines, Policy
from passenger.gateway.recorder import Recorder
from passenger.gateway.relay import Relayer
from passenger.gateway.response import GatewayResponse
from passenger.gateway.routing import Route, Routed, Router, must_fan_out
from passenger.gateway.runaway import RunawayBreaker
from passenger.gateway.search_server import SearchServer
from passenger.gateway.seat import Seat, Seats
from passenger.gateway.sender import Sender
from passenger.gateway.translator import Translator
from passenger.gateway.web_search import WebSearch, WebSearchConfig, is_refusal
from passenger.jsontext.offload import HEAVY, offload
from passenger.quota.allowance import Allowance
from passenger.state.nothing import NoStore
from passenger.state.store import Store
from passenger.tokens.counter import Counter


class Gateway:
    """Serves every request that reaches Copilot."""

    def __init__(
        self,
        seats: Seats,
        *,
        clock: Callable[[], float],
        counter: Counter,
        deadlines: Deadlines | None = None,
        observers: Sequence[Observer] = (),
        policy: Policy | None = None,
        store: Store | None = None,
        search: WebSearchConfig | None = None,
        background: int = AT_ONCE,
        breaker: RunawayBreaker | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        self._seats = seats
        self.policy = policy or Policy()
        self.counter = counter
        self.store = store or NoStore()
        """What is kept between requests."""
        self.breaker = breaker
        """Finds sessions that run away, None where nobody does."""
        billing = Billing()
        self.recorder = Recorder([*observers, breaker.note] if breaker else observers, billing)
        self.admissions = Admissions(allowance)
        """Who lets requests in within the limits of who asks."""
        self.background = Background(self.store, self.recorder, background)
        """What is made without a client that waits."""
        self._sender = Sender(clock, deadlines or Deadlines(), self.policy)
        self._counting = Counting(self._sender, counter)
        self._router = Router()
        overrun = OverrunGuards(billing)
        self.relaying = Relayer(self._sender, self._counting, overrun)
        self.translating = Translator(self._sender, self._counting, overrun)
        self._web = WebSearch(self.translating, clock, search) if search else None
        self._searching = (
            SearchServer(self._web, self._sender, self.translating, self.recorder, admissions=self.admissions)
            if self._web
            else None
        )

    def peek(self, inbound: Inbound, request: Request) -> Ask:
        """The facts of a request, with who caused it; a Failure names the field at fault."""
        ask = inbound.peek(request)
        initiator = side_requests.who_asks(ask, request, rules=self.policy.side_requests)
        return ask if initiator is ask.initiator else replace(ask, initiator=initiator)

    def route(self, seat: Seat, inbound: Inbound, ask: Ask, model: Model | None, *, relays: bool = True) -> Route:
        """Choose the API for a request, and whether to relay it; with `relays` False it is translated.

        Raises:
            Failure: the model cannot chat.
        """
        itself = not (ask.compacts and model and not inbound.compacts_itself(model.capabilities.vendor))
        may_relay = relays and ask.relayable and itself and not must_fan_out(ask, model)
        return self._router.route(
            seat.name, inbound, ask.model, model, relays=may_relay, marks=self._sender.marks(seat, model)
        )

    async def serve(self, routed: Routed) -> GatewayResponse:
        """The answer to a routed request; the caller closes it.

        Raises:
            Failure: the request is at fault, or Copilot gave no answer.
        """
        if routed.ask.web_search is None:
            return await self._serve_itself(routed)
        if self._web is None or self._searching is None:
            return await self._serve_unsearched(routed)
        seat, model = routed.seat, routed.route.model
        native = self._web.route(seat, model) if model else None
        if native is not None:
            try:
                spoken = native.outbound.name == routed.route.outbound.name
                return await self._serve_itself(routed if spoken else routed.by(native))
            except Failure as failure:
                if not is_refusal(failure):
                    raise
                self._web.learn(seat, native.name, failure)
        return await self._searching.serve(self._translated(routed))

    async def _serve_itself(self, routed: Routed) -> GatewayResponse:
        """The answer of the model that was asked for."""
        serving = self.relaying if routed.route.relayed else self.translating
        return await serving.serve(routed)

    async def _serve_unsearched(self, routed: Routed) -> GatewayResponse:
        """The answer of the model that was asked for, where nobody searches for it."""
        try:
            return await self._serve_itself(routed)
        except Failure as failure:
            if not is_refusal(failure):
                raise
            message = f"{failure.message}. Nobody else searches the web: [search] provider is none"
            raise failure.but(message=message) from failure

    def _translated(self, routed: Routed) -> Routed:
        """The same request by a route that relays nothing."""
        if not routed.route.relayed:
            return routed
        return routed.by(self.route(routed.seat, routed.inbound, routed.ask, routed.route.model, relays=False))

    async def count(
        self,
        name: str,
        read: Callable[[], Prompt],
        write: Callable[[Model], UpstreamRequest],
        exchange: Exchange,
        *,
        heavy: bool = False,
    ) -> int:
        """The input tokens of a prompt: counted by Copilot if the model's API can, else by us.

        `read` gives the prompt, `write` the request for Copilot's count. Both run in a thread if `heavy`.
        """
        seat = self.seat(exchange)
        model = await self.resolve(seat, name, exchange)
        exchange.model = model.id if model else name
        await self.admissions.admit(exchange, None)
        return await self._counting.count(seat, model, read, write, exchange, heavy=heavy)

    async def embed(self, ask: EmbeddingsRequest, exchange: Exchange) -> tuple[list[msgspec.Raw], Usage]:
        """The vectors of texts, in their order, by as many requests as the model's limit takes."""
        seat = self.seat(exchange)
        model = await self.resolve(seat, ask.model, exchange)
        exchange.model = model.id if model else ask.model
        exchange.tariff = seat.tariff(model)
        self._sender.drop(exchange, ask.dropped)
        await self.admissions.admit_texts(exchange, ask.inputs)
        vectors, usage = list[msgspec.Raw](), Usage()
        heavy = sum(map(len, ask.inputs)) > HEAVY
        for body in embeddings.write_requests(ask, exchange.model, model.max_inputs if model else None):
            sent = await offload(heavy, UpstreamRequest(body).encoded)
            answer = await self._sender.ask(seat, Operation.EMBED, embeddings.PATH, model, sent, exchange)
            some, used = embeddings.read_vectors(answer)
            vectors += some
            usage = replace(usage, input=usage.input + used.input)
        exchange.usage = replace(usage, input=max(0, usage.input - exchange.spared))
        return vectors, usage

    async def models(self, principal: Principal) -> Catalog:
        """The models of a principal's seat that their key may be used for.

        Raises:
            Failure: no list of them can be fetched.
        """
        catalog = await self._seats.of(principal).models()
        return allowed_models(catalog, principal.scope) if principal.scope is not None else catalog

    def payer(self, principal: Principal) -> str:
        """The name of the seat that pays for a principal."""
        return self._seats.of(principal).name

    @staticmethod
    async def resolve(seat: Seat, name: str, exchange: Exchange) -> Model | None:
        """The model with that name; None without a list of models, so that the name goes up as it is.

        Raises:
            Failure: there is no such model, or none that the key may be used for.
        """
        scope = exchange.principal.scope if exchange.principal is not None else None
        model = seat.known_model(name)
        if model is None:
            try:
                with exchange.waiting():
                    model = await seat.catalog.resolve(name)
            except Failure as failure:
                if scope is None or failure.code != "model_not_found":
                    raise
                raise allowed_models(await seat.models(), scope).unknown(name) from None  # with none but its own
        if scope is not None:
            check_model(scope, model.id if model else name)
        return model

    def seat(self, exchange: Exchange) -> Seat:
        """Find the seat that pays, and note it in the record."""
        seat = self._seats.of(exchange.principal or ANYONE)
        exchange.seat = seat.name
        return seat
