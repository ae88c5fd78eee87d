"""What was used as a person reads it: what there is to say of all of it, and a table of its parts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from passenger.chat.cost import NANO
from passenger.cli.table import ROOMY, Column, print_facts, print_prose, print_table, terminal_width
from passenger.clients.bill import count_of
from passenger.ledger.outlook import Outlook
from passenger.ledger.reconciliations import drift_text, elsewhere_text
from passenger.ledger.report import UsageRow, UsageSums
from passenger.ledger.usage_report import UsageReport
from passenger.observe.amounts import amount, credit_number, dollars, premium, tokens
from passenger.quota.quota import Quota

SHOWN = 20
"""Models, clients and sessions that are shown; days are shown all."""

GAPS_SHOWN = 3

LONGEST_NAME = 40
"""Characters of a name that are shown."""


def print_report(report: UsageReport, empty: str) -> None:
    """Print it; `empty` is what to say where there is no ledger."""
    if report.outlook is None:
        print_prose([empty])
        return
    print_facts(facts(report))
    rows = report.rows if report.by == "day" else report.rows[:SHOWN]
    if rows:
        columns = fitting(columns_of(report), rows, terminal_width())
        click.echo()
        print_table([one.column for one in columns], [[one.text(row) for one in columns] for row in rows])
    if more := len(report.rows) - len(rows):
        print_prose(["", f"{more:,} more cost less; --json and --csv have them all."])


# --- above the table -------------------------------------------------------------------------------------------------


def facts(report: UsageReport) -> Iterator[tuple[str, str]]:
    """Titles and what belongs to them."""
    total = report.total
    yield "period", f"{report.since} to {report.until}, whole days in UTC"
    yield "spent", "\n".join(costs(total))
    yield "requests", _requests(total)
    yield "tokens", _tokens(total)
    yield "unpriced", _told(total.unpriced, "whose cost nobody knows, in no sum of costs")
    yield "estimated", _told(total.estimated, "that were cut, at an estimated cost")
    if report.outlook is not None:
        yield "forecast", _forecast(report.outlook)
    yield "quota", _quota(report.quota, report.outlook) if report.quota else ""
    yield "elsewhere", "\n".join(filter(None, map(elsewhere_text, report.reconciliations)))
    yield "drift", "\n".join(filter(None, map(drift_text, report.reconciliations)))
    yield "missing", "\n".join(_missing(report))
    yield "clock", _told(report.after_today, f"dated after {report.until}, in no sum: a clock was wrong")


def costs(sums: UsageSums) -> Iterator[str]:
    """What it cost, each unit for itself."""
    if sums.nano_credits or not sums.premium_thousandths:
        yield amount(sums.credits)
    if sums.premium_thousandths:
        yield premium(sums.premium_requests)


def _requests(total: UsageSums) -> str:
    return f"{total.requests:,}" + (f", {total.failed:,} of them failed" if total.failed else "")


def _tokens(total: UsageSums) -> str:
    if not (total.input or total.output):
        return ""
    rate = "" if total.cache_rate is None else f" ({100 * total.cache_rate:.0f} % read from a cache)"
    reasoning = f" ({tokens(total.reasoning)} reasoning)" if total.reasoning else ""
    return f"{tokens(total.input)} in{rate}, {tokens(total.output)} out{reasoning}"


def _told(count: int, what: str) -> str:
    return f"{count_of(count, 'request')} {what}" if count else ""


def _forecast(outlook: Outlook) -> str:
    """What the period will have cost, between what and what, and what of it has been spent."""
    found = outlook.forecast
    if found is None or not found.expected:
        return ""
    expected, low, high = (_in_unit(each, outlook) for each in (found.expected, found.low, found.high))
    band = f" ({low} to {high})" if found.low < found.high else ""
    unit = "" if outlook.unit == "nano_credits" else " premium requests"
    spent = _in_unit(outlook.spent, outlook)
    return f"{expected}{unit} by the end of {outlook.until}{band}; {spent} since {outlook.since}"


def _in_unit(amount: int, outlook: Outlook) -> str:
    return f"${dollars(amount / NANO)}" if outlook.unit == "nano_credits" else f"{amount / 1000:,.10g}"


def _quota(quota: Quota, outlook: Outlook | None) -> str:
    if quota.unlimited or quota.remaining is None or quota.entitlement is None:
        return ""
    unit = f" {quota.unit.replace('_', ' ')}" if quota.unit else ""
    left = f"{quota.remaining:,.10g} of {quota.entitlement:,.10g}{unit} left"
    if quota.resets_at is not None:
        left += f", reset on {datetime.fromtimestamp(quota.resets_at, UTC):%Y-%m-%d}"
    if outlook is None or outlook.runs_out_on is None:
        return left
    return f"{left}; {'used up' if quota.remaining <= 0 else f'it runs out on {outlook.runs_out_on}'}"


def _missing(report: UsageReport) -> Iterator[str]:
    """The times whose requests may be missing, the last ones."""
    yield from (gap.text for gap in report.missing[-GAPS_SHOWN:])
    if (more := len(report.missing) - GAPS_SHOWN) > 0:
        yield f"{more:,} times before, too; --json has them all"


# --- the table -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UsageColumn:
    """A column, and what is in it; the one with the lowest rank is left out first where there is no room."""

    column: Column
    text: Callable[[UsageRow], str]
    rank: int = 9


def columns_of(report: UsageReport) -> Sequence[UsageColumn]:
    """The columns for what was asked for; those that would be empty are left out."""
    return list(_names(report)) + [
        UsageColumn(Column(title, is_number=True), text, rank) for title, text, rank in _numbers(report)
    ]


def _names(report: UsageReport) -> Iterator[UsageColumn]:
    if report.by == "session":
        yield UsageColumn(Column("session"), lambda row: _name(row.session))
        yield UsageColumn(Column("client"), lambda row: _name(row.client), 2)
        yield UsageColumn(Column("last used (UTC)"), lambda row: str(row.ended or "-")[:16].replace("T", " "), 1)
    elif report.by == "key":
        yield UsageColumn(Column("key"), lambda row: _name(row.key))
        yield UsageColumn(Column("user"), lambda row: _name(row.user), 2)
    else:
        by = report.by
        yield UsageColumn(Column(by), lambda row: _name(getattr(row, by)))


def _numbers(report: UsageReport) -> Iterator[tuple[str, Callable[[UsageRow], str], int]]:
    total = report.total
    yield "requests", lambda row: f"{row.requests:,}", 7
    if total.failed:
        yield "failed", lambda row: f"{row.failed:,}" if row.failed else "-", 4
    yield "input", lambda row: tokens(row.input), 8
    yield "cached", lambda row: "-" if row.cache_rate is None else f"{100 * row.cache_rate:.0f} %", 5
    yield "output", lambda row: tokens(row.output), 6
    if total.nano_credits or not total.premium_thousandths:
        yield "credits", lambda row: credit_number(row.credits), 0
        yield "$", lambda row: dollars(row.credits), 9
    if total.premium_thousandths:
        yield "premium", lambda row: f"{row.premium_requests:,.10g}", 9
    if any(row.share is not None for row in report.rows):
        yield "share", lambda row: _share(row.share), 3
    if total.unpriced:
        yield "unpriced", lambda row: f"{row.unpriced:,}" if row.unpriced else "-", 4


def _share(part: float | None) -> str:
    if part is None:
        return "-"
    return "<1 %" if 0 < part < 0.005 else f"{100 * part:.0f} %"


def _name(text: object) -> str:
    name = str(text or "-")
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def fitting(columns: Sequence[UsageColumn], rows: Sequence[UsageRow], width: int | None) -> Sequence[UsageColumn]:
    """The columns that a terminal has room for; all of them where it is None."""
    widths = {one.column.title: max(len(one.column.title), *(len(one.text(row)) for row in rows)) for one in columns}
    kept, between = list(columns), 2 if (width or 0) >= ROOMY else 1
    while width is not None and sum(widths[one.column.title] + between for one in kept) - between > width:
        least = min(kept, key=lambda one: one.rank)
        if least.rank == 9:
            break
        kept.remove(least)
    return kept
