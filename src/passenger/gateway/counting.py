"""Counts the tokens of prompts: Copilot does where the model's API can, else we do; and learns from answers."""

import logging
from collections.abc import Callable
from functools import partial

from passenger.chat import Prompt, Written
from passenger.copilot.call import Operation
from passenger.copilot.models import Model
from passenger.dialects import Inbound, Request
from passenger.dialects import messages as messages_api
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway.seat import Seat
from passenger.gateway.sender import Sender
from passenger.offload import offload
from passenger.routing import Route
from passenger.tokens.counter import Counter, Read

log = logging.getLogger(__name__)

_COUNTING = frozenset({"messages", "gemini"})
"""Dialects whose clients count their prompts."""

_TRANSIENT = frozenset({Kind.UPSTREAM, Kind.UNAVAILABLE, Kind.TIMEOUT, Kind.RATE_LIMIT})
"""Failures that pass by themselves and are not the request's fault."""


class Counting:
    """Counts, and learns from what Copilot has counted."""

    def __init__(self, sender: Sender, counter: Counter) -> None:
        self._sender = sender
        self._counter = counter

    async def count(
        self,
        seat: Seat,
        model: Model | None,
        read: Callable[[], Prompt],
        write: Callable[[Model], Written],
        exchange: Exchange,
        *,
        heavy: bool = False,
    ) -> int:
        """See `Gateway.count`; the model is resolved, and named in the record."""
        if model is not None and messages_api.PATH in model.endpoints:
            try:
                written = await offload(heavy, lambda: write(model).encoded())
                answer = await self._sender.ask(
                    seat, Operation.COUNT, messages_api.COUNT_PATH, model, written, exchange
                )
                counted = messages_api.read_count(answer)
            except Failure as failure:
                if failure.kind not in _TRANSIENT and not _is_of_the_counter(failure):
                    raise
                log.warning("Copilot does not count, so the tokens are estimated: %s", failure)
            else:
                self._counter.learn(seat.name, model.id, read, counted)
                return counted
        return await self._counter.count(seat.name, exchange.model or "", read)

    def expect(self, inbound: Inbound, route: Route) -> None:
        """Get ready to count where this client is likely to ask, and Copilot does not count for it."""
        if inbound.NAME in _COUNTING and route.outbound.NAME != messages_api.NAME:
            self._counter.expect()

    def prompt(self, seat: Seat, inbound: Inbound, request: Request) -> Read | None:
        """What reads the prompt once more when it is answered, and keeps the request as long.

        None where nothing is to be learned from it, as of nearly all.
        """
        return partial(inbound.read_prompt, request) if self._counter.keeps(seat.name) else None

    def learn(self, prompt: Read | None, exchange: Exchange) -> None:
        """Learn from an answer that says what its prompt took."""
        if prompt is not None and exchange.usage is not None and exchange.failure is None:
            self._counter.sample(exchange.seat, exchange.model or "", prompt, exchange.usage.input)


def _is_of_the_counter(failure: Failure) -> bool:
    """Whether Copilot's counter alone is not there for a model, which may chat all the same."""
    return failure.kind is Kind.NOT_FOUND or failure.code in {"unsupported_api_for_model", "model_not_supported"}
