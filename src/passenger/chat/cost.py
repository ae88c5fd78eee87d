"""What an answer cost, and the prices that it is worked out by.

Costs are whole numbers of nano credits, as Copilot counts them: 1e9 are one AI credit, and 100 credits one US dollar.
Plans from before June 2026 are billed by premium requests, which are another unit: the two are never added.
"""

from typing import Literal

from msgspec import Struct

from passenger.chat.events import Usage

NANO = 1_000_000_000
"""Nano credits in one AI credit."""

CREDITS_PER_DOLLAR = 100

MOST_NANO = 10**15
"""Nano credits, ten thousand dollars, above which a bill is absurd: it counts as not told, as one below 0 does."""

MOST_TOKENS = 10**12
"""Tokens above which a count is absurd."""

CostSource = Literal["upstream", "priced", "legacy", "estimated"]
"""How a cost is known.

`upstream`: Copilot said it. `priced`: tokens times the catalogue's prices. `legacy`: premium requests.
`estimated`: priced by what was seen of an answer that was cut.
"""


class Cost(Struct, frozen=True):
    """The cost of one exchange. An unknown cost is no `Cost` at all, and never 0."""

    source: CostSource
    nano_credits: int | None = None
    """None where the plan counts premium requests."""
    premium_thousandths: int | None = None
    """Thousandths of a premium request; None where the plan counts tokens."""

    @property
    def credits(self) -> float | None:
        """The cost in AI credits."""
        return None if self.nano_credits is None else self.nano_credits / NANO

    @property
    def usd(self) -> float | None:
        """The cost in US dollars."""
        return None if self.nano_credits is None else self.nano_credits / (NANO * CREDITS_PER_DOLLAR)

    @property
    def premium_requests(self) -> float | None:
        """The cost in premium requests."""
        return None if self.premium_thousandths is None else self.premium_thousandths / 1000


FREE = Cost("upstream", nano_credits=0)
"""What a request costs that Copilot refused, or that never reached it."""


class Tokens(Struct, frozen=True):
    """The tokens of an answer in disjoint buckets, each billed at a price of its own; `output` includes `reasoning`."""

    fresh: int = 0
    """Input that no prompt cache had or took."""
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0


def tokens_of(usage: Usage) -> Tokens:
    """The buckets of a usage. A count that is absurd counts as 0, and the parts as no more than their whole."""
    whole, output = _sane(usage.input), _sane(usage.output)
    read = min(whole, _sane(usage.cached))
    written = min(whole - read, _sane(usage.written))
    return Tokens(whole - read - written, read, written, output, min(output, _sane(usage.reasoning)))


def _sane(count: int) -> int:
    return count if 0 <= count <= MOST_TOKENS else 0


def _is_absurd(usage: Usage) -> bool:
    counts = (usage.input, usage.output, usage.cached, usage.written)
    return min(counts) < 0 or max(counts) > MOST_TOKENS


class Rates(Struct, frozen=True):
    """Nano credits for a batch of tokens; None where the catalogue does not tell."""

    input: int | None = None
    cached: int | None = None
    written: int | None = None
    output: int | None = None


class Tariff(Struct, frozen=True):
    """What a model costs an account. One that has neither rates nor a multiplier is unknown."""

    rates: Rates | None = None
    """None where the catalogue tells none."""
    batch: int = 1_000_000
    """Tokens in the batch that is priced."""
    long_rates: Rates | None = None
    """Prices of a prompt longer than `long_above` tokens."""
    long_above: int | None = None
    multiplier: int | None = None
    """Thousandths of a premium request that a person's request costs, on a plan that counts those."""
    counts_requests: bool = False
    """Whether the plan counts premium requests, and not tokens."""

    def price(self, tokens: Tokens) -> int | None:
        """Nano credits for these tokens, each bucket rounded down; None where a price is missing."""
        rates = self.rates
        if self.long_rates is not None and self.long_above is not None:
            whole = tokens.fresh + tokens.cache_read + tokens.cache_write
            rates = self.long_rates if whole > self.long_above else rates
        if rates is None:
            return None
        rows = (
            (tokens.fresh, rates.input),
            (tokens.cache_read, rates.cached),
            (tokens.cache_write, rates.written),
            (tokens.output, rates.output),
        )
        if any(count and price is None for count, price in rows):
            return None
        return sum(count * (price or 0) // self.batch for count, price in rows)

    def price_in_full(self, tokens: Tokens) -> int | None:
        """Nano credits for these tokens, as for fresh ones where a cache has no price; None where that is missing."""
        nano = self.price(tokens)
        if nano is None:
            nano = self.price(Tokens(tokens.fresh + tokens.cache_read + tokens.cache_write, output=tokens.output))
        return nano


UNKNOWN = Tariff()
"""The tariff of a model that no catalogue tells of."""


def price_usage(usage: Usage, tariff: Tariff, *, is_question: bool, calls: int = 1) -> Cost | None:
    """The cost of a complete answer, by the best that is known; None where nothing is.

    `is_question` says that a person caused the request, which is what premium requests are counted by.
    """
    if usage.nano_credits is not None and 0 <= usage.nano_credits <= MOST_NANO:
        return Cost("upstream", usage.nano_credits)
    if tariff.counts_requests:
        if tariff.multiplier is None:
            return None
        return Cost("legacy", premium_thousandths=calls * tariff.multiplier if is_question else 0)
    nano = None if _is_absurd(usage) else tariff.price(tokens_of(usage))
    return None if nano is None or nano > MOST_NANO else Cost("priced", nano)
