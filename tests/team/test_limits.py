"""The limits and budgets of a team."""

import sqlite3

import pytest

from passenger.account.scope_limits import Budget, ScopeLimits
from passenger.errors import Failure
from passenger.team.audit import Author
from passenger.team.keys import KeyGrant, create_key
from passenger.team.limits import (
    ALL,
    BudgetRaise,
    LimitChange,
    limits_of,
    raise_budget,
    read_scope,
    remove_budget,
    set_budget,
    set_limits,
)
from passenger.team.users import add_user


def test_scopes_are_named_by_people(team: sqlite3.Connection, by: Author) -> None:
    ann = add_user(team, by, "ann", "x")
    key = create_key(team, by, ann, KeyGrant("laptop")).key
    assert read_scope(team, "all") == ALL
    assert read_scope(team, "user:ann") == f"user:{ann.id}"
    assert read_scope(team, "key:laptop") == f"key:{key.id}"


@pytest.mark.parametrize("text", ["", "ann", "team:x", "user:bob", "key:none"])
def test_a_scope_of_nobody_is_refused(team: sqlite3.Connection, text: str) -> None:
    with pytest.raises(Failure):
        read_scope(team, text)


def test_limits_change_one_by_one(team: sqlite3.Connection, by: Author) -> None:
    assert set_limits(team, by, ALL, LimitChange(requests_per_minute=60)) == ScopeLimits(ALL, 60)
    set_limits(team, by, ALL, LimitChange(concurrency=2, tokens_per_minute=1000))
    assert set_limits(team, by, ALL, LimitChange(requests_per_minute=None)) == ScopeLimits(ALL, None, 1000, 2)
    with pytest.raises(Failure):
        set_limits(team, by, ALL, LimitChange(concurrency=0))


def test_budgets_are_set_raised_and_removed(team: sqlite3.Connection, by: Author) -> None:
    set_budget(team, by, ALL, Budget("month", 10, "warn", "worst", "Europe/Berlin"))
    set_budget(team, by, ALL, Budget("day", 3))
    raise_budget(team, by, ALL, BudgetRaise("day", 9, by.at + 60))
    day, month = limits_of(team)[ALL].budgets
    assert (day.cap(by.now), day.cap(by.now + 60)) == (9, 3)
    assert month == Budget("month", 10, "warn", "worst", "Europe/Berlin")
    remove_budget(team, by, ALL, "day")
    assert limits_of(team) == {ALL: ScopeLimits(ALL, budgets=(month,))}


def test_a_budget_that_cannot_be_is_refused(team: sqlite3.Connection, by: Author) -> None:
    for wrong in (Budget("day", -1), Budget("day", 1, timezone="Europe/Atlantis"), Budget("day", 1, timezone="../x")):
        with pytest.raises(Failure):
            set_budget(team, by, ALL, wrong)
    for raised in (BudgetRaise("day", 9, by.at + 60), BudgetRaise("day", 9, by.at)):
        with pytest.raises(Failure):
            raise_budget(team, by, ALL, raised)
    with pytest.raises(Failure):
        remove_budget(team, by, ALL, "day")
