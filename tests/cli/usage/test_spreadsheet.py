"""What was used as CSV."""

import csv
import io

from msgspec import UNSET

from passenger.cli.usage.spreadsheet import as_csv
from passenger.ledger.report import Grouping, UsageRow, UsageSummary, UsageSums

SUMS = (
    *("requests", "failed", "unpriced", "estimated", "fresh", "cache_read", "cache_write", "output", "reasoning"),
    *("nano_credits", "usd", "premium_thousandths"),
)


def usage(by: Grouping, *rows: UsageRow) -> UsageSummary:
    return UsageSummary(by, "2026-11-01", "2026-11-30", UsageSums(), rows)


def test_columns_are_named_as_those_of_the_ledger() -> None:
    row = UsageRow(3, 1, 0, 0, 10, 60, 5, 7, 2, 12_760_000_000, "0.1276", 0, model="gpt-5.5")
    assert as_csv(usage("model", row)) == (
        f"model,{','.join(SUMS)}\r\ngpt-5.5,3,1,0,0,10,60,5,7,2,12760000000,0.1276,0\r\n"
    )


def test_without_rows_there_are_names_alone() -> None:
    assert as_csv(usage("day")) == f"day,{','.join(SUMS)}\r\n"


def test_any_name_comes_back_as_it_was() -> None:
    names = ['a "b", c', "two\r\nlines", "=1+1", "é ü", ""]
    rows = [UsageRow(client=name, session=name, began=UNSET, ended="2026-11-30T00:00:00Z") for name in names]
    read = list(csv.DictReader(io.StringIO(as_csv(usage("session", *rows)), newline="")))
    assert [(row["client"], row["session"]) for row in read] == [(name, name) for name in names]
    assert {(row["began"], row["ended"]) for row in read} == {("", "2026-11-30T00:00:00Z")}
