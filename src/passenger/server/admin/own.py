"""What people see with their own keys: their limits and what they have used; an administrator sees what all have."""

import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from typing import TypeVar, get_args

from msgspec import convert

from passenger.account.key_scope import KeyScope
from passenger.errors import Failure, Kind
from passenger.ledger.budget_report import read_standings
from passenger.ledger.database import open_to_read
from passenger.ledger.period import Period, PeriodError, parse_since
from passenger.ledger.report import Grouping
from passenger.ledger.schema import NoLedgerError
from passenger.ledger.usage_report import read_report
from passenger.ledger.user_report import UserGrouping, UserUsage, read_user_usage
from passenger.ledger.version import NewerSchemaError
from passenger.server.admin.call import AdminAnswer, AdminCall, TeamPlaces

T = TypeVar("T")

_SEED = 0
"""What the draws of the forecast begin with, so that the same ledger always gives the same."""


def get_me(places: TeamPlaces, call: AdminCall) -> AdminAnswer:
    """`GET /me`: whose key it is, what it may be used for, its limits, how its budgets stand, and the month."""
    principal = call.principal
    shown = {
        "user": principal.name,
        "key": principal.shown,
        "role": principal.role,
        "scope": _scope(principal.scope),
        "limits": principal.limits,
        "budgets": list(read_standings(places.ledger, principal.limits, call.now)),
        "month": _usage(places, call, "month", "day").total if principal.user else None,
    }
    return AdminAnswer(shown)


def _scope(scope: KeyScope | None) -> Mapping[str, list[str]] | None:
    if scope is None:
        return None
    return {
        "models": list(scope.models),
        "dialects": sorted(scope.dialects),
        "operations": sorted(scope.operations),
        "networks": list(map(str, scope.networks)),
    }


def get_usage(places: TeamPlaces, call: AdminCall) -> AdminAnswer:
    """`GET /usage?by=&since=`: an administrator's answer is that of `passenger usage --json`, of all."""
    by, since = call.query.get("by", "day"), call.query.get("since", "month")
    if call.principal.role != "admin":
        if not call.principal.user:
            raise Failure(Kind.NOT_FOUND, "this key is no person's of a team", code="no_user")
        return AdminAnswer(_usage(places, call, since, by))
    if by not in get_args(Grouping):
        raise _bad_query("by", f"one of {', '.join(get_args(Grouping))}")
    period, grouping, random = _period(since), convert(by, Grouping), Random(_SEED)  # noqa: S311 - no secret
    return AdminAnswer(_reading(places, lambda path: read_report(path, period, grouping, None, random, now=call.now)))


OWN_PAGES: Mapping[str, Callable[[TeamPlaces, AdminCall], AdminAnswer]] = {"/me": get_me, "/usage": get_usage}


def _usage(places: TeamPlaces, call: AdminCall, since: str, by: str) -> UserUsage:
    if by not in get_args(UserGrouping):
        raise _bad_query("by", f"one of {', '.join(get_args(UserGrouping))}")
    period, grouping = _period(since), convert(by, UserGrouping)

    def read(path: Path) -> UserUsage:
        with closing(open_to_read(path)) as database:
            return read_user_usage(database, period, call.principal.user, grouping)

    return _reading(places, read)


def _reading(places: TeamPlaces, read: Callable[[Path], T]) -> T:
    """What is read of the ledger."""
    if places.ledger is None or not places.ledger.exists():
        raise Failure(Kind.NOT_FOUND, "there is no ledger here", code="no_ledger")
    try:
        return read(places.ledger)
    except (OSError, sqlite3.Error, NoLedgerError, NewerSchemaError) as error:
        raise Failure(Kind.INTERNAL, f"the ledger cannot be read: {error}", status=503, code="no_ledger") from error


def _period(since: str) -> Period:
    try:
        return parse_since(since, time.time())
    except PeriodError as error:
        raise _bad_query("since", str(error)) from error


def _bad_query(name: str, wanted: str) -> Failure:
    return Failure(Kind.INVALID, f"{name} must be {wanted}", code="bad_query", param=name)
