"""The limits and budgets of a team's keys and people. Each function runs within a transaction of its caller."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from passenger.account.scope_limits import Budget, BudgetPeriod, ScopeLimits
from passenger.errors import Failure, Kind
from passenger.team.audit import LATEST, Author, note
from passenger.team.keys import find_key
from passenger.team.users import find_user

if TYPE_CHECKING:
    import sqlite3

ALL = "all"
"""The scope of everybody together."""


class LimitChange(Struct, frozen=True):
    """Limits to set; None takes one away, and what is unset stays."""

    requests_per_minute: int | UnsetType | None = UNSET
    tokens_per_minute: int | UnsetType | None = UNSET
    concurrency: int | UnsetType | None = UNSET


def read_scope(database: "sqlite3.Connection", text: str) -> str:
    """The scope that a person means: `all`, `user:NAME` or `key:NAME`, with the id in place of the name.

    Raises:
        Failure: there is no such user or key.
    """
    kind, _, name = text.partition(":")
    if text == ALL:
        return ALL
    if kind == "user":
        return f"user:{find_user(database, name).id}"
    if kind == "key":
        return f"key:{find_key(database, name).id}"
    raise Failure(Kind.INVALID, f"'{text}' is no scope: say all, user:NAME or key:ID", code="bad_scope", param="scope")


def set_limits(database: "sqlite3.Connection", by: Author, scope: str, change: LimitChange) -> ScopeLimits:
    """Change the limits of a scope.

    Raises:
        Failure: one of them is no positive number.
    """
    given = {name: value for name in change.__struct_fields__ if (value := getattr(change, name)) is not UNSET}
    for name, value in given.items():
        if value is not None and value < 1:
            raise Failure(Kind.INVALID, f"{name} must be at least 1", code="bad_limit", param=name)
    database.execute("INSERT INTO scope_limit (scope) VALUES (?) ON CONFLICT DO NOTHING", (scope,))
    for name, value in given.items():
        database.execute(f"UPDATE scope_limit SET {name} = ? WHERE scope = ?", (value, scope))  # noqa: S608 - a field's name
    told = {name: "none" if value is None else value for name, value in given.items()}
    note(database, by, "limits.set", scope, limits=told)
    return limits_of(database).get(scope, ScopeLimits(scope))


def set_budget(database: "sqlite3.Connection", by: Author, scope: str, budget: Budget) -> None:
    """Set the budget of a scope for a period, whatever it was before; a raise ends.

    Raises:
        Failure: its cap or its timezone cannot be.
    """
    if budget.cap_nano < 0:
        raise Failure(Kind.INVALID, "a budget cannot be below 0", code="bad_limit", param="cap")
    _check_timezone(budget.timezone)
    values = (scope, budget.period, budget.cap_nano, budget.action, budget.reserve, budget.timezone)
    database.execute(
        "INSERT OR REPLACE INTO budget (scope, period, cap_nano, action, reserve, timezone, raised_nano, raised_until)"
        " VALUES (?, ?, ?, ?, ?, ?, 0, 0)",
        values,
    )
    note(database, by, "budget.set", scope, budget=msgspec.to_builtins(budget))


def remove_budget(database: "sqlite3.Connection", by: Author, scope: str, period: BudgetPeriod) -> None:
    """Take a budget away.

    Raises:
        Failure: there is none.
    """
    _refuse_missing(
        database.execute("DELETE FROM budget WHERE scope = ? AND period = ?", (scope, period)), scope, period
    )
    note(database, by, "budget.remove", scope, period=period)


class BudgetRaise(Struct, frozen=True):
    """A higher cap for a while."""

    period: BudgetPeriod
    cap_nano: int
    until: int
    """Unix seconds."""


def raise_budget(database: "sqlite3.Connection", by: Author, scope: str, raised: BudgetRaise) -> None:
    """Raise the cap of a budget until a moment.

    Raises:
        Failure: there is no such budget, or the moment is over.
    """
    if raised.until <= by.now:
        raise Failure(Kind.INVALID, "that moment is over", code="bad_limit", param="until")
    if raised.until > LATEST:
        raise Failure(Kind.INVALID, "that is after the year 9999", code="bad_limit", param="until")
    changed = database.execute(
        "UPDATE budget SET raised_nano = ?, raised_until = ? WHERE scope = ? AND period = ?",
        (raised.cap_nano, raised.until, scope, raised.period),
    )
    _refuse_missing(changed, scope, raised.period)
    note(database, by, "budget.raise", scope, raised=msgspec.to_builtins(raised))


def limits_of(database: "sqlite3.Connection") -> Mapping[str, ScopeLimits]:
    """The limits of each scope that has any."""
    budgets: dict[str, tuple[Budget, ...]] = {}
    for scope, budget in _budgets(database):
        budgets[scope] = (*budgets.get(scope, ()), budget)
    rows = database.execute("SELECT scope, requests_per_minute, tokens_per_minute, concurrency FROM scope_limit")
    limits = {row[0]: ScopeLimits(*row) for row in rows}
    return {
        scope: replace(limits.get(scope, ScopeLimits(scope)), budgets=budgets.get(scope, ()))
        for scope in {**limits, **budgets}
    }


def _budgets(database: "sqlite3.Connection") -> Iterator[tuple[str, Budget]]:
    rows = database.execute(
        "SELECT scope, period, cap_nano, action, reserve, timezone, raised_nano, raised_until"
        " FROM budget ORDER BY scope, period"
    )
    for row in rows:
        yield row[0], Budget(*row[1:])


def _refuse_missing(changed: "sqlite3.Cursor", scope: str, period: str) -> None:
    if not changed.rowcount:
        raise Failure(Kind.NOT_FOUND, f"{scope} has no budget for a {period}", code="no_budget")


def _check_timezone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Failure(Kind.INVALID, f"'{name[:80]}' is no timezone", code="bad_limit", param="timezone") from error
