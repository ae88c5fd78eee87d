"""Reads what a model costs from its entry in the catalogue.

A catalogue of usage-based billing (API version 2026-06-01) has `billing.token_prices`, in AI credits for a batch of
tokens; its models without prices and with a multiplier of 0 are included in the plan. An older one has multipliers of
premium requests, and no prices at all.
https://docs.github.com/en/copilot/concepts/billing/copilot-requests
"""

from collections.abc import Iterable, Mapping
from typing import Any

from passenger.chat.cost import MOST_NANO, NANO, UNKNOWN, Rates, Tariff

JSON = Mapping[str, Any]

MILLION = 1_000_000

INCLUDED = Rates(0, 0, 0, 0)
"""The prices of a model that the plan includes."""

_FIELDS = ("input_price", "cache_price", "cache_write_price", "output_price")


def tells_prices(entries: Iterable[object]) -> bool:
    """Whether a catalogue is one of usage-based billing."""
    return any(isinstance(_billing(entry).get("token_prices"), dict) for entry in entries)


def read_tariff(entry: JSON, *, by_tokens: bool) -> Tariff:
    """The tariff of a model; `by_tokens` says that its catalogue is one of usage-based billing."""
    billing = _billing(entry)
    multiplier = _thousandths(billing.get("multiplier"))
    if not by_tokens:
        # A catalogue with this warning has a multiplier of 1 for every model, whatever it costs.
        return UNKNOWN if "warning_message" in entry else Tariff(multiplier=multiplier, counts_requests=True)
    prices = billing.get("token_prices")
    if prices is None and multiplier == 0:
        return Tariff(INCLUDED, multiplier=multiplier)
    return _priced(prices if isinstance(prices, dict) else {}, multiplier)


def _priced(prices: JSON, multiplier: int | None) -> Tariff:
    """A tariff without rates where the prices have no shape that we know."""
    default, batch = prices.get("default"), _number(prices.get("batch_size", MILLION))
    if not isinstance(default, dict) or batch is None or batch < 1:
        return Tariff(multiplier=multiplier)
    long = prices.get("long_context")
    above = _number(default.get("context_max"))
    is_tiered = isinstance(long, dict) and above is not None
    return Tariff(
        _rates(default),
        int(batch),
        _rates(long) if is_tiered else None,
        int(above) if is_tiered and above is not None else None,
        multiplier,
    )


def _thousandths(multiplier: object) -> int | None:
    number = _number(multiplier)
    return None if number is None else round(1000 * number)


def _rates(table: object) -> Rates:
    table = table if isinstance(table, dict) else {}
    return Rates(*(_nano(table.get(name)) for name in _FIELDS))


def _nano(price: object) -> int | None:
    """Nano credits of a price in credits."""
    number = _number(price)
    return None if number is None else round(number * NANO)


def _billing(entry: object) -> JSON:
    found = entry.get("billing") if isinstance(entry, dict) else None
    return found if isinstance(found, dict) else {}


def _number(value: object) -> float | None:
    """A number that can be a price; None for what is none, absurd or negative."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= MOST_NANO / NANO else None  # type: ignore[operator, arg-type]  # it is one
