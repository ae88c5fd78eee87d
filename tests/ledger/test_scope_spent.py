"""What a scope has spent since a moment, by the ledger."""

from pathlib import Path

import pytest

from passenger.ledger.rows import DAY_MS
from passenger.ledger.scope_spent import read_scope_spent
from tests.ledger.used import TODAY, used, write

HOUR = 3_600_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """10 by alice's first key two days ago, 200 and 3,000 by hers today, 40,000 by bob's, and one that is not known."""
    rows = [
        used(TODAY - 2, user="alice", key="k1", nano=10),
        used(TODAY, HOUR, user="alice", key="k1", nano=200),
        used(TODAY, 3 * HOUR, user="alice", key="k2", nano=3_000),
        used(TODAY, 3 * HOUR, user="bob", key="k3", nano=40_000),
        used(TODAY, 3 * HOUR, user="bob", key="k3", nano=None),
    ]
    return write(tmp_path / "ledger.sqlite", rows)


def since(day: int, milliseconds: int = 0) -> float:
    return (day * DAY_MS + milliseconds) / 1000


@pytest.mark.parametrize(
    ("scope", "moment", "spent"),
    [
        ("user:alice", 0.0, 3_210),
        ("user:alice", since(TODAY), 3_200),
        ("user:alice", since(TODAY, 2 * HOUR), 3_000),
        ("user:alice", since(TODAY - 2), 3_210),
        ("user:alice", since(TODAY - 2, HOUR), 3_200),
        ("key:k1", 0.0, 210),
        ("key:k1", since(TODAY), 200),
        ("all", 0.0, 43_210),
        ("all", since(TODAY, 2 * HOUR), 43_000),
        ("user:nobody", 0.0, 0),
    ],
)
def test_it_is_the_sum_of_its_rows_since_then(path: Path, scope: str, moment: float, spent: int) -> None:
    assert read_scope_spent(path, scope, moment) == spent


def test_nothing_without_a_ledger(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_scope_spent(tmp_path / "ledger.sqlite", "all", 0.0) == 0
    assert not caplog.text


def test_a_ledger_that_cannot_be_read_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"no database" * 1000)
    assert read_scope_spent(path, "all", 0.0) == 0
    assert "cannot be read" in caplog.text
