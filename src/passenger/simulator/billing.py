"""What an answer costs in AI credits (upstream.md 9.2); it hides the unit, a thousand-millionth of a credit."""

from typing import Any

from passenger.simulator.catalogue import Model

BATCH = 1_000_000
NANO = 1_000_000_000  # nano AI credits in one
PRICES = {
    "input": "input_price",
    "cache_read": "cache_price",
    "cache_write": "cache_write_price",
    "output": "output_price",
}


def copilot_usage(model: Model, counts: dict[str, int]) -> dict[str, Any]:
    """The bill for token counts by kind; an included model costs nothing, a kind without a price has no row."""
    prices = model.prices
    if prices is None:
        return {"token_details": [], "total_nano_aiu": 0}
    details = [_detail(kind, count, prices[PRICES[kind]]) for kind, count in counts.items() if PRICES[kind] in prices]
    total = sum(row["token_count"] * row["cost_per_batch"] // BATCH for row in details)
    return {"token_details": details, "total_nano_aiu": total}


def _detail(kind: str, count: int, price: float) -> dict[str, Any]:
    return {"batch_size": BATCH, "cost_per_batch": int(price * NANO), "token_count": count, "token_type": kind}
