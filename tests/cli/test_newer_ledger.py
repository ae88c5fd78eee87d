"""A ledger of a newer Passenger: nothing is served that could not be kept."""

from contextlib import closing
from pathlib import Path

import pytest

from passenger.ledger.database import open_to_write
from passenger.ledger.version import newest
from tests.cli.conftest import Command

LOGIN = {"COPILOT_GITHUB_TOKEN": "ghu_fake-login"}


@pytest.fixture
def path(home: Path) -> Path:
    return home / ".local" / "state" / "passenger" / "ledger.sqlite"


@pytest.fixture
def newer(path: Path) -> Path:
    with closing(open_to_write(path)) as database:
        database.execute("PRAGMA user_version = 99")
    return path


@pytest.mark.parametrize(
    "arguments", [("--port", "0"), ("--workers", "2", "--port", "0"), ("ask", "--port", "1", "hi")]
)
def test_it_is_exit_code_2_and_says_what_to_do(command: Command, newer: Path, arguments: tuple[str, ...]) -> None:
    ended = command(*arguments, env=LOGIN)
    assert ended.code == 2
    assert "[ledger] path" in ended.err
    assert "schema 99" in ended.err
    other = newer.with_name(f"ledger-{newest()}.sqlite")
    assert f"export PASSENGER_LEDGER_PATH={other}" in ended.err


def test_one_that_is_not_kept_is_not_looked_at(command: Command, newer: Path) -> None:
    ended = command("--port", "0", env={"PASSENGER_LEDGER_ENABLED": "false"})
    assert (ended.code, "schema" in ended.err) == (4, False)


def test_one_that_is_damaged_stops_nothing(command: Command, path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database" * 1000)
    assert command("--port", "0").code == 4
