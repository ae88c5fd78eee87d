"""What can be administered: each path with what its methods do, in a transaction of the team's file."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, ValidationError, convert, to_builtins

from passenger.account.scope_limits import Budget, BudgetPeriod, ScopeLimits
from passenger.errors import Failure, Kind
from passenger.server.admin.call import AdminAnswer, AdminCall
from passenger.server.admin.changes import ResourceHandler, check_version
from passenger.team.audit import list_changes
from passenger.team.keys import KeyGrant, NewKey, create_key, find_key, list_keys, revoke_key, rotate_key
from passenger.team.limits import (
    BudgetRaise,
    LimitChange,
    limits_of,
    raise_budget,
    read_scope,
    remove_budget,
    set_budget,
    set_limits,
)
from passenger.team.users import add_user, delete_user, disable_user, find_user, list_users

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

# --- people ----------------------------------------------------------------------------------------------------------


class NewUser(Struct, frozen=True, forbid_unknown_fields=True):
    """A person to be added."""

    name: str
    github_login: str
    tags: list[str] = []


class UserChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to become of a person."""

    disabled: bool


def get_users(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`GET /users`: by name."""
    return _page(call, [(user.name, user) for user in list_users(database)])


def post_user(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`POST /users`."""
    new = call.read(NewUser)
    return AdminAnswer(add_user(database, call.author, new.name, new.github_login, new.tags), 201)


def get_user(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`GET /users/{user}`."""
    return AdminAnswer(find_user(database, call.parameters["user"]))


def patch_user(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`PATCH /users/{user}`: disable or enable."""
    user, change = find_user(database, call.parameters["user"]), call.read(UserChange)
    check_version(call, user)
    return AdminAnswer(disable_user(database, call.author, user.id, disabled=change.disabled))


def drop_user(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`DELETE /users/{user}`."""
    user = find_user(database, call.parameters["user"])
    check_version(call, user)
    return AdminAnswer(delete_user(database, call.author, user.id), removed_seat=user.seat)


# --- keys ------------------------------------------------------------------------------------------------------------


class KeyForUser(KeyGrant, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A key to be made."""

    user: str


class Rotation(Struct, frozen=True, forbid_unknown_fields=True):
    """For how many seconds the secret before is good."""

    grace: int = 0


def get_keys(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`GET /keys`: the oldest first; `?user=` those of one person."""
    return _page(call, [(key.id, key) for key in list_keys(database, call.query.get("user"))])


def post_key(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`POST /keys`: the only answer that has the key itself."""
    new = call.read(KeyForUser)
    grant = KeyGrant(**{name: getattr(new, name) for name in KeyGrant.__struct_fields__})
    return _new_key(create_key(database, call.author, find_user(database, new.user), grant), 201)


def get_key(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`GET /keys/{key}`."""
    return AdminAnswer(find_key(database, call.parameters["key"]))


def post_rotation(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`POST /keys/{key}/rotate`."""
    grace = call.read(Rotation).grace if call.body else 0
    if not 0 <= grace <= 10**8:
        raise Failure(Kind.INVALID, "grace is a number of seconds", code="bad_body", param="grace")
    key = find_key(database, call.parameters["key"])
    check_version(call, key)
    return _new_key(rotate_key(database, call.author, key.id, grace), 200)


def drop_key(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`DELETE /keys/{key}`: revoke it; with `?now=true` its running answers end, too."""
    key = find_key(database, call.parameters["key"])
    check_version(call, key)
    return AdminAnswer(revoke_key(database, call.author, key.id, cut=call.query.get("now") == "true"))


def _new_key(made: NewKey, status: int) -> AdminAnswer:
    shown = to_builtins(made.key)
    return AdminAnswer({**shown, "secret": made.secret.reveal()}, status, {**shown, "secret": None})


# --- limits and budgets ----------------------------------------------------------------------------------------------


def get_limits(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`GET /limits`: of every scope that has any, with its budgets."""
    return _page(call, sorted(limits_of(database).items()))


def get_scope(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`GET /limits/{scope}`."""
    return AdminAnswer(_limits(database, read_scope(database, call.parameters["scope"])))


def patch_scope(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`PATCH /limits/{scope}`: null takes a limit away, and what is not named stays."""
    scope = read_scope(database, call.parameters["scope"])
    check_version(call, _limits(database, scope))
    return AdminAnswer(set_limits(database, call.author, scope, call.read(LimitChange)))


class BudgetTerms(Struct, frozen=True, forbid_unknown_fields=True):
    """A budget to be set."""

    cap_nano: int
    action: str = "refuse"
    reserve: str = "likely"
    timezone: str = "UTC"


class PeriodOf(Struct, frozen=True):
    """The period that a path names."""

    period: BudgetPeriod


class RaiseTerms(Struct, frozen=True, forbid_unknown_fields=True):
    """A higher cap for a while; `until` is in Unix seconds."""

    cap_nano: int
    until: int


def put_budget(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`PUT /budgets/{scope}/{period}`."""
    scope = read_scope(database, call.parameters["scope"])
    check_version(call, _limits(database, scope))
    terms = to_builtins(call.read(BudgetTerms))
    set_budget(database, call.author, scope, _convert({**terms, "period": call.parameters["period"]}, Budget))
    return AdminAnswer(_limits(database, scope))


def drop_budget(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`DELETE /budgets/{scope}/{period}`."""
    scope = read_scope(database, call.parameters["scope"])
    check_version(call, _limits(database, scope))
    remove_budget(database, call.author, scope, _convert(call.parameters, PeriodOf).period)
    return AdminAnswer(_limits(database, scope))


def post_raise(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`POST /budgets/{scope}/{period}/raise`."""
    scope = read_scope(database, call.parameters["scope"])
    check_version(call, _limits(database, scope))
    terms = to_builtins(call.read(RaiseTerms))
    raised = _convert({**terms, "period": call.parameters["period"]}, BudgetRaise)
    raise_budget(database, call.author, scope, raised)
    return AdminAnswer(_limits(database, scope))


def _convert(value: object, kind: type[T]) -> T:
    try:
        return convert(value, kind)
    except ValidationError as error:
        raise Failure(Kind.INVALID, f"the request cannot be used: {error}", code="bad_body") from error


def _limits(database: "sqlite3.Connection", scope: str) -> ScopeLimits:
    return limits_of(database).get(scope, ScopeLimits(scope))


# --- audit -----------------------------------------------------------------------------------------------------------


def get_audit(database: "sqlite3.Connection", call: AdminCall) -> AdminAnswer:
    """`GET /audit`: the newest first."""
    limit = call.limit()
    found = list_changes(database, call.number("after", 0, 0, 10**18), limit + 1)
    page = found[:limit]
    return AdminAnswer({"data": page, "after": str(page[-1].id) if len(found) > limit else None})


READS: Mapping[str, ResourceHandler] = {
    "/users": get_users,
    "/users/{user}": get_user,
    "/keys": get_keys,
    "/keys/{key}": get_key,
    "/limits": get_limits,
    "/limits/{scope}": get_scope,
    "/audit": get_audit,
}
WRITES: Mapping[tuple[str, str], ResourceHandler] = {
    ("POST", "/users"): post_user,
    ("PATCH", "/users/{user}"): patch_user,
    ("DELETE", "/users/{user}"): drop_user,
    ("POST", "/keys"): post_key,
    ("POST", "/keys/{key}/rotate"): post_rotation,
    ("DELETE", "/keys/{key}"): drop_key,
    ("PATCH", "/limits/{scope}"): patch_scope,
    ("PUT", "/budgets/{scope}/{period}"): put_budget,
    ("DELETE", "/budgets/{scope}/{period}"): drop_budget,
    ("POST", "/budgets/{scope}/{period}/raise"): post_raise,
}


def _page(call: AdminCall, entries: Sequence[tuple[str, object]]) -> AdminAnswer:
    """The entries after the one whose name is `?after=`, `?limit=` of them; `after` leads to the next page."""
    after, limit = call.query.get("after"), call.limit()
    names = [name for name, _ in entries]
    if after is not None and after not in names:
        raise Failure(Kind.INVALID, "after is no entry of this list", code="bad_query", param="after")
    start = names.index(after) + 1 if after is not None else 0
    page = entries[start : start + limit]
    more = start + limit < len(entries)
    return AdminAnswer({"data": [one for _, one in page], "after": page[-1][0] if more else None})
