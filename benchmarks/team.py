"""`python -m benchmarks.team`: what a key and limits add to a request, in CPU time of one process.

The same server is asked without a team, with the key of a person who has a seat, and with a key that has limits and a
budget, too: in the same run, in turns.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.arena import FailedJobError, run
from benchmarks.contestants import LOGIN, PASSENGER, Contestant, Stage, passenger_command
from benchmarks.measured import Measured
from benchmarks.process import NotStartedError
from benchmarks.report import Row, as_text
from benchmarks.workloads import JOBS, Plan
from passenger.account.scope_limits import Budget
from passenger.config.loading import load
from passenger.config.login_files import team_file
from passenger.config.profile import directory_of, state_profile
from passenger.secret import Secret
from passenger.team.audit import Author, local_author
from passenger.team.key_format import make_key
from passenger.team.keys import KeyGrant, create_key
from passenger.team.limits import ALL, LimitChange, set_budget, set_limits
from passenger.team.seats import bind_seat
from passenger.team.team_file import change
from passenger.team.users import add_user
from passenger.wiring import make_seat_store

if TYPE_CHECKING:
    import sqlite3

ALONE, KEY, LIMITS = "without a team", "with a key", "with a key, limits and a budget"

PLAN = Plan(starts=0, rounds=9, divisor=1, seconds=240)

MOST = 25.0
"""Microseconds that a team may add to a request."""

ASKED = {name: JOBS[name] for name in ("whole", "agent", "stream")}
"""A small request, an agent's of 110 KB, and a stream."""

AMPLE = 10**18
"""A cap in nano-credits that no run comes near."""


def contestants() -> Sequence[Contestant]:
    """The same server thrice."""
    return (replace(PASSENGER, name=ALONE), _with_team(KEY, has_limits=False), _with_team(LIMITS, has_limits=True))


def _with_team(name: str, *, has_limits: bool) -> Contestant:
    key = make_key("model")

    def command(stage: Stage) -> list[str]:
        arguments = passenger_command(stage)
        _begin_team(stage, key, has_limits=has_limits)
        return arguments

    return replace(PASSENGER, name=name, key=key, command=command)


def _begin_team(stage: Stage, key: str, *, has_limits: bool) -> None:
    state = _state_of(stage)

    def begin(database: "sqlite3.Connection") -> str:
        by = local_author("benchmark")
        user = add_user(database, by, "alice", "alice-gh")
        bind_seat(database, by, user.id, "alice-gh")
        made = create_key(database, by, user, KeyGrant("laptop"), Secret(key))
        if has_limits:
            _limit(database, by, user.id, made.key.id)
        return user.id

    make_seat_store(state, change(team_file(state), begin)).save_login(Secret(LOGIN), "bearer", "")


def _limit(database: "sqlite3.Connection", by: Author, user: str, key: str) -> None:
    for scope in (f"key:{key}", f"user:{user}", ALL):
        set_limits(database, by, scope, LimitChange(10_000_000, 10**12, 1000))
    set_budget(database, by, f"user:{user}", Budget("month", AMPLE))


def _state_of(stage: Stage) -> Path:
    """Where that server keeps what is its own."""
    user_dir = stage.home / ".config" / "passenger"
    settings = stage.home / "settings.toml"
    config = load(flags={}, config_path=settings, environ={}, cwd=stage.home, user_dir=user_dir).config
    return directory_of(stage.home / ".local" / "state" / "passenger", state_profile(config))


def rows(measured: Measured) -> list[Row]:
    """What each costs, and what that is more than without a team."""
    head = ["job", "unit", *(name for name in (ALONE, KEY, LIMITS)), "a key adds", "all adds"]
    return [head, *(_row(measured, job) for job in ASKED)]


def _row(measured: Measured, job: str) -> Row:
    alone, key, limits = (measured.median(name, f"{job} cpu") or 0.0 for name in (ALONE, KEY, LIMITS))
    return [job, "us CPU/request", *(f"{one:.1f}" for one in (alone, key, limits, key - alone, limits - alone))]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; exit code 1 where that could not be done."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.team", description=__doc__)
    parser.add_argument("--rounds", type=int, default=PLAN.rounds, help="(default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        measured = run(contestants(), (), replace(PLAN, rounds=options.rounds), lambda _: None, ASKED)
    except (FailedJobError, NotStartedError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    print(as_text(rows(measured)))
    print(f"A small request may take {MOST:g} us more; load {measured.load:.1f}, {measured.rounds} rounds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
