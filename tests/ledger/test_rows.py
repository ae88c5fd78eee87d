"""What of an exchange is kept, and in which form."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple, replace

from passenger.chat.cost import Cost
from passenger.chat.events import Usage
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway.billing import Billing
from passenger.ledger.rows import first_id, row_of
from tests.fakes import NOON
from tests.ledger.exchanges import USAGE, finished


def test_a_row_says_who_asked_what_became_of_it_and_what_it_cost() -> None:
    row = astuple(row_of(finished(user="usr_1", key="key_1")))
    assert row[1:] == (
        *(int(NOON * 1000), "own", "s1", "claude-cli", "messages", "gpt-4o", "", "", 200, "ok", ""),
        *(300, 600, 100, 70, 20, 12_000_000, None, "upstream", 1000, 2000, 5000, "usr_1", "key_1", "", None),
    )


def test_the_id_is_a_uuid_in_the_order_of_time_that_ends_as_the_request_id() -> None:
    exchange = finished()
    identity = UUID(bytes=bytes(row_of(exchange).id))
    assert identity.version == 7
    assert str(identity)[-20:] == exchange.id[-20:]
    assert row_of(exchange).id == row_of(exchange).id
    assert row_of(finished(NOON - 1)).id < row_of(exchange).id < row_of(finished(NOON + 1)).id


@pytest.mark.parametrize("at", [NOON, 0.0, -5.0, 1e300])
def test_the_first_id_of_a_time_is_the_least_of_it(at: float) -> None:
    row = row_of(finished(at))
    assert first_id(row.at) <= row.id < first_id(row.at + 1) or row.at == (1 << 47) - 1


def test_what_failed_has_the_code_of_its_failure_or_else_its_kind() -> None:
    assert row_of(finished(failure=Failure(Kind.INVALID, "a field", code="unknown_field"))).code == "unknown_field"
    assert row_of(finished(failure=Failure(Kind.TIMEOUT, "too long"))).code == "timeout"


def test_what_is_not_known_is_none_and_never_zero() -> None:
    row = astuple(row_of(finished(usage=None, cost=None)))
    assert row[12:20] == (None,) * 8


def test_premium_requests_are_no_credits() -> None:
    row = row_of(finished(cost=Cost("legacy", premium_thousandths=330)))
    assert (row.nano, row.premium_thousandths, row.cost_source) == (None, 330, "legacy")


@given(st.builds(Usage, *[st.integers(-(2**70), 2**70)] * 4, written=st.integers(-(2**70), 2**70)))
def test_buckets_are_disjoint_and_whatever_upstream_says_they_are_amounts(usage: Usage) -> None:
    row = row_of(finished(usage=usage))
    buckets = (row.fresh, row.cache_read, row.cache_write, row.output, row.reasoning)
    assert all(bucket is not None and 0 <= bucket <= 10**12 for bucket in buckets)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_buckets_of_a_prompt_add_up_to_it(fresh: int, read: int, written: int) -> None:
    row = row_of(finished(usage=Usage(fresh + read + written, 5, cached=read, written=written)))
    assert (row.fresh, row.cache_read, row.cache_write) == (fresh, read, written)


@pytest.mark.parametrize("cost", [Cost("upstream", -1), Cost("priced", 10**16), Cost("legacy", None, -3)])
def test_a_cost_that_cannot_be_is_not_known(cost: Cost) -> None:
    row = row_of(finished(cost=cost))
    assert (row.nano, row.premium_thousandths, row.cost_source) == (None, None, None)


def test_a_run_of_launch_is_a_session_where_the_client_names_none() -> None:
    assert row_of(finished(session="", tag="abc")).session == "launch/abc"
    assert row_of(finished(session="s2", tag="abc")).session == "s2"
    assert row_of(finished(session="")).session == ""


@pytest.mark.parametrize("text", ["\ud800", "a\0b", "\u00e9" * 1000, "'); DROP TABLE ledger; --"])
def test_a_text_of_a_client_is_short_and_can_be_written(text: str) -> None:
    row = row_of(finished(session=text, model=text))
    for one in (row.session, row.model):
        assert len(one.encode()) <= 400
        assert one == text[:200] or "?" in one


def test_a_clock_or_a_time_that_runs_backwards_makes_no_negative_number() -> None:
    exchange = finished(-5.0)
    exchange.first_byte = exchange.ended = exchange.started - 1
    row = row_of(exchange)
    assert (row.at, row.ttfb_ms, row.ms, row.overhead_us) == (0, 0, 0, 0)


def test_what_the_cache_gave_costs_nothing_uses_nothing_and_says_what_was_saved() -> None:
    exchange = finished(cost=None)
    exchange.attempts, exchange.sent_bytes, exchange.cache = 0, 0, "hit"
    assert exchange.is_billed
    Billing().settle(exchange)
    row = row_of(exchange)
    assert (row.cache, row.nano, row.cost_source, row.saved_nano) == ("hit", 0, "upstream", None)
    assert (row.fresh, row.cache_read, row.cache_write, row.output, row.reasoning) == (0, 0, 0, 0, 0)
    exchange.usage = replace(USAGE, nano_credits=12)
    Billing().settle(exchange)
    assert row_of(exchange).saved_nano == 12
    assert row_of(finished()).saved_nano is None


def test_what_reached_no_model_is_no_row() -> None:
    assert finished().is_billed
    assert not Exchange("GET", "/v1/models").is_billed
    unsent = finished()
    unsent.attempts = 0
    assert not unsent.is_billed
    counted = finished(usage=None)
    counted.tariff = None
    assert not counted.is_billed
