"""What a model costs, read from its entry in the catalogue."""

from typing import Any

import pytest

from passenger.chat.cost import UNKNOWN, Rates, Tariff
from passenger.copilot.catalog import models_in
from passenger.copilot.tariffs import INCLUDED

PRICES = {"input_price": 12.5, "cache_price": 1, "output_price": 100}
RATES = Rates(12_500_000_000, 1_000_000_000, None, 100_000_000_000)


def tariff_of(billing: object, **entry: Any) -> Tariff:
    """The tariff of a model in a catalogue of usage-based billing."""
    priced = {"id": "other", "billing": {"token_prices": {"default": {}}}}
    return models_in([{"id": "m", "billing": billing, **entry}, priced])[0].tariff


def legacy_of(billing: object, **entry: Any) -> Tariff:
    """The tariff of a model in a catalogue without prices."""
    return models_in([{"id": "m", "billing": billing, **entry}])[0].tariff


def test_prices_are_read() -> None:
    billing = {"multiplier": 7.5, "token_prices": {"batch_size": 1000, "default": PRICES}}
    assert tariff_of(billing) == Tariff(RATES, 1000, multiplier=7500)


def test_prices_of_long_prompts_are_read() -> None:
    prices = {"default": PRICES | {"context_max": 200_000}, "long_context": PRICES | {"input_price": 25}}
    tariff = tariff_of({"token_prices": prices})
    assert tariff.rates == RATES
    assert tariff.long_above == 200_000
    assert tariff.long_rates is not None
    assert tariff.long_rates.input == 25_000_000_000


def test_a_model_without_prices_and_with_a_multiplier_of_0_is_included() -> None:
    assert tariff_of({"multiplier": 0}) == Tariff(INCLUDED, multiplier=0)
    assert tariff_of({"multiplier": 1}) == Tariff(multiplier=1000)


def test_a_catalogue_without_any_prices_counts_requests() -> None:
    assert legacy_of({"multiplier": 0.33}) == Tariff(multiplier=330, counts_requests=True)
    assert legacy_of({"multiplier": 1}, warning_message="multipliers no longer apply") == UNKNOWN


@pytest.mark.parametrize("price", [-1, "5", None, True, 1e30, float("nan"), [5]])
def test_a_price_that_is_none_is_missing(price: object) -> None:
    rates = tariff_of({"token_prices": {"default": PRICES | {"input_price": price}}}).rates
    assert rates is not None
    assert (rates.input, rates.output) == (None, 100_000_000_000)


@pytest.mark.parametrize(
    "billing",
    [
        None,
        [],
        {"token_prices": 5},
        {"token_prices": {"default": 5}},
        {"token_prices": {"default": PRICES, "batch_size": 0}},
        {"token_prices": {"default": PRICES, "batch_size": "many"}},
        {"multiplier": -1, "token_prices": {}},
    ],
)
def test_billing_of_an_unknown_shape_is_an_unknown_tariff(billing: object) -> None:
    assert tariff_of(billing) == UNKNOWN


def test_a_long_context_without_a_bound_has_the_usual_prices() -> None:
    assert tariff_of({"token_prices": {"default": PRICES, "long_context": PRICES}}) == Tariff(RATES)
