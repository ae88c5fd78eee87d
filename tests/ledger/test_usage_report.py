"""The whole report of a file."""

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from passenger.ledger.database import open_to_write
from passenger.ledger.period import Period
from passenger.ledger.schema import NoLedgerError
from passenger.ledger.usage_report import UsageReport, read_report, read_spent
from passenger.ledger.version import NewerSchemaError
from passenger.quota.quota import Quota
from tests.ledger.used import TODAY, used, write

MONTH = Period(TODAY - 29, TODAY)
NOW = TODAY * 86_400 + 3_600.0


def read(path: Path, quota: Quota | None = None) -> UsageReport:
    return read_report(path, MONTH, "model", quota, Random(0), now=NOW)


def test_a_report_has_sums_an_outlook_and_the_quota(tmp_path: Path) -> None:
    path = write(tmp_path / "ledger.sqlite", [used(TODAY - day) for day in range(40)])
    quota = Quota("premium_interactions", entitlement=100, remaining=90, unit="credits")
    found = read(path, quota)
    assert (found.total.requests, len(found.rows), found.quota) == (30, 1, quota)
    assert found.outlook is not None
    assert found.outlook.spent == 30 * 12_000_000
    assert found == read(path, quota)


def test_what_was_spent_today_and_in_the_month(tmp_path: Path) -> None:
    path = write(tmp_path / "ledger.sqlite", [used(), used(TODAY - 1), used(TODAY - 40), used(TODAY + 1)])
    found = read_spent(path, NOW)
    assert found is not None
    assert (found.today.requests, found.month.requests) == (1, 2)


def test_a_writer_is_not_disturbed_nor_disturbs(tmp_path: Path) -> None:
    path = write(tmp_path / "ledger.sqlite", [used()])
    with closing(open_to_write(path)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE usage_day SET requests = 7")
        assert read(path).total.requests == 1
        writer.execute("COMMIT")
        assert read(path).total.requests == 7


def test_a_file_without_tables_is_no_ledger_yet(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    for is_made in (False, True):
        if is_made:
            path.touch()
        with pytest.raises(FileNotFoundError, match="there is no ledger yet"):
            read(path)
        assert read_spent(path, NOW) is None


def test_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "ledger.sqlite", [used()])
    with closing(open_to_write(path)) as database:
        database.execute("UPDATE meta SET value = 99 WHERE key = 'schema'")
    with pytest.raises(NewerSchemaError):
        read(path)
    (damaged := tmp_path / "damaged").write_bytes(b"no database" * 1000)
    with pytest.raises(sqlite3.DatabaseError):
        read(damaged)
    with closing(sqlite3.connect(tmp_path / "other")) as other:
        other.execute("CREATE TABLE thesis (chapter)")
    with pytest.raises(NoLedgerError):
        read(tmp_path / "other")
    assert [read_spent(each, NOW) for each in (path, damaged, tmp_path / "other")] == [None] * 3
