"""`passenger keys`: the keys of a team's people."""

import time
from collections.abc import Iterator, Sequence

import click
from msgspec.structs import asdict

from passenger.account.scope_limits import ScopeLimits
from passenger.cli.table import Column, print_facts, print_table
from passenger.cli.team.amounts import date_text, money_text
from passenger.cli.team.store import change_team, print_json, read_team
from passenger.config.invocation import Invocation
from passenger.dialects.registry import INBOUND
from passenger.server.process.exit_codes import OK
from passenger.team.keys import KeyGrant, NewKey, TeamKey, create_key, find_key, list_keys, revoke_key, rotate_key
from passenger.team.limits import LimitChange, limits_of, set_limits
from passenger.team.users import find_user

KEPT_BY_NOBODY = "This is the only time that it is shown."


def create(invocation: Invocation, *, user: str, grant: KeyGrant, json: bool) -> int:
    """Make a key for a person, and print it once."""
    check_dialects(grant.dialects)
    made = change_team(invocation, lambda database, by: create_key(database, by, find_user(database, user), grant))
    return _print_new(made, json=json)


def check_dialects(names: Sequence[str]) -> None:
    """See that APIs of these names are spoken here.

    Raises:
        UsageError: one is not.
    """
    known = [inbound.name for inbound in INBOUND]
    for name in names:
        if name not in known:
            raise click.UsageError(f"'{name}' is no API here; there are {', '.join(known)}")


def _print_new(made: NewKey, *, json: bool) -> int:
    if json:
        print_json({"key": made.key, "secret": made.secret.reveal()})
        return OK
    click.echo(made.secret.reveal())
    click.echo(f"The key {made.key.id} of {made.key.user_name}. {KEPT_BY_NOBODY}", err=True)
    return OK


def show_all(invocation: Invocation, *, user: str | None, every: bool, json: bool) -> int:
    """List keys: those in use, or every one that there was."""
    now = time.time()
    found = read_team(invocation, lambda database: list_keys(database, user))
    keys = [key for key in found if every or key.state(now) == "active"]
    if json:
        print_json(keys)
        return OK
    columns = [Column(title) for title in ("id", "user", "key", "name", "kind", "state", "last used (UTC)")]
    print_table(columns, [_row(key, now) for key in keys])
    return OK


def _row(key: TeamKey, now: float) -> Sequence[str]:
    return [key.id, key.user_name, key.shown, key.name or "-", key.kind, key.state(now), date_text(key.last_used)]


def show(invocation: Invocation, *, key: str, json: bool) -> int:
    """Show all there is to know of a key, which is never the key."""
    found, limits = read_team(
        invocation, lambda database: ((one := find_key(database, key)), limits_of(database).get(f"key:{one.id}"))
    )
    if json:
        print_json({"key": found, "limits": limits})
        return OK
    print_facts([*_facts(found), *limit_facts(limits)])
    return OK


def _facts(key: TeamKey) -> Iterator[tuple[str, str]]:
    yield "key", key.shown
    yield "id", key.id
    yield "user", key.user_name
    yield "name", key.name
    yield "kind", "for administration" if key.kind == "admin" else "for models"
    yield "state", key.state(time.time())
    for name in ("models", "dialects", "operations", "networks"):
        yield name, " ".join(getattr(key, name))
    yield "made", f"{date_text(key.created)} by {key.created_by}"
    yield "expires", date_text(key.expires) if key.expires else ""
    yield "last used", date_text(key.last_used) if key.last_used else ""


def limit_facts(limits: ScopeLimits | None) -> Iterator[tuple[str, str]]:
    """The limits of a scope, as titles and texts."""
    if limits is None:
        return
    for name, value in asdict(limits).items():
        if isinstance(value, int):
            yield name.replace("_", " "), f"{value:,}"
    for budget in limits.budgets:
        cap, now = money_text(budget.cap(time.time())), budget.raised_until > time.time()
        raised = f", raised until {date_text(int(budget.raised_until))}" if now else ""
        yield "budget", f"{cap} a {budget.period} ({budget.action}, {budget.reserve}, {budget.timezone}){raised}"


def rotate(invocation: Invocation, *, key: str, grace: int, json: bool) -> int:
    """Give a key another secret, and print it once."""
    return _print_new(change_team(invocation, lambda database, by: rotate_key(database, by, key, grace)), json=json)


def revoke(invocation: Invocation, *, key: str, now: bool) -> int:
    """Refuse a key from now on."""
    found = change_team(invocation, lambda database, by: revoke_key(database, by, key, cut=now))
    ends = "its running answers end, too" if now else "answers that run are finished"
    click.echo(f"{found.shown} of {found.user_name} is refused within a second; {ends}.")
    return OK


def limit(invocation: Invocation, *, key: str, change: LimitChange) -> int:
    """Limit what is asked for with a key."""
    limits = change_team(
        invocation,
        lambda database, by: set_limits(database, by, f"key:{find_key(database, key).id}", change),
    )
    print_facts([("key", key), *limit_facts(limits)])
    return OK
