"""Counts the tokens of prompts: by Copilot if the model's API can, else by our tokenizer, which learns from answers."""

import logging
from collections.abc import Callable
from functools import partial

from passenger.chat.prompt import Prompt
from passenger.chat.upstream_request import UpstreamRequest
from passenger.copilot.call import Operation
from passenger.copilot.catalog import Model
from passenger.dialects import Inbound, Request, anthropic
from passenger.dialects.anthropic.counting import COUNT_PATH, read_count
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway.routing import Route
from passenger.gateway.seat import Seat
from passenger.gateway.sender import Sender
from passenger.jsontext.offload import offload
from passenger.tokens.counter import Counter, Read

log = logging.getLogger(__name__)

_TRANSIENT = frozenset({Kind.UPSTREAM, Kind.UNAVAILABLE, Kind.TIMEOUT, Kind.RATE_LIMIT})
"""Failures that pass, and are not the request's fault."""


class Counting:
    """Counts prompts, and learns from Copilot's counts."""

    def __init__(self, sender: Sender, counter: Counter) -> None:
        self._sender = sender
        self._counter = counter

    async def count(
        self,
        seat: Seat,
        model: Model | None,
        read: Callable[[], Prompt],
        write: Callable[[Model], UpstreamRequest],
        exchange: Exchange,
        *,
        heavy: bool = False,
    ) -> int:
        """See `Gateway.count`. The model is resolved and noted in the record."""
        if model is not None and anthropic.PATH in model.endpoints:
            try:
                written = await offload(heavy, lambda: write(model).encoded())
                answer = await self._sender.ask(seat, Operation.COUNT, COUNT_PATH, model, written, exchange)
                counted = read_count(answer)
            except Failure as failure:
                if failure.kind not in _TRANSIENT and not _cannot_count(failure):
                    raise
                log.warning("Copilot does not count, so the tokens are estimated: %s", failure)
            else:
                self._counter.learn(seat.name, model.id, read, counted)
                return counted
        return await self._counter.count(seat.name, exchange.model or "", read)

    def expect(self, inbound: Inbound, route: Route) -> None:
        """Start the tokenizer if this client is likely to count and Copilot cannot."""
        if inbound.counts_prompts and route.outbound.name != anthropic.NAME:
            self._counter.expect()

    def prompt(self, seat: Seat, inbound: Inbound, request: Request) -> Read | None:
        """What reads the prompt again once it is answered; it keeps the request in memory.

        None if there is nothing to learn, as nearly always.
        """
        return partial(inbound.read_prompt, request) if self._counter.keeps(seat.name) else None

    def learn(self, prompt: Read | None, exchange: Exchange) -> None:
        """Learn from an answer that tells the tokens of its prompt."""
        if prompt is not None and exchange.usage is not None and exchange.failure is None:
            self._counter.sample(exchange.seat, exchange.model or "", prompt, exchange.usage.input)


def _cannot_count(failure: Failure) -> bool:
    """Whether a failure only says that the model has no counter; it may still chat."""
    return failure.kind is Kind.NOT_FOUND or failure.code in {"unsupported_api_for_model", "model_not_supported"}
