"""Lets requests in within the limits of who asks, and settles what they hold once they are over."""

from collections.abc import Sequence

from passenger.account.principal import ANYONE
from passenger.chat.cost import UNKNOWN, tokens_of
from passenger.chat.prompt import Ask, Initiator
from passenger.copilot.catalog import Model
from passenger.dialects import Request
from passenger.dialects.output_limit import read_output_limit
from passenger.exchange import Exchange
from passenger.quota.allowance import Allowance, LimitedRequest
from passenger.quota.reserve import AskedTokens

_BEGINNING = 2048
"""Bytes of a body that tell its session where the client does not."""

_AN_INPUT = 8
"""Tokens that a text to embed may have beside those of its bytes."""


class Admissions:
    """Admits requests by their records. Without limits it does nothing."""

    def __init__(self, allowance: Allowance | None) -> None:
        self._allowance = allowance

    def trouble(self) -> str | None:
        """Why limits are not kept as they should be, None if they are."""
        return None if self._allowance is None else self._allowance.trouble()

    async def admit_chat(self, exchange: Exchange, request: Request, ask: Ask, model: Model | None) -> None:
        """Admit a chat.

        Raises:
            Failure: a limit does not allow it.
        """
        if self._limits(exchange):
            session = exchange.session or str(hash(request.body[:_BEGINNING]))
            output = read_output_limit(request.fields)
            await self.admit(exchange, _asked(exchange, session, len(request.body), ask.choices, output, model))

    async def admit_texts(self, exchange: Exchange, texts: Sequence[str]) -> None:
        """Admit texts to embed, which give no output.

        Raises:
            Failure: a limit does not allow it.
        """
        if self._limits(exchange):
            size = sum(len(text.encode("utf-8", "surrogatepass")) + _AN_INPUT for text in texts)
            await self.admit(exchange, _asked(exchange, exchange.id, size, 1, 0, None))

    async def admit_search(self, exchange: Exchange, size: int, output: int | None, model: Model | None) -> None:
        """Admit a search, by a body of `size` bytes, for a request that was admitted itself: only budgets count it.

        Raises:
            Failure: a budget does not allow it.
        """
        if self._limits(exchange):
            asked = _asked(exchange, exchange.id, size, 1, output, model)
            await self.admit(exchange, asked, is_helper=True)

    async def admit(self, exchange: Exchange, asked: AskedTokens | None, *, is_helper: bool = False) -> None:
        """Admit a request; without `asked` it is one that nothing is billed for.

        Raises:
            Failure: a limit does not allow it.
        """
        allowance, principal = self._allowance, exchange.principal or ANYONE
        if allowance is None or not allowance.limits(principal):
            return
        is_person = exchange.ask is not None and exchange.ask.initiator is Initiator.USER
        admission = LimitedRequest(principal, exchange.seat, is_person, asked, is_helper)
        grant = None
        try:
            with exchange.waiting():
                exchange.grant = grant = await allowance.admit(admission)
        finally:
            exchange.standings = allowance.standings(principal, grant)

    def _limits(self, exchange: Exchange) -> bool:
        return self._allowance is not None and self._allowance.limits(exchange.principal or ANYONE)


def settle_grant(exchange: Exchange) -> None:
    """Say what a request that is over has cost, however it ended."""
    if exchange.grant is not None:
        usage, cost = exchange.usage, exchange.cost
        tokens = None if usage is None or exchange.is_cut else tokens_of(usage)
        exchange.grant.settle(None if cost is None else cost.nano_credits, tokens)


def _asked(  # noqa: PLR0917 - each is a fact of its own
    exchange: Exchange, session: str, size: int, choices: int, output: int | None, model: Model | None
) -> AskedTokens:
    """What is known of what it may cost."""
    principal = exchange.principal or ANYONE
    limits = {} if model is None else model.limits
    return AskedTokens(
        exchange.tariff or UNKNOWN,
        exchange.seat,
        exchange.model or "",
        f"{principal.owner} {session}",
        size,
        choices,
        output,
        _count(limits.get("max_prompt_tokens") or limits.get("max_context_window_tokens")),
        _count(limits.get("max_output_tokens")),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
