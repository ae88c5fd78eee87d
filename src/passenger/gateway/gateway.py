"""The one path to Copilot: peek, resolve, route, send, deliver, record.

Every request walks it; a feature is a line here, a wrapper around `Upstream`, or an observer of the exchange.
"""

from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from passenger import embeddings
from passenger.account.principal import ANYONE, Principal
from passenger.chat import Ask, Prompt, Usage, Written
from passenger.copilot.call import Operation
from passenger.copilot.models import Catalog, Model
from passenger.copilot.quirks import compaction
from passenger.dialects import Inbound, Request, side_requests
from passenger.embeddings import EmbedAsk
from passenger.errors import Failure
from passenger.exchange import Exchange, Observer
from passenger.gateway.choices import must_fan_out
from passenger.gateway.counting import Counting
from passenger.gateway.delivery import Delivery
from passenger.gateway.policy import Policy
from passenger.gateway.recorder import Recorder
from passenger.gateway.relaying import Relaying
from passenger.gateway.seat import Deadlines, Seat, Seats
from passenger.gateway.sender import Sender
from passenger.gateway.translating import Translating
from passenger.offload import HEAVY, offload
from passenger.routing import choose
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
    ) -> None:
        self._seats = seats
        self.policy = policy or Policy()
        self._counter = counter
        self.recorder = Recorder(observers)
        self._sender = Sender(clock, deadlines or Deadlines(), self.policy)
        self._counting = Counting(self._sender, counter)
        self._relaying = Relaying(self._sender, self._counting)
        self._translating = Translating(self._sender, self._counting)

    async def chat(self, inbound: Inbound, request: Request, exchange: Exchange) -> Delivery:
        """The answer to one chat request; whoever gets it closes it.

        Raises:
            Failure: the request is at fault, or Copilot gave no answer.
        """
        seat = self._seat(exchange)
        ask = exchange.ask = await offload(request.heavy, self._peek, inbound, request)
        with exchange.waiting():
            model = await seat.catalog.resolve(ask.model)
        itself = not (ask.compacts and model and not compaction.compacts_itself(model.able.vendor))
        relays = ask.relays and itself and not must_fan_out(ask, model)
        route = choose(inbound, ask.model, model, relays=relays, cache_marks=self._sender.marks(seat, model))
        exchange.model, exchange.route = route.name, route
        if not route.relayed:
            return await self._translating.serve(seat, inbound, request, ask, route, exchange)
        try:
            return await self._relaying.serve(seat, inbound, request, ask, route, exchange)
        except Failure as failure:
            if not (ask.compacts and compaction.is_refused(failure)):
                raise
        route = choose(inbound, ask.model, model, relays=False, cache_marks=self._sender.marks(seat, model))
        exchange.route = route
        return await self._translating.serve(seat, inbound, request, ask, route, exchange)

    def _peek(self, inbound: Inbound, request: Request) -> Ask:
        """The facts of a request, with who caused it."""
        ask = inbound.peek(request)
        initiator = side_requests.who_asks(ask, request, rules=self.policy.side_requests)
        return ask if initiator is ask.initiator else replace(ask, initiator=initiator)

    async def count(
        self,
        name: str,
        read: Callable[[], Prompt],
        write: Callable[[Model], Written],
        exchange: Exchange,
        *,
        heavy: bool = False,
    ) -> int:
        """The input tokens of a prompt: Copilot's own count where the model's API has one, else ours.

        `read` gives the prompt, in a worker thread; `write` what goes up for Copilot's count; both take long where they
        are heavy.
        """
        return await self._counting.count(self._seat(exchange), name, read, write, exchange, heavy=heavy)

    def warm(self, idle: Callable[[], bool]) -> None:
        """Get ready in a while for what is seldom asked for, where `idle` says then that nobody is at work."""
        self._counter.warm(idle)

    async def embed(self, ask: EmbedAsk, exchange: Exchange) -> tuple[list[msgspec.Raw], Usage]:
        """The vectors of some texts, in their order, asked for in as many requests as the model's limit needs."""
        seat = self._seat(exchange)
        with exchange.waiting():
            model = await seat.catalog.resolve(ask.model)
        exchange.model = model.id if model else ask.model
        self._sender.drop(exchange, ask.dropped)
        vectors, usage = list[msgspec.Raw](), Usage()
        heavy = sum(map(len, ask.inputs)) > HEAVY
        for body in embeddings.upstream_bodies(ask, exchange.model, model.max_inputs if model else None):
            sent = await offload(heavy, Written(body).encoded)
            answer = await self._sender.ask(seat, Operation.EMBED, embeddings.PATH, model, sent, exchange)
            some, used = embeddings.read_vectors(answer)
            vectors += some
            usage = replace(usage, input=usage.input + used.input)
        exchange.usage = usage
        return vectors, usage

    async def models(self, principal: Principal) -> Catalog:
        """The models of whoever asks; a Failure where no list of them can be had."""
        return await self._seats.of(principal).models()

    def payer(self, principal: Principal) -> str:
        """The name of the seat of whoever asks."""
        return self._seats.of(principal).name

    async def check_model(self, name: str, exchange: Exchange) -> None:
        """See whether there is such a model.

        Raises:
            Failure: there is none.
        """
        with exchange.waiting():
            await self._seat(exchange).catalog.resolve(name)

    def _seat(self, exchange: Exchange) -> Seat:
        """Who pays, noted in the record."""
        seat = self._seats.of(exchange.principal or ANYONE)
        exchange.seat = seat.name
        return seat
