"""The commands for a team: flags, help, and what is imported to run each."""

import time
from collections.abc import Callable
from typing import Any

import click

from passenger.cli.command import Commands, start
from passenger.cli.completion import complete_model

_WHOSE = ("config_path", "profile")
_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")
_PERIODS = ("hour", "day", "week", "month", "total")
_PER = click.option("--per", "period", type=click.Choice(_PERIODS), default="month", show_default=True)


def declare_team_commands(commands: Commands) -> None:
    """Declare `users`, `keys` and `budget`."""
    _declare_users(commands.group("users", "The people of a team, who share this server."))
    _declare_keys(commands.group("keys", "Their keys: make them, limit them, take them back."))
    _declare_budgets(commands.group("budget", "What a key, a person or everybody may spend."))


def _declare_users(users: Commands) -> None:
    @users.command("add", meant=_WHOSE)
    @click.argument("name")
    @click.option("--github", metavar="LOGIN", required=True, help="Their login at GitHub: no other seat is theirs.")
    @click.option("--tag", "tags", multiple=True, metavar="TAG", help="For reports; may be given again.")
    @_JSON
    def add(invocation: Any, *, as_json: bool, **given: Any) -> int:
        """Add a person. The first one begins a team: nobody is let in without a key from then on."""
        return start("passenger.cli.team.users:add", invocation, json=as_json, **given)

    @users.command("invite", meant=_WHOSE)
    @click.argument("name")
    @click.option("--any-github", is_flag=True, help="Whatever login at GitHub opens the link becomes theirs.")
    @_JSON
    def invite(invocation: Any, *, as_json: bool, **given: Any) -> int:
        """Print a link by which a person logs in to GitHub, and gets a key."""
        return start("passenger.cli.team.invitation:invite", invocation, json=as_json, **given)

    @users.command("list", meant=_WHOSE)
    @_JSON
    def list_all(invocation: Any, *, as_json: bool) -> int:
        """List the people."""
        return start("passenger.cli.team.users:show_all", invocation, json=as_json)

    @users.command("show", meant=_WHOSE)
    @click.argument("name")
    @_JSON
    def show(invocation: Any, *, name: str, as_json: bool) -> int:
        """Show one of them, with keys and limits."""
        return start("passenger.cli.team.users:show", invocation, name=name, json=as_json)

    @users.command("disable", meant=_WHOSE)
    @click.argument("name")
    def disable(invocation: Any, *, name: str) -> int:
        """Refuse all keys of a person for now."""
        return start("passenger.cli.team.users:disable", invocation, name=name, disabled=True)

    @users.command("enable", meant=_WHOSE)
    @click.argument("name")
    def enable(invocation: Any, *, name: str) -> int:
        """Accept their keys again."""
        return start("passenger.cli.team.users:disable", invocation, name=name, disabled=False)

    @users.command("delete", meant=_WHOSE)
    @click.argument("name")
    @click.option("--yes", is_flag=True, help="Do not ask.")
    def delete(invocation: Any, *, name: str, yes: bool) -> int:
        """Remove a person, and revoke all their keys at once."""
        return start("passenger.cli.team.users:delete", invocation, name=name, yes=yes)

    @users.command("limit", meant=_WHOSE)
    @click.argument("name", metavar="NAME|all")
    @_limit_options
    def limit(invocation: Any, *, name: str, **limits: str | None) -> int:
        """Limit what a person asks for, with all their keys together."""
        return start("passenger.cli.team.users:limit", invocation, name=name, change=_change(limits))


def _declare_keys(keys: Commands) -> None:
    @keys.command(
        "create",
        ("passenger keys create alice --name laptop", "a key for everything that alice may use"),
        ("passenger keys create alice --model 'gpt-*' --expires 30d", "for some models, for a month"),
        ("passenger keys create alice --admin", "to administer the team over HTTP; it asks no model"),
        meant=_WHOSE,
    )
    @click.argument("user")
    @click.option("--name", default="", metavar="TEXT", help="What it is for.")
    @click.option("--admin", is_flag=True, help="For administration: it asks no model.")
    @click.option(
        "--model",
        "models",
        multiple=True,
        metavar="PATTERN",
        shell_complete=complete_model,
        help="Only these models: 'claude-*'.",
    )
    @click.option("--dialect", "dialects", multiple=True, metavar="API", help="Only these APIs, such as messages.")
    @click.option(
        "--for", "operations", multiple=True, type=click.Choice(("chat", "embeddings", "count")), help="Only for that."
    )
    @click.option("--from", "networks", multiple=True, metavar="CIDR", help="Only from these addresses.")
    @click.option("--expires", metavar="WHEN", help="30d, 24h or a date.")
    @_JSON
    def create(invocation: Any, *, user: str, admin: bool, expires: str | None, as_json: bool, **given: Any) -> int:
        """Make a key for a person, and print it this once."""
        from passenger.cli.team.amounts import read_moment  # noqa: PLC0415 - help needs none of it
        from passenger.team.keys import KeyGrant  # noqa: PLC0415 - as above

        until = read_moment(expires, time.time()) if expires else None
        grant = KeyGrant(kind="admin" if admin else "model", expires=until, **given)
        return start("passenger.cli.team.keys:create", invocation, user=user, grant=grant, json=as_json)

    @keys.command("list", meant=_WHOSE)
    @click.option("--user", metavar="NAME", help="Those of one person.")
    @click.option("--all", "every", is_flag=True, help="Revoked and expired ones, too.")
    @_JSON
    def list_all(invocation: Any, *, as_json: bool, **given: Any) -> int:
        """List the keys."""
        return start("passenger.cli.team.keys:show_all", invocation, json=as_json, **given)

    @keys.command("show", meant=_WHOSE)
    @click.argument("key")
    @_JSON
    def show(invocation: Any, *, key: str, as_json: bool) -> int:
        """Show all there is to know of one, by its id, name or shown form."""
        return start("passenger.cli.team.keys:show", invocation, key=key, json=as_json)

    @keys.command("rotate", meant=_WHOSE)
    @click.argument("key")
    @click.option("--grace", default="0", metavar="TIME", help="The one before is good for that long, such as 24h.")
    @_JSON
    def rotate(invocation: Any, *, key: str, grace: str, as_json: bool) -> int:
        """Replace what opens the door, and print it this once; limits and history stay."""
        from passenger.cli.team.amounts import read_seconds  # noqa: PLC0415 - help needs none of it

        seconds = read_seconds(grace)
        return start("passenger.cli.team.keys:rotate", invocation, key=key, grace=seconds, json=as_json)

    @keys.command("revoke", meant=_WHOSE)
    @click.argument("key")
    @click.option("--now", is_flag=True, help="End its running answers, too.")
    def revoke(invocation: Any, *, key: str, now: bool) -> int:
        """Refuse a key from now on, for good."""
        return start("passenger.cli.team.keys:revoke", invocation, key=key, now=now)

    @keys.command("limit", meant=_WHOSE)
    @click.argument("key")
    @_limit_options
    def limit(invocation: Any, *, key: str, **limits: str | None) -> int:
        """Limit what is asked for with a key."""
        return start("passenger.cli.team.keys:limit", invocation, key=key, change=_change(limits))


