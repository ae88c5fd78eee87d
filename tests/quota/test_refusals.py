"""What a refused request is told."""

from passenger.account.scope_limits import Budget
from passenger.quota.budget import window_of
from passenger.quota.refusals import refuse_budget, refuse_place, refuse_rate, warn_budget


def test_a_rate_tells_the_seconds_until_it_can_be_asked_again() -> None:
    failure = refuse_rate("user:abc", 60, "requests", 0.2)
    assert (failure.status, failure.code, failure.retry_after) == (429, "rate_limit_exceeded", "1")
    assert failure.message == "This person may ask for 60 requests a minute: try again in 1 s"
    assert not failure.headers


def test_a_wait_that_clients_do_not_make_says_that_nothing_is_gained_by_asking_again() -> None:
    failure = refuse_rate("all", 60, "tokens", 300.0)
    assert failure.retry_after == "300"
    assert failure.headers == (("x-should-retry", "false"),)


def test_a_place_may_be_asked_for_again_soon() -> None:
    failure = refuse_place("seat:own", 4)
    assert (failure.code, failure.retry_after) == ("too_many_concurrent", "5")
    assert failure.message.startswith("This Copilot seat may have 4 requests at once")


def test_a_budget_tells_cap_and_end_and_no_id() -> None:
    budget = Budget("day", 5 * 10**11)
    failure = refuse_budget("key:secret-id", budget, window_of(budget, 0.0), 4 * 10**11, 80_000.0)
    assert (failure.code, failure.retry_after) == ("budget_exceeded", "6400")
    assert failure.headers == (("x-should-retry", "false"), ("x-codex-promo-message", failure.message))
    assert "this api key, $5.00 a day" in failure.message
    assert "$4.00 is spent. It begins anew at 1970-01-02 00:00 UTC." in failure.message
    assert "secret-id" not in failure.message


def test_shortly_before_its_end_clients_still_show_it_at_once() -> None:
    budget = Budget("hour", 1)
    assert refuse_budget("all", budget, window_of(budget, 0.0), 1, 3599.0).retry_after == "61"


def test_a_budget_without_an_end_names_none() -> None:
    budget = Budget("total", 10**11)
    failure = refuse_budget("all", budget, window_of(budget, 5.0), 0, 5.0)
    assert failure.retry_after == "86400"
    assert "anew" not in failure.message
    assert warn_budget("all", budget, 2 * 10**11, 5.0) == "budget of everybody together: $2.00 of $1.00 a total"
