"""`passenger budget`: what a key, a person or everybody may spend in a period."""

import time
from collections.abc import Sequence

import click
from msgspec import to_builtins

from passenger.account.scope_limits import Budget, BudgetPeriod, ScopeLimits
from passenger.cli.table import Column, print_table
from passenger.cli.team.amounts import date_text, money_text
from passenger.cli.team.store import change_team, print_json, read_team
from passenger.config.invocation import Invocation
from passenger.config.login_files import find_ledger
from passenger.ledger.budget_report import BudgetStanding, read_standings
from passenger.server.process.exit_codes import OK
from passenger.team.keys import list_keys
from passenger.team.limits import BudgetRaise, limits_of, raise_budget, read_scope, remove_budget, set_budget
from passenger.team.users import list_users


def define(invocation: Invocation, *, scope: str, budget: Budget) -> int:
    """Set the budget of a scope for a period."""
    change_team(invocation, lambda database, by: set_budget(database, by, read_scope(database, scope), budget))
    click.echo(f"{scope}: {money_text(budget.cap_nano)} a {budget.period}, then {budget.action}.")
    return OK


def remove(invocation: Invocation, *, scope: str, period: BudgetPeriod) -> int:
    """Take a budget away."""
    change_team(invocation, lambda database, by: remove_budget(database, by, read_scope(database, scope), period))
    click.echo(f"{scope} has no budget for a {period} any more.")
    return OK


def raise_until(invocation: Invocation, *, scope: str, raised: BudgetRaise) -> int:
    """Raise a budget for a while."""
    change_team(invocation, lambda database, by: raise_budget(database, by, read_scope(database, scope), raised))
    click.echo(f"{scope}: {money_text(raised.cap_nano)} a {raised.period}, until {date_text(raised.until)} UTC.")
    return OK


def show(invocation: Invocation, *, json: bool) -> int:
    """Show all budgets, and what is spent of each in its current period."""
    limits, users, keys = read_team(
        invocation, lambda database: (limits_of(database), list_users(database), list_keys(database))
    )
    if json:
        told = [one for one in limits.values() if one.budgets]
        print_json([{**to_builtins(one), "standings": standings(invocation, [one])} for one in told])
        return OK
    names = {f"user:{user.id}": f"user:{user.name}" for user in users} | {
        f"key:{key.id}": f"key:{key.id} ({key.user_name})" for key in keys
    }
    rows = [
        [
            names.get(one.scope, one.scope),
            one.period,
            money_text(one.cap_nano),
            "-" if one.spent_nano is None else money_text(one.spent_nano),
            date_text(one.resets_at),
        ]
        for one in standings(invocation, [*limits.values()])
    ]
    numbers = [Column("cap", is_number=True), Column("spent", is_number=True)]
    print_table([Column("scope"), Column("period"), *numbers, Column("begins anew (UTC)")], rows)
    return OK


def standings(invocation: Invocation, limits: Sequence[ScopeLimits]) -> Sequence[BudgetStanding]:
    """How budgets stand, by the ledger on this machine."""
    loaded = invocation.load()
    ledger = find_ledger(invocation, loaded) if loaded.config.ledger.enabled else None
    return [*read_standings(ledger, limits, time.time())]