def _declare_budgets(budget: Commands) -> None:
    @budget.command(
        "set",
        ("passenger budget set user:alice '$50'", "alice may spend that in a calendar month"),
        ("passenger budget set all 100000cr --per day --action warn", "everybody together; beyond it a warning"),
        meant=_WHOSE,
    )
    @click.argument("scope", metavar="all|user:NAME|key:KEY")
    @click.argument("amount", metavar="AMOUNT")
    @_PER
    @click.option("--action", type=click.Choice(("refuse", "warn")), default="refuse", show_default=True)
    @click.option("--reserve", type=click.Choice(("likely", "worst")), default="likely", show_default=True)
    @click.option("--timezone", default="UTC", show_default=True, metavar="ZONE", help="Where its periods begin.")
    def define(invocation: Any, *, scope: str, amount: str, **given: Any) -> int:
        """Set what may be spent in a period."""
        from passenger.account.scope_limits import Budget  # noqa: PLC0415 - help needs none of it
        from passenger.cli.team.amounts import read_money  # noqa: PLC0415 - as above

        budget = Budget(cap_nano=read_money(amount), **given)
        return start("passenger.cli.team.budget:define", invocation, scope=scope, budget=budget)

    @budget.command("show", meant=_WHOSE)
    @_JSON
    def show(invocation: Any, *, as_json: bool) -> int:
        """Show all budgets."""
        return start("passenger.cli.team.budget:show", invocation, json=as_json)

    @budget.command("raise", meant=_WHOSE)
    @click.argument("scope", metavar="all|user:NAME|key:KEY")
    @click.argument("amount", metavar="AMOUNT")
    @_PER
    @click.option("--until", required=True, metavar="WHEN", help="24h, 7d or a date.")
    def raise_until(invocation: Any, *, scope: str, amount: str, period: Any, until: str) -> int:
        """Raise a budget for a while."""
        from passenger.cli.team.amounts import read_moment, read_money  # noqa: PLC0415 - help needs none of it
        from passenger.team.limits import BudgetRaise  # noqa: PLC0415 - as above

        raised = BudgetRaise(period, read_money(amount), read_moment(until, time.time()))
        return start("passenger.cli.team.budget:raise_until", invocation, scope=scope, raised=raised)

    @budget.command("remove", meant=_WHOSE)
    @click.argument("scope", metavar="all|user:NAME|key:KEY")
    @_PER
    def remove(invocation: Any, *, scope: str, period: str) -> int:
        """Take a budget away."""
        return start("passenger.cli.team.budget:remove", invocation, scope=scope, period=period)


def _limit_options(command: Callable[..., int]) -> Callable[..., int]:
    """The flags for limits."""
    for name, text in (
        ("--concurrency", "Requests at once."),
        ("--tpm", "Tokens a minute."),
        ("--rpm", "Requests a minute."),
    ):
        command = click.option(name, metavar="N|none", help=text)(command)
    return command


def _change(given: dict[str, str | None]) -> Any:
    """The change that was asked for: numbers, `none`, and what was not said."""
    from passenger.team.limits import LimitChange  # noqa: PLC0415 - help needs none of it

    names = {"rpm": "requests_per_minute", "tpm": "tokens_per_minute", "concurrency": "concurrency"}
    found = {names[name]: _number(name, text) for name, text in given.items() if text is not None}
    if not found:
        raise click.UsageError("say at least one of --rpm, --tpm and --concurrency")
    return LimitChange(**found)


def _number(name: str, text: str) -> int | None:
    if text == "none":
        return None
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 10**12):
        raise click.UsageError(f"--{name}: write a number above 0, or none")
    return int(text)
