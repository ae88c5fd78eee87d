"""What one person of a team has used."""

from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from passenger.ledger.database import open_to_read, open_to_write
from passenger.ledger.period import Period
from passenger.ledger.report import UsageSums
from passenger.ledger.user_report import UserGrouping, UserUsage, read_user_usage
from tests.ledger.used import TODAY, used, write

WEEK = Period(TODAY - 6, TODAY)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    rows = [
        used(user="ann", key="one", nano=3),
        used(TODAY - 1, user="ann", key="two", nano=2),
        used(TODAY - 9, user="ann", key="two", nano=9),
        used(user="bob", key="three", nano=1),
        used(nano=4),
    ]
    return write(
        tmp_path / "ledger.sqlite",
        [replace(row, id=bytearray([number] * 16)) for number, row in enumerate(rows)],
    )


def read(path: Path, user: str, by: UserGrouping) -> UserUsage:
    with closing(open_to_read(path)) as database:
        return read_user_usage(database, WEEK, user, by)


def test_nothing_of_others_is_in_it(path: Path) -> None:
    found = read(path, "ann", "key")
    assert (found.total.requests, found.total.nano_credits) == (2, 5)
    assert [(row.name, row.nano_credits) for row in found.rows] == [("one", 3), ("two", 2)]
    days = read(path, "ann", "day").rows
    assert [(row.name, row.nano_credits) for row in days] == [("2026-11-29", 2), ("2026-11-30", 3)]


def test_who_has_used_nothing_has_zeros(path: Path) -> None:
    assert read(path, "carl", "day").total == UsageSums()
    with closing(open_to_write(path)) as database:
        database.execute("DROP TABLE usage_user")
    assert read(path, "ann", "day").rows == []
