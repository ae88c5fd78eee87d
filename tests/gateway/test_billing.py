"""What exchanges cost, also those that were cut."""

from passenger.chat.cost import FREE, UNKNOWN, Cost, Rates, Tariff
from passenger.chat.events import Usage
from passenger.chat.prompt import Ask, Initiator
from passenger.exchange import Exchange
from passenger.gateway.billing import MOST_MODELS, Billing, settle_answer

TARIFF = Tariff(Rates(4, 1, 2, 10), 1)


def asked(tariff: Tariff | None = TARIFF, model: str = "m", **given: object) -> Exchange:
    one = Exchange("POST", "/v1/messages", ask=Ask(model, True, Initiator.USER), model=model, tariff=tariff)
    one.attempts, one.sent_bytes = 1, 400
    for name, value in given.items():
        setattr(one, name, value)
    return one


def settled(one: Exchange, billing: Billing | None = None) -> Cost | None:
    (billing or Billing()).settle(one)
    return one.cost


def test_a_complete_answer_is_settled_by_what_is_told() -> None:
    assert settled(asked(usage=Usage(10, 3, nano_credits=55))) == Cost("upstream", 55)
    assert settled(asked(usage=Usage(10, 3, 5, written=2))) == Cost("priced", 3 * 4 + 5 + 2 * 2 + 30)
    assert settled(asked(UNKNOWN, usage=Usage(10, 3))) is None


def test_what_copilot_refused_and_what_never_reached_it_costs_nothing() -> None:
    assert settled(asked(sent_bytes=0)) == FREE


def test_what_asks_no_model_for_an_answer_has_no_cost() -> None:
    assert settled(asked(None, usage=Usage(10, 3))) is None
    assert settled(asked(attempts=0)) is None


def test_a_cost_is_settled_once() -> None:
    one = asked(usage=Usage(10, 3))
    settle_answer(one)
    one.usage = Usage(1000, 3)
    assert settled(one) == Cost("priced", 70)


def test_a_cut_stream_is_estimated_by_its_bytes_and_events() -> None:
    assert settled(asked(is_cut=True, events=7)) == Cost("estimated", 100 * 4 + 70)


def test_what_a_cut_stream_has_told_of_its_usage_is_kept() -> None:
    told = Usage(10, 1, 5, written=2)
    assert settled(asked(is_cut=True, events=7, usage=told)) == Cost("estimated", 3 * 4 + 5 + 4 + 70)
    assert settled(asked(is_cut=True, events=7, usage=Usage(10, 3, nano_credits=5))) == Cost("upstream", 5)


def test_a_request_that_was_cut_counts_on_a_plan_of_requests() -> None:
    tariff = Tariff(multiplier=330, counts_requests=True)
    assert settled(asked(tariff, is_cut=True)) == Cost("legacy", premium_thousandths=330)


def test_an_estimate_learns_from_complete_answers_of_the_model() -> None:
    billing = Billing()
    settled(asked(usage=Usage(200, 30, 100, written=50), events=10), billing)
    assert settled(asked(is_cut=True, events=2), billing) == Cost("estimated", 50 * 4 + 100 + 50 * 2 + 60)
    assert settled(asked(model="another", is_cut=True, events=2), billing) == Cost("estimated", 420)


def test_a_later_answer_counts_for_a_part() -> None:
    billing = Billing()
    for _ in range(50):
        settled(asked(usage=Usage(200, 1)), billing)
    settled(asked(usage=Usage(400, 1)), billing)
    assert settled(asked(is_cut=True), billing) == Cost("estimated", 240 * 4)


def test_an_estimate_that_cannot_be_is_unknown() -> None:
    assert settled(asked(Tariff(Rates(10**15, 0, 0, 10**15), 1), is_cut=True, events=7)) is None


def test_an_unknown_price_is_not_estimated() -> None:
    assert settled(asked(UNKNOWN, is_cut=True, events=7)) is None


def test_of_very_many_models_the_last_are_learned_from() -> None:
    billing = Billing()
    for number in range(MOST_MODELS + 5):
        settled(asked(model=str(number), usage=Usage(400, 1)), billing)
    assert settled(asked(model="0", is_cut=True), billing) == Cost("estimated", 400)
    assert settled(asked(model=str(MOST_MODELS), is_cut=True), billing) == Cost("estimated", 1600)


def test_a_stream_so_far_costs_what_it_would_if_it_were_cut_now() -> None:
    billing, usage = Billing(), Usage(input=50, output=1)
    one = asked(is_cut=True, events=30, usage=usage)
    so_far = billing.estimate_stream(one, usage, 30)
    assert settled(one, billing) == Cost("estimated", so_far)
    assert so_far > billing.estimate_stream(one, usage, 29) > 0
    one.tariff = None
    assert billing.estimate_stream(one, usage, 30) == 0
