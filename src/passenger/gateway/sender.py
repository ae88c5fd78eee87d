"""Sends what goes up for a seat; it hides how a call is made and what is said of what does not go along."""

import logging
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from passenger.chat import Ask, Encoded, Stamp
from passenger.copilot.call import Call, Operation
from passenger.copilot.models import Model
from passenger.copilot.quirks.cache_marks import MESSAGES_MARK, without_marks
from passenger.dialects import Request
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway.policy import Policy
from passenger.gateway.seat import Deadlines, Seat
from passenger.routing import Route
from passenger.upstream import Reply

log = logging.getLogger(__name__)

MARKLESS = 3600.0
"""Seconds that a model which has refused our breakpoints gets none."""


class Sender:
    """The way up."""

    def __init__(self, clock: Callable[[], float], deadlines: Deadlines, policy: Policy) -> None:
        self.policy = policy
        self._clock = clock
        self._deadlines = deadlines
        self._markless: dict[tuple[str, str], float] = {}

    def stamp(self, exchange: Exchange) -> Stamp:
        """What an answer to this exchange is named and dated by."""
        return Stamp(exchange.id.replace("-", ""), int(self._clock()), exchange.took)

    def drop(self, exchange: Exchange, names: Sequence[str]) -> None:
        """Note what does not go up; refuse instead where the settings are strict."""
        if names and self.policy.strict:
            name, _, note = names[0].partition(" (")
            how = "can only be asked for in words" if note else "cannot be carried"
            message = f"{name} {how} to this model, and [proxy] strict leaves nothing out"
            raise Failure(Kind.INVALID, message, code="unsupported_parameter", param=name)
        exchange.drop(names)

    def call(
        self, seat: Seat, ask: Ask, route: Route, sent: Encoded, *, named: Callable[[str], str | None] = str
    ) -> Call:
        """The call of a chat request; `named` gives the client's names of the fields that are sent."""
        return Call(
            Operation.CHAT,
            route.outbound.PATH,
            sent.body,
            seat=seat.name,
            model=route.name,
            able=route.able,
            stream=ask.stream,
            initiator=ask.initiator,
            is_agents=ask.tools or ask.thinks,
            vision=ask.vision,
            headers=sent.headers,
            named=named,
            first_byte=self._deadlines.first_byte if ask.stream else self._deadlines.complete,
            idle=self._deadlines.idle,
        )

    def marks(self, seat: Seat, model: Model | None) -> bool:
        """Whether breakpoints may be set for that model, which has not refused them just now."""
        if model is None or not self.policy.cache_marks:
            return self.policy.cache_marks
        return self._markless.get((seat.name, model.id), 0.0) <= self._clock()

    async def send(self, seat: Seat, request: Request, call: Call, exchange: Exchange) -> Reply:
        """Send it, and once more without our breakpoints where it is they that are refused."""
        try:
            return await seat.upstream.send(call, exchange)
        except Failure as failure:
            refused = failure.status == 400 and MESSAGES_MARK in failure.message
            plain = without_marks(call.body, request.body) if refused else None
            if plain is None:
                raise
            log.warning("%s takes no prompt-cache breakpoints: %s", call.model, failure)
        self._markless[seat.name, call.model] = self._clock() + MARKLESS
        exchange.retries.append("cache_marks")
        return await seat.upstream.send(replace(call, body=plain), exchange)

    async def ask(  # noqa: PLR0917 - a call, and what is known of it
        self,
        seat: Seat,
        operation: Operation,
        path: str,
        model: Model | None,
        sent: Encoded,
        exchange: Exchange,
    ) -> bytes:
        """The whole answer to a request that is no chat."""
        self.drop(exchange, sent.dropped)
        call = Call(
            operation,
            path,
            sent.body,
            seat=seat.name,
            model=model.id if model else "",
            vision=sent.vision,
            headers=sent.headers,
            first_byte=self._deadlines.first_byte,
            idle=self._deadlines.idle,
        )
        with await seat.upstream.send(call, exchange) as reply:
            return await reply.read()


def must_stream(reply: Reply) -> None:
    """Close what is no stream, and say so."""
    if "json" in reply.content_type:
        reply.close()
        message = f"Copilot answered {reply.content_type} where a stream was asked for"
        raise Failure(Kind.UPSTREAM, message, code="bad_answer")
