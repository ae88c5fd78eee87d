"""Sums of the ledger by whatever is asked for."""

from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from passenger.ledger.backlog import Gap
from passenger.ledger.database import open_to_read, open_to_write
from passenger.ledger.period import Period
from passenger.ledger.report import (
    GROUPINGS,
    DayCost,
    Grouping,
    UsageSummary,
    first_day,
    read_days,
    read_summary,
    read_total,
)
from passenger.ledger.rows import DAY_MS
from passenger.ledger.writers import KILLED, add_gap
from tests.ledger.used import TODAY, used, write

MONTH = Period(TODAY - 29, TODAY)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def read(path: Path, by: Grouping = "model", period: Period = MONTH) -> UsageSummary:
    with closing(open_to_read(path)) as opened:
        return read_summary(opened, period, by)


FEW = (
    used(model="gpt", client="codex", session="a", nano=3_000_000_000, at=1000),
    used(model="gpt", client="codex", session="a", nano=1_000_000_000, at=5000),
    used(TODAY - 1, model="opus", client="claude-cli", session="b", nano=12_000_000_000),
    used(TODAY - 1, model="opus", client="claude-cli", session="", nano=None, cost_source=None, code="cut"),
    used(TODAY - 40, model="gpt", nano=10**12),
)


def test_by_model(path: Path) -> None:
    found = read(write(path, FEW))
    assert (found.since, found.until) == ("2026-11-01", "2026-11-30")
    assert [(row.model, row.requests, row.failed, row.unpriced, row.usd, row.share) for row in found.rows] == [
        ("opus", 2, 1, 1, "0.12", 0.75),
        ("gpt", 2, 0, 0, "0.04", 0.25),
    ]
    assert (found.total.requests, found.total.nano_credits, found.total.usd) == (4, 16_000_000_000, "0.16")
    assert (found.total.fresh, found.total.cache_read, found.total.cache_write) == (1200, 2400, 400)
    assert found.total.cache_rate == 0.6
    assert (found.total.output, found.total.reasoning) == (280, 80)


def test_by_client(path: Path) -> None:
    assert [(row.client, row.requests) for row in read(write(path, FEW), "client").rows] == [
        ("claude-cli", 2),
        ("codex", 2),
    ]


def test_by_day_in_the_order_of_time(path: Path) -> None:
    assert [(row.day, row.requests) for row in read(write(path, FEW), "day").rows] == [
        ("2026-11-29", 2),
        ("2026-11-30", 2),
    ]


def test_by_session_with_what_belongs_to_none(path: Path) -> None:
    found = read(write(path, FEW), "session").rows
    assert [(row.client, row.session, row.requests, row.began, row.ended) for row in found] == [
        ("claude-cli", "b", 1, "2026-11-29T00:00:00Z", "2026-11-29T00:00:00Z"),
        ("codex", "a", 2, "2026-11-30T00:00:01Z", "2026-11-30T00:00:05Z"),
        ("", "", 1, msgspec.UNSET, msgspec.UNSET),
    ]
    assert found[-1].unpriced == 1


def test_by_user_and_by_key_with_what_was_asked_without_one(path: Path) -> None:
    rows = [
        used(user="ann", key="one", nano=3),
        used(user="ann", key="two", nano=2),
        used(TODAY - 1, user="bob", key="three", nano=1),
        used(nano=4),
    ]
    write(path, [replace(row, id=bytearray([number] * 16)) for number, row in enumerate(rows)])
    found = read(path, "user")
    assert [(row.user, row.requests, row.nano_credits) for row in found.rows] == [
        ("ann", 2, 5),
        ("", 1, 4),
        ("bob", 1, 1),
    ]
    found = read(path, "key")
    assert [(row.user, row.key, row.nano_credits) for row in found.rows] == [
        ("", "", 4),
        ("ann", "one", 3),
        ("ann", "two", 2),
        ("bob", "three", 1),
    ]


def test_a_ledger_from_before_there_were_people_has_nobodys_rows(path: Path) -> None:
    write(path, [used(nano=4)])
    with closing(open_to_write(path)) as database:
        database.execute("DROP TABLE usage_user")
    (row,) = read(path, "user").rows
    assert (row.user, row.nano_credits) == ("", 4)


def test_a_session_over_midnight_is_one(path: Path) -> None:
    (row,) = read(write(path, [used(TODAY - 1, at=DAY_MS - 1000), used(TODAY)]), "session").rows
    assert (row.requests, row.began, row.ended) == (2, "2026-11-29T23:59:59Z", "2026-11-30T00:00:00Z")


