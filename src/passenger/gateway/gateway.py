"""What serves every request that reaches Copilot; the order in which it is called is the path of a request."""

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
from passenger.exchange import Exchange, Observer
from passenger.gateway.choices import must_fan_out
from passenger.gateway.counting import Counting
from passenger.gateway.policy import Policy
from passenger.gateway.recorder import Recorder
from passenger.gateway.relaying import Relaying
from passenger.gateway.seat import Deadlines, Seat, Seats
from passenger.gateway.sender import Sender
from passenger.gateway.translating import Translating
from passenger.offload import HEAVY, offload
from passenger.routing import Route, Router
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
        self._router = Router()
        self.relaying = Relaying(self._sender, self._counting)
        self.translating = Translating(self._sender, self._counting)

    def peek(self, inbound: Inbound, request: Request) -> Ask:
        """The facts of a request, with who caused it; a Failure names the field at fault."""
        ask = inbound.peek(request)
        initiator = side_requests.who_asks(ask, request, rules=self.policy.side_requests)
        return ask if initiator is ask.initiator else replace(ask, initiator=initiator)

    def route(self, seat: Seat, inbound: Inbound, ask: Ask, model: Model | None, *, relays: bool = True) -> Route:
        """Where a request goes, and whether it is relayed, unless it may not be.

        Raises:
            Failure: the model cannot chat.
        """
        itself = not (ask.compacts and model and not compaction.compacts_itself(model.able.vendor))
        may_relay = relays and ask.relays and itself and not must_fan_out(ask, model)
        return self._router.route(
            seat.name, inbound, ask.model, model, relays=may_relay, marks=self._sender.marks(seat, model)
        )

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
        seat = self.seat(exchange)
        model = await self.resolve(seat, name, exchange)
        exchange.model = model.id if model else name
        return await self._counting.count(seat, model, read, write, exchange, heavy=heavy)

    def warm(self, idle: Callable[[], bool]) -> None:
        """Get ready in a while for what is seldom asked for, where `idle` says then that nobody is at work."""
        self._counter.warm(idle)

    async def embed(self, ask: EmbedAsk, exchange: Exchange) -> tuple[list[msgspec.Raw], Usage]:
        """The vectors of some texts, in their order, asked for in as many requests as the model's limit needs."""
        seat = self.seat(exchange)
        model = await self.resolve(seat, ask.model, exchange)
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
        await self.resolve(self.seat(exchange), name, exchange)

    @staticmethod
    async def resolve(seat: Seat, name: str, exchange: Exchange) -> Model | None:
        """The model meant by a name; None where no list of models can be had, so that the name goes up as it is.

        Raises:
            Failure: there is no such model.
        """
        with exchange.waiting():
            return await seat.catalog.resolve(name)

    def seat(self, exchange: Exchange) -> Seat:
        """Who pays, noted in the record."""
        seat = self._seats.of(exchange.principal or ANYONE)
        exchange.seat = seat.name
        return seat
