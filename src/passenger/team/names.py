"""The names of a team's people and the shown forms of their keys, of those who were deleted, too."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from msgspec import Struct, field

from passenger.team.team_file import open_team_to_read
from passenger.team.version import ForeignTeamFileError


class TeamNames(Struct, frozen=True):
    """Names by ids."""

    users: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)


def read_names(path: Path) -> TeamNames:
    """The names in a team file; none where there is no such file, or it cannot be read."""
    try:
        with closing(open_team_to_read(path)) as database:
            return TeamNames(
                dict(database.execute("SELECT id, name FROM user").fetchall()),
                dict(database.execute("SELECT id, shown FROM key").fetchall()),
            )
    except (OSError, sqlite3.Error, ForeignTeamFileError):
        return TeamNames()
