"""What an answer cost: the buckets of its tokens, the prices, and how the cost is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.cost import MOST_TOKENS, UNKNOWN, Cost, Rates, Tariff, Tokens, price_usage, tokens_of
from passenger.chat.events import Usage

OPUS = Tariff(Rates(500_000_000_000, 50_000_000_000, 625_000_000_000, 2_500_000_000_000))
LEGACY = Tariff(multiplier=330, counts_requests=True)

counts = st.integers(-(2**70), 2**70)


def price(usage: Usage, tariff: Tariff, *, is_question: bool = True, calls: int = 1) -> Cost | None:
    return price_usage(usage, tariff, is_question=is_question, calls=calls)


def test_a_hundred_credits_are_a_dollar() -> None:
    cost = Cost("upstream", nano_credits=12_760_000_000)
    assert (cost.credits, cost.usd, cost.premium_requests) == (12.76, 0.1276, None)


def test_premium_requests_are_no_credits() -> None:
    cost = Cost("legacy", premium_thousandths=330)
    assert (cost.credits, cost.usd, cost.premium_requests) == (None, None, 0.33)


def test_a_cost_of_nothing_is_a_cost() -> None:
    cost = Cost("upstream", nano_credits=0)
    assert (cost.credits, cost.usd) == (0.0, 0.0)


@given(st.builds(Usage, counts, counts, counts, counts, written=counts))
def test_buckets_are_disjoint_and_never_absurd(usage: Usage) -> None:
    tokens = tokens_of(usage)
    whole = usage.input if 0 <= usage.input <= MOST_TOKENS else 0
    assert tokens.fresh + tokens.cache_read + tokens.cache_write == whole
    assert min(tokens.fresh, tokens.cache_read, tokens.cache_write, tokens.output, tokens.reasoning) >= 0
    assert tokens.reasoning <= tokens.output <= MOST_TOKENS


def test_copilots_own_recording_comes_to_its_own_sum() -> None:
    assert OPUS.price(tokens_of(Usage(11, 4))) == 15_500_000
    assert OPUS.price(Tokens(20, 48_000, 1_200, 110)) == 10_000_000 + 2_400_000_000 + 750_000_000 + 275_000_000


@pytest.mark.parametrize(
    ("usage", "tariff", "cost"),
    [
        (Usage(11, 4, nano_credits=7), OPUS, Cost("upstream", 7)),
        (Usage(11, 4, nano_credits=0), OPUS, Cost("upstream", 0)),
        (Usage(11, 4, nano_credits=0), LEGACY, Cost("upstream", 0)),
        (Usage(11, 4), OPUS, Cost("priced", 15_500_000)),
        (Usage(11, 4, nano_credits=-1), OPUS, Cost("priced", 15_500_000)),
        (Usage(11, 4, nano_credits=2**50), OPUS, Cost("priced", 15_500_000)),
        (Usage(11, 4), UNKNOWN, None),
        (Usage(11, 4), Tariff(Rates(5, 5, 5)), None),
        (Usage(11, 0), Tariff(Rates(1_000_000)), Cost("priced", 11)),
        (Usage(2**61, 4), OPUS, None),
        (Usage(11, -4), OPUS, None),
        (Usage(10**12, 10**12), OPUS, None),
        (Usage(11, 4), LEGACY, Cost("legacy", premium_thousandths=330)),
        (Usage(11, 4), Tariff(counts_requests=True), None),
        (Usage(11, 4), Tariff(OPUS.rates, multiplier=3000, counts_requests=True), Cost("legacy", None, 3000)),
    ],
)
def test_the_best_that_is_known_counts(usage: Usage, tariff: Tariff, cost: Cost | None) -> None:
    assert price(usage, tariff) == cost


def test_only_a_persons_requests_count_on_a_plan_of_requests_and_each_call_of_one() -> None:
    assert price(Usage(1, 1), LEGACY, is_question=False) == Cost("legacy", premium_thousandths=0)
    assert price(Usage(1, 1), LEGACY, calls=3) == Cost("legacy", premium_thousandths=990)


def test_a_long_prompt_has_prices_of_its_own() -> None:
    tariff = Tariff(Rates(1, 1, 1, 1), 1, Rates(2, 2, 2, 2), 100)
    assert tariff.price(Tokens(60, 40)) == 100
    assert tariff.price(Tokens(60, 40, 1)) == 202


def test_what_a_cache_has_no_price_for_is_priced_as_fresh() -> None:
    tokens, tariff = Tokens(1, cache_read=2, cache_write=4, output=8), Tariff(Rates(10, 1, None, 100), batch=1)
    assert tariff.price(tokens) is None
    assert tariff.price_in_full(tokens) == 7 * 10 + 800
    assert Tariff().price_in_full(tokens) is None
