"""Requests are admitted by their records, and settled by what those say at the end."""

import pytest

from passenger.account.principal import Principal
from passenger.account.scope_limits import Budget, ScopeLimits
from passenger.chat.cost import Cost, Rates, Tariff
from passenger.chat.events import Usage
from passenger.errors import Failure
from passenger.exchange import Exchange
from passenger.gateway.admission import Admissions, settle_grant
from passenger.quota.allowance import Allowance
from passenger.quota.local_counters import LocalCounters

pytestmark = pytest.mark.asyncio

TARIFF = Tariff(Rates(1, 1, 1, 1), batch=1)
COUNTER = "all total UTC 0"


def exchange_of(cap: int) -> Exchange:
    limits = ScopeLimits("all", tokens_per_minute=10_000, budgets=(Budget("total", cap),))
    return Exchange("POST", "/", principal=Principal("p", limits=(limits,)), tariff=TARIFF, model="m")


async def test_texts_hold_what_they_will_likely_cost_until_the_record_is_made() -> None:
    counters = LocalCounters()
    admissions = Admissions(Allowance(counters, clock=lambda: 0.0, monotonic=lambda: 0.0))
    exchange = exchange_of(100)
    await admissions.admit_texts(exchange, ["x" * 392])
    assert counters.reserved(COUNTER) == 100
    exchange.cost, exchange.usage = Cost("priced", 42), Usage(input=42)
    settle_grant(exchange)
    settle_grant(exchange)
    assert (counters.reserved(COUNTER), counters.spent(COUNTER)) == (0, 42)
    assert exchange.standings is not None


async def test_a_refused_one_holds_nothing_and_still_tells_where_limits_stand() -> None:
    counters = LocalCounters()
    admissions = Admissions(Allowance(counters, clock=lambda: 0.0, monotonic=lambda: 0.0))
    exchange = exchange_of(99)
    with pytest.raises(Failure, match="no room"):
        await admissions.admit_texts(exchange, ["x" * 392])
    settle_grant(exchange)
    assert len(counters) == 0
    assert exchange.standings is not None


async def test_without_limits_nothing_happens() -> None:
    exchange = Exchange("POST", "/")
    for admissions in (Admissions(None), Admissions(Allowance(LocalCounters(), clock=float, monotonic=float))):
        await admissions.admit_search(exchange, 50, None, None)
        await admissions.admit(exchange, None)
    assert exchange.grant is None
    assert exchange.standings is None