def test_units_are_never_added(path: Path) -> None:
    legacy: dict[str, Any] = {"nano": None, "premium_thousandths": 330, "cost_source": "legacy"}
    found = read(write(path, [used(model="a", **legacy), used(model="b", **legacy), used(model="b", **legacy)]))
    assert (found.total.nano_credits, found.total.usd, found.total.premium_thousandths) == (0, "0", 990)
    assert [row.share for row in found.rows] == [pytest.approx(2 / 3), pytest.approx(1 / 3)]
    both = read(write(path, [used(model="a")]))
    assert (both.total.nano_credits, both.total.premium_thousandths) == (12_000_000, 990)
    assert [row.share for row in both.rows] == [None, None]


def test_what_costs_nothing_has_no_share(path: Path) -> None:
    (row,) = read(write(path, [used(nano=0, fresh=0, cache_read=0, cache_write=0)])).rows
    assert (row.share, row.cache_rate, row.usd) == (None, None, "0")


def test_an_empty_ledger(path: Path) -> None:
    write(path, [])
    for by in GROUPINGS:
        found = read(path, by)
        assert (found.total.requests, found.rows, found.missing, found.after_today) == (0, [], [], 0)
    with closing(open_to_read(path)) as opened:
        assert first_day(opened) is None
        assert read_days(opened, MONTH) == {}


def test_rows_after_today_are_counted_and_in_no_sum(path: Path) -> None:
    found = read(write(path, [used(), used(TODAY + 1), used(TODAY + 10**6)]))
    assert (found.total.requests, found.after_today) == (1, 2)


def test_absurd_sums_are_exact_and_break_nothing(path: Path) -> None:
    write(path, [used(model="a"), used(model="b")])
    with closing(open_to_write(path)) as opened:
        opened.execute("UPDATE usage_day SET nano = 9000000000000000000, fresh = 9000000000000000000")
    found = read(path)
    assert (found.total.nano_credits, found.total.usd) == (18 * 10**18, "180000000")
    assert found.total.fresh == 18 * 10**18


def test_what_days_have_cost(path: Path) -> None:
    with closing(open_to_read(write(path, [*FEW, used(nano=None, premium_thousandths=1000)]))) as opened:
        assert read_days(opened, MONTH) == {
            TODAY - 1: DayCost(12_000_000_000, 0),
            TODAY: DayCost(4_000_000_000, 1000),
        }
        assert first_day(opened) == TODAY - 40
        assert read_total(opened, Period(TODAY, TODAY)).requests == 3


def test_gaps_of_the_period_are_named(path: Path) -> None:
    begin = MONTH.since * DAY_MS
    write(path, [])
    with closing(open_to_write(path)) as opened:
        add_gap(opened, Gap(begin - 5000, begin - 1, 1, None, KILLED))
        add_gap(opened, Gap(begin - 5000, begin, 2, None, KILLED))
        add_gap(opened, Gap(begin + 1000, begin + 2000, 3, 7, "it was full"))
        add_gap(opened, Gap((TODAY + 1) * DAY_MS, (TODAY + 2) * DAY_MS, 4, None, KILLED))
    killed, lost = read(path).missing
    assert (killed.pid, killed.lost, killed.until) == (2, None, "2026-11-01T00:00:00Z")
    assert (lost.lost, lost.why, lost.since) == (7, "it was full", "2026-11-01T00:00:01Z")
    assert lost.text.startswith("7 requests from")


VALUES = st.fixed_dictionaries(
    {
        "day": st.integers(TODAY - 35, TODAY + 2),
        "at": st.integers(0, DAY_MS - 1),
        "model": st.sampled_from("abc"),
        "client": st.sampled_from("xy"),
        "session": st.sampled_from(["", "s", "t"]),
        "nano": st.none() | st.integers(0, 10**15),
        "premium_thousandths": st.none() | st.integers(0, 10**15),
        "cost_source": st.sampled_from([None, "upstream", "legacy", "estimated"]),
        "code": st.sampled_from(["", "cut"]),
        "user": st.sampled_from(["", "ann", "bob"]),
        "key": st.sampled_from(["", "one"]),
    }
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(made=st.lists(VALUES, max_size=30))
def test_however_it_is_grouped_the_sum_is_that_of_the_rows(
    tmp_path_factory: pytest.TempPathFactory, made: list[dict[str, Any]]
) -> None:
    rows = [used(**values) for values in made]
    path = write(tmp_path_factory.mktemp("law") / "ledger.sqlite", rows)
    inside = [row for row in rows if MONTH.since <= row.day <= MONTH.until]
    for by in GROUPINGS:
        found = read(path, by)
        assert found.total.requests == sum(row.requests for row in found.rows) == len(inside)
        assert found.total.nano_credits == sum(row.nano_credits for row in found.rows)
        assert found.total.nano_credits == sum(row.nano or 0 for row in inside)
        assert found.total.premium_thousandths == sum(row.premium_thousandths or 0 for row in inside)
        assert found.total.unpriced == sum(row.cost_source is None for row in inside)
        assert found.after_today == sum(row.day > TODAY for row in rows)
        shares = [row.share for row in found.rows if row.share is not None]
        assert not shares or sum(shares) == pytest.approx(1)
