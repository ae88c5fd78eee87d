"""The people of a soak: each with a login at the simulator, a seat, limits, a budget, and a key that is changed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from passenger.account.scope_limits import Budget
from passenger.secret import Secret
from passenger.simulator import Simulator
from passenger.simulator.account import Account
from passenger.team.audit import local_author
from passenger.team.keys import KeyGrant, create_key, find_key, revoke_key, rotate_key
from passenger.team.limits import ALL, LimitChange, set_budget, set_limits
from passenger.team.seats import bind_seat
from passenger.team.team_file import change
from passenger.team.users import add_user, find_user
from passenger.wiring import make_seat_store

if TYPE_CHECKING:
    import sqlite3

    from passenger.team.audit import Author

T = TypeVar("T")

CREDIT = 10**9
AMPLE, SMALL = 100_000 * CREDIT, 40 * CREDIT
"""Budgets: one that lasts for the soak, and one that is spent soon."""


@dataclass(slots=True)
class Colleague:
    """Somebody with an account of their own, and the key that is good now."""

    account: Account
    user: str
    key: str = ""
    key_id: str = ""


@dataclass(slots=True)
class Colleagues:
    """The team in the state directory of a process that runs on a simulator."""

    state: Path
    people: list[Colleague] = field(default_factory=list)
    changes: int = 0
    """How often a key was changed."""

    def hire(self, simulator: Simulator, count: int) -> None:
        """Add so many people, each tenth with a small budget, and limits for all together."""
        for number in range(count):
            self._hire(simulator.add_account(f"colleague-{number}-gh"), is_frugal=number % 10 == 9)
        everybody = LimitChange(requests_per_minute=60_000, tokens_per_minute=10**9, concurrency=1000)
        self._change(lambda database, by: set_limits(database, by, ALL, everybody))

    def _hire(self, account: Account, *, is_frugal: bool) -> None:
        one = Colleague(account, self._change(lambda database, by: _add(database, by, account.login)))
        make_seat_store(self.state, one.user).save_login(Secret(account.login_token), "bearer", "")
        self._change(lambda database, by: _limit(database, by, one.user, SMALL if is_frugal else AMPLE))
        self._give_key(one)
        self.people.append(one)

    def change_keys(self) -> Callable[[], str]:
        """What changes the key of the next person: rotated, revoked, or revoked now; it gives the one before."""
        turns = cycle((one, how) for one in self.people for how in (self._rotate, self._revoke, self._cut))

        def next_one() -> str:
            one, how = next(turns)
            before = one.key
            how(one)
            self.changes += 1
            return before

        return next_one

    def _rotate(self, one: Colleague) -> None:
        one.key = self._change(lambda database, by: rotate_key(database, by, one.key_id, 0)).secret.reveal()

    def _revoke(self, one: Colleague, *, cut: bool = False) -> None:
        before = one.key_id
        self._give_key(one)
        self._change(lambda database, by: revoke_key(database, by, before, cut=cut))

    def _cut(self, one: Colleague) -> None:
        self._revoke(one, cut=True)

    def _give_key(self, one: Colleague) -> None:
        made = self._change(
            lambda database, by: create_key(database, by, find_user(database, one.user), KeyGrant("laptop"))
        )
        each = LimitChange(requests_per_minute=3000, concurrency=50)
        self._change(lambda database, by: set_limits(database, by, f"key:{find_key(database, made.key.id).id}", each))
        one.key, one.key_id = made.secret.reveal(), made.key.id

    def _change(self, job: "Callable[[sqlite3.Connection, Author], T]") -> T:
        return change(self.state / "team.sqlite", lambda database: job(database, local_author("soak")))


def _add(database: "sqlite3.Connection", by: "Author", login: str) -> str:
    user = add_user(database, by, login.removesuffix("-gh"), login).id
    bind_seat(database, by, user, login)
    return user


def _limit(database: "sqlite3.Connection", by: "Author", user: str, cap: int) -> None:
    scope = f"user:{user}"
    set_limits(database, by, scope, LimitChange(requests_per_minute=6000, tokens_per_minute=10**8, concurrency=8))
    set_budget(database, by, scope, Budget("day", cap, reserve="likely"))
    set_budget(database, by, scope, Budget("total", AMPLE, action="warn", reserve="worst"))
