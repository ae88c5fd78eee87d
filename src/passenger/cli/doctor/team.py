"""The check of the team: whether its file can be used, who has a seat, and whose keys are about to expire."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from shlex import quote

from passenger.cli.doctor.facts import Facts, in_thread
from passenger.cli.doctor.findings import Finding, fail, ok, skip, warn
from passenger.team.keys import TeamKey, list_keys
from passenger.team.team_file import open_team_to_read
from passenger.team.users import LOCAL, TeamUser, list_users
from passenger.team.version import ForeignTeamFileError

TEAM = "team"

SOON = 7 * 86_400
"""Seconds before its end at which a key is told of."""


async def check_team(facts: Facts) -> Sequence[Finding]:
    """Look into the file, and change nothing."""
    path = facts.team
    if path.exists():
        return await in_thread(lambda: _look(path))
    if facts.loaded.config.team.enabled:
        return [fail(TEAM, "[team] enabled is true, and there is nobody", "passenger users add NAME --github LOGIN")]
    return [skip(TEAM, "there is none: one person uses this server")]


def _look(path: Path) -> Sequence[Finding]:
    try:
        with closing(open_team_to_read(path)) as database:
            users, keys = list_users(database), list_keys(database)
    except (OSError, sqlite3.Error, ForeignTeamFileError) as error:
        fix = f"mv {quote(str(path))} {quote(f'{path}.old')}"
        return [fail(TEAM, f"{path} cannot be used, and nobody of the team is let in: {error}", fix)]
    active = [key for key in keys if key.state(time.time()) == "active"]
    people = sum(user.name != LOCAL for user in users)
    return [ok(TEAM, f"people: {people:,}, keys: {len(active):,}, in {path}"), *_seats(users), *_ends(active)]


def _seats(users: Sequence[TeamUser]) -> Iterator[Finding]:
    """Who has not logged in yet."""
    for user in users:
        if not user.seat and user.name != LOCAL and user.disabled is None:
            yield warn(TEAM, f"{user.name} has no seat yet", f"passenger users invite {user.name}")


def _ends(keys: Sequence[TeamKey]) -> Iterator[Finding]:
    """The keys that expire within a week; those of runs do so by themselves."""
    for key in keys:
        if key.expires is not None and key.expires - time.time() < SOON and not key.name.startswith("launch "):
            days = max(0, int(key.expires - time.time())) // 86_400
            what = f"the key {key.shown} of {key.user_name} expires in {days} days"
            yield warn(TEAM, what, f"passenger keys create {key.user_name}")
