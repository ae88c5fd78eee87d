"""A team file, and who changes it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from passenger.team.audit import Author
from passenger.team.team_file import open_team

NOW = 1_800_000_000.0


@pytest.fixture
def by() -> Author:
    return Author("cli:ann", NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "team.sqlite"


@pytest.fixture
def team(path: Path) -> Iterator[sqlite3.Connection]:
    database = open_team(path)
    yield database
    database.close()
