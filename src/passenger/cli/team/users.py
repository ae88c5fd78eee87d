"""`passenger users`: the people of a team."""

from collections.abc import Sequence

import click

from passenger.cli.outcome import complain
from passenger.cli.person import confirm
from passenger.cli.table import Column, print_facts, print_table
from passenger.cli.team.amounts import date_text
from passenger.cli.team.keys import limit_facts
from passenger.cli.team.store import change_team, find_file, print_json, read_team
from passenger.config.invocation import Invocation
from passenger.config.seat_files import remove_seat
from passenger.server.process.exit_codes import FAILED, OK
from passenger.team.keys import list_keys
from passenger.team.limits import LimitChange, limits_of, read_scope, set_limits
from passenger.team.users import TeamUser, add_user, check_new_user, delete_user, disable_user, find_user, list_users


def add(invocation: Invocation, *, name: str, github: str, tags: Sequence[str], json: bool) -> int:
    """Add a person. The first one begins the team: from then on nobody is let in without a key."""
    check_new_user(name, github, tags)  # before there is a file, which alone would close the door
    is_first = not find_file(invocation).exists()
    user = change_team(invocation, lambda database, by: add_user(database, by, name, github, tags), begins=True)
    if json:
        print_json(user)
        return OK
    click.echo(f"{user.name} is in the team, as {user.github_login} at GitHub.")
    if is_first:
        click.echo("This begins a team: from now on this server lets nobody in without a key.")
    click.echo(f"A link by which they log in, and get a key:  passenger users invite {user.name}")
    click.echo(f"A key for them:  passenger keys create {user.name}")
    return OK


def show_all(invocation: Invocation, *, json: bool) -> int:
    """List the people."""
    users, keys = read_team(invocation, lambda database: (list_users(database), list_keys(database)))
    if json:
        print_json(users)
        return OK
    active = [key.user for key in keys if key.revoked is None]
    names = ("name", "github", "state", "seat")
    columns = [*map(Column, names), Column("keys", is_number=True), Column("tags")]
    rows = [
        [
            user.name,
            user.github_login or "-",
            user.state,
            "own" if user.seat else "-",
            str(active.count(user.id)),
            " ".join(user.tags),
        ]
        for user in users
    ]
    print_table(columns, rows)
    return OK


def show(invocation: Invocation, *, name: str, json: bool) -> int:
    """Show one person, with their keys and limits."""
    user, keys, limits = read_team(
        invocation,
        lambda database: (
            (found := find_user(database, name)),
            list_keys(database, name),
            limits_of(database).get(f"user:{found.id}"),
        ),
    )
    if json:
        print_json({"user": user, "keys": keys, "limits": limits})
        return OK
    print_facts(_facts(user))
    print_facts([("keys", "\n".join(f"{key.shown}  {key.name}" for key in keys if key.revoked is None))])
    print_facts(limit_facts(limits))
    return OK


def _facts(user: TeamUser) -> Sequence[tuple[str, str]]:
    return [
        ("name", user.name),
        ("id", user.id),
        ("github", user.github_login),
        ("seat", user.seat),
        ("state", user.state),
        ("tags", " ".join(user.tags)),
        ("added", date_text(user.created)),
    ]


def disable(invocation: Invocation, *, name: str, disabled: bool) -> int:
    """Refuse all keys of a person, or accept them again."""
    user = change_team(invocation, lambda database, by: disable_user(database, by, name, disabled=disabled))
    click.echo(f"{user.name} is {user.state}; a server that runs knows within a second.")
    return OK


def delete(invocation: Invocation, *, name: str, yes: bool) -> int:
    """Remove a person and revoke their keys, once that is confirmed."""
    user = read_team(invocation, lambda database: find_user(database, name))
    if not yes and not confirm(f"Remove {user.name} and revoke all their keys?", default=False):
        click.echo("Nothing was changed.", err=True)
        return FAILED
    change_team(invocation, lambda database, by: delete_user(database, by, user.id))
    click.echo(f"{user.name} was removed, and all their keys are revoked.")
    if user.seat:
        try:
            remove_seat(find_file(invocation).parent, user.seat)
        except OSError as error:
            return complain(f"but the files of their seat stay: {error}")
        click.echo("The login at GitHub that they had here is forgotten. They may revoke the app there, too.")
    return OK


def limit(invocation: Invocation, *, name: str, change: LimitChange) -> int:
    """Limit what a person asks for, with all their keys together; `all` is everybody together."""
    scope_name = name if name == "all" else f"user:{name}"
    limits = change_team(
        invocation, lambda database, by: set_limits(database, by, read_scope(database, scope_name), change)
    )
    print_facts([("of", "everybody together" if name == "all" else name), *limit_facts(limits)])
    return OK
