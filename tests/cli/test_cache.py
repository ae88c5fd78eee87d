"""`passenger cache` as a process."""

import json
import time
from pathlib import Path

import pytest

from passenger.cache.clearing import FILE
from tests.cli.conftest import Command
from tests.ledger.used import used, write

TODAY = int(time.time()) // 86_400


@pytest.fixture
def state(home: Path) -> Path:
    return home / ".local" / "state" / "passenger"


def test_it_tells_what_was_saved(command: Command, state: Path) -> None:
    rows = [
        used(TODAY, at=1, model="gpt-5.5", cache="stored"),
        used(TODAY, at=2, model="gpt-5.5", cache="hit", saved_nano=2_500_000_000),
    ]
    write(state / "ledger.sqlite", rows)
    ended = command("cache", "stats", "--since", "2d")
    assert (ended.code, ended.err) == (0, "")
    title, row, saved = ended.out.splitlines()
    assert title.split() == ["model", "hit", "joined", "stored", "miss", "saved", "credits"]
    assert row.split() == ["gpt-5.5", "1", "0", "1", "0", "2.5000"]
    assert saved == "It saved 2.50 credits ($0.03)."
    told = json.loads(command("cache", "stats", "--since", "2d", "--json").out)
    assert told["models"] == [
        {"model": "gpt-5.5", "hit": 1, "joined": 0, "stored": 1, "miss": 0, "saved_nano_credits": 2_500_000_000}
    ]


def test_without_a_ledger_there_is_nothing_to_tell(command: Command) -> None:
    ended = command("cache", "stats")
    assert (ended.code, "The cache had no part in any request" in ended.out) == (0, True)
    assert command("cache", "stats", "--since", "yesterday").code == 2


def test_a_ledger_that_is_none_is_told(command: Command, state: Path) -> None:
    state.mkdir(parents=True, mode=0o700)
    (state / "ledger.sqlite").write_bytes(b"no database at all" * 100)
    ended = command("cache", "stats")
    assert (ended.code, ended.out) == (1, "")
    assert "ledger.sqlite" in ended.err


def test_clearing_leaves_word_for_running_servers(command: Command, state: Path) -> None:
    ended = command("cache", "clear")
    assert (ended.code, ended.out) == (0, "Nothing that was kept until now is given again.\n")
    assert (state / FILE).exists()


def test_word_that_cannot_be_left_is_a_failure(command: Command, state: Path) -> None:
    state.parent.mkdir(parents=True)
    state.write_text("no directory")
    ended = command("cache", "clear")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err
