"""Makes calls to Copilot, sends them for a seat, and notes what is left out of them."""

import logging
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from passenger.chat.events import AnswerIdentity
from passenger.chat.prompt import Ask
from passenger.chat.upstream_request import Encoded
from passenger.copilot.call import Call, Operation
from passenger.copilot.catalog import Model
from passenger.copilot.upstream import Reply
from passenger.dialects import Request
from passenger.dialects.cache_points import MESSAGES_MARK, without_marks
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway.policy import Deadlines, Policy
from passenger.gateway.routing import Route
from passenger.gateway.seat import Seat

log = logging.getLogger(__name__)

MARKLESS = 3600.0
"""Seconds for which a model gets no breakpoints after it has rejected them."""


class Sender:
    """Sends calls. `clock` gives Unix seconds."""

    def __init__(self, clock: Callable[[], float], deadlines: Deadlines, policy: Policy) -> None:
        self.policy = policy
        self._clock = clock
        self._deadlines = deadlines
        self._markless: dict[tuple[str, str], float] = {}

    def identity(self, exchange: Exchange) -> AnswerIdentity:
        """The id and the date of the answer to this exchange: those of the answer that was kept, where one was."""
        if exchange.answer_identity is not None:
            return AnswerIdentity(*exchange.answer_identity, exchange.timing, exchange.echo)
        return AnswerIdentity(exchange.id.replace("-", ""), int(self._clock()), exchange.timing, exchange.echo)

    def drop(self, exchange: Exchange, names: Sequence[str]) -> None:
        """Note what is left out.

        Raises:
            Failure: something is, and the settings are strict.
        """
        if not names:
            return
        if self.policy.strict:
            name, _, note = names[0].partition(" (")
            how = "can only be asked for in words" if note else "cannot be carried"
            message = f"{name} {how} to this model, and [upstream] strict leaves nothing out"
            raise Failure(Kind.INVALID, message, code="unsupported_parameter", param=name)
        exchange.drop(names)

    def call(
        self, seat: Seat, ask: Ask, route: Route, sent: Encoded, *, named: Callable[[str], str | None] = str
    ) -> Call:
        """The call of a chat request. `named` translates Copilot's names of fields into the client's."""
        return Call(
            Operation.CHAT,
            route.outbound.path,
            sent.body,
            seat=seat.name,
            model=route.name,
            capabilities=route.capabilities,
            stream=ask.stream,
            initiator=ask.initiator,
            is_agents=ask.tools or ask.wants_reasoning,
            vision=ask.vision,
            headers=sent.headers,
            named=named,
            first_byte=self._deadlines.first_byte if ask.stream else self._deadlines.complete,
            idle=self._deadlines.idle,
        )

    def marks(self, seat: Seat, model: Model | None) -> bool:
        """Whether breakpoints may be set for a model: the settings allow it, and it has not just rejected them."""
        if model is None or not self.policy.cache_marks:
            return self.policy.cache_marks
        return self._markless.get((seat.name, model.id), 0.0) <= self._clock()

    async def send(self, seat: Seat, request: Request, call: Call, exchange: Exchange) -> Reply:
        """Send a chat request, and once more without our breakpoints if they were rejected."""
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
        """The whole answer to a request that is not a chat."""
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
    """Check that a reply is a stream.

    Raises:
        Failure: it is JSON; the reply has been closed.
    """
    if "json" in reply.content_type:
        reply.close()
        message = f"Copilot answered {reply.content_type} where a stream was asked for"
        raise Failure(Kind.UPSTREAM, message, code="bad_answer")
