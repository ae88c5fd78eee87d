"""What an answer costs in AI credits, counted in thousand-millionths of one."""

from dataclasses import dataclass
from typing import Any

from passenger.simulator.answers import Answer
from passenger.simulator.catalogue import Model

NANO = 1_000_000_000  # nano AI credits in one
PRICES = {
    "input": "input_price",
    "cache_read": "cache_price",
    "cache_write": "cache_write_price",
    "output": "output_price",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """The tokens of an answer by what they cost; no token is in two of them."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0

    @property
    def prompt(self) -> int:
        """The whole prompt."""
        return self.input + self.cache_read + self.cache_write


def counts_of(answer: Answer, model: Model) -> Counts:
    """The tokens of a whole answer; nobody but Claude's vendor charges for what is put into a cache."""
    read, written = answer.cached.read, answer.cached.written if model.vendor == "claude" else 0
    fresh = answer.prompt_tokens - read - written
    return Counts(fresh, read, written, answer.completion_tokens + answer.reasoning_tokens)


def copilot_usage(model: Model, counts: Counts) -> dict[str, Any]:
    """What an answer says that it costs; an included model costs nothing, a kind without a price has no row."""
    prices, batch = model.prices(counts.prompt), model.batch_size
    kinds = [kind for kind, name in PRICES.items() if name in prices]
    details = [_detail(kind, getattr(counts, kind), prices[PRICES[kind]], batch) for kind in kinds]
    return {"token_details": details, "total_nano_aiu": nano(model, counts)}


def nano(model: Model, counts: Counts) -> int:
    """What the tokens cost: each count times its price, divided by the batch that the price is for."""
    prices = model.prices(counts.prompt)
    costs = (getattr(counts, kind) * _nano(prices[name]) for kind, name in PRICES.items() if name in prices)
    return int(sum(costs)) // model.batch_size


def _detail(kind: str, count: int, price: float, batch: int) -> dict[str, Any]:
    return {"batch_size": batch, "cost_per_batch": _nano(price), "token_count": count, "token_type": kind}


def _nano(price: float) -> int:
    return round(price * NANO)
