"""What was used as a person reads it, on terminals of two widths and in a pipe."""

import io
import re
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from passenger.chat.cost import NANO
from passenger.cli.usage.text import LONGEST_NAME, SHOWN, columns_of, facts, fitting, print_report
from passenger.ledger.forecast import Forecast
from passenger.ledger.outlook import Outlook
from passenger.ledger.reconcile import Reconciliation
from passenger.ledger.report import Grouping, MissingRows, UsageRow, UsageSums
from passenger.ledger.usage_report import UsageReport
from passenger.quota.quota import Quota

TOTAL = UsageSums(
    requests=1904,
    failed=12,
    unpriced=3,
    estimated=2,
    fresh=9_000_000,
    cache_read=102_000_000,
    cache_write=1_000_000,
    output=1_900_000,
    reasoning=310_000,
    nano_credits=5812 * NANO,
    usd="58.12",
    cache_rate=0.91,
)
ROWS = (
    UsageRow(
        *(1102, 12, 3, 2, 5_000_000, 80_000_000, 900_000, 1_200_000, 300_000, 4120 * NANO, "41.2", 0, 0.931),
        model="claude-sonnet-4.5",
        share=0.709,
    ),
    UsageRow(
        *(802, 0, 0, 0, 4_000_000, 22_000_000, 100_000, 700_000, 10_000, 1692 * NANO, "16.92", 0, 0.843),
        model="gpt-5.5",
        share=0.291,
    ),
)
FORECAST = Forecast(9100 * NANO, 8200 * NANO, 10_400 * NANO, 28)
OUTLOOK = Outlook("nano_credits", "2026-11-01", "2026-11-30", 5812 * NANO, FORECAST, "2026-11-30")
QUOTA = Quota("premium_interactions", entitlement=9000, remaining=3188, unit="credits", resets_at=1_796_083_200.0)
KILLED = MissingRows("a", "b", 7, None, "it was killed", "it was killed (process 7) between a and b")


def report(by: Grouping = "model", rows: Sequence[UsageRow] = ROWS, **changed: object) -> UsageReport:
    plain = {"total": TOTAL, "outlook": OUTLOOK, "quota": QUOTA, "missing": [KILLED], "after_today": 1}
    return UsageReport(by=by, since="2026-11-01", until="2026-11-20", rows=rows, **{**plain, **changed})  # type: ignore[arg-type]


STYLES = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


def drawn(monkeypatch: pytest.MonkeyPatch, columns: int, shown: UsageReport) -> str:
    """What is seen on a terminal of that width."""
    stream = Terminal()
    for name, value in {"COLUMNS": str(columns), "TERM": "xterm", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", stream)
    print_report(shown, "")
    monkeypatch.undo()
    return "".join(f"{line.rstrip()}\n" for line in STYLES.sub("", stream.getvalue()).splitlines())


HEAD = """\
period     2026-11-01 to 2026-11-20, whole days in UTC
spent      5,812.00 credits ($58.12)
requests   1,904, 12 of them failed
tokens     112M in (91 % read from a cache), 1.9M out (310k reasoning)
unpriced   3 requests whose cost nobody knows, in no sum of costs
estimated  2 requests that were cut, at an estimated cost
"""

AT_80 = f"""\
{HEAD}\
forecast   $91.00 by the end of 2026-11-30 ($82.00 to $104.00); $58.12 since
           2026-11-01
quota      3,188 of 9,000 credits left, reset on 2026-12-01; it runs out on
           2026-11-30
missing    it was killed (process 7) between a and b
clock      1 request dated after 2026-11-20, in no sum: a clock was wrong

model             requests failed input cached output     $ share unpriced
claude-sonnet-4.5    1,102     12 85.9M   93 %   1.2M 41.20  71 %        3
gpt-5.5                802      - 26.1M   84 %   700k 16.92  29 %        -
"""

AT_120 = f"""\
{HEAD}\
forecast   $91.00 by the end of 2026-11-30 ($82.00 to $104.00); $58.12 since 2026-11-01
quota      3,188 of 9,000 credits left, reset on 2026-12-01; it runs out on 2026-11-30
missing    it was killed (process 7) between a and b
clock      1 request dated after 2026-11-20, in no sum: a clock was wrong

model              requests  failed  input  cached  output   credits      $  share  unpriced
claude-sonnet-4.5     1,102      12  85.9M    93 %    1.2M  4,120.00  41.20   71 %         3
gpt-5.5                 802       -  26.1M    84 %    700k  1,692.00  16.92   29 %         -
"""


@pytest.mark.parametrize(("columns", "text"), [(80, AT_80), (120, AT_120)])
def test_it_fits_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: int, text: str) -> None:
    assert drawn(monkeypatch, columns, report()) == text


def test_in_a_pipe_there_are_all_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(report(), "")
    assert capsys.readouterr().out == AT_120


@pytest.mark.parametrize("columns", range(40, 120, 3))
def test_no_line_is_longer_than_the_terminal_while_there_is_a_column_to_leave_out(columns: int) -> None:
    chosen = fitting(columns_of(report()), ROWS, columns)
    wide = max(len(line) for line in drawn(pytest.MonkeyPatch(), columns, report()).partition("\n\n")[2].splitlines())
    assert wide <= columns or all(one.rank == 9 for one in chosen)


def test_without_a_ledger_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(report(outlook=None), "There is no ledger yet.")
    assert capsys.readouterr().out == "There is no ledger yet.\n"


def test_sessions_have_a_client_and_the_time_of_their_last_request(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        UsageRow(2, client="codex", session="019a-7f", began="2026-11-20T09:00:00Z", ended="2026-11-20T10:30:12Z"),
        UsageRow(1, client="", session=""),
    ]
    print_report(report("session", rows), "")
    assert "019a-7f  codex   2026-11-20 10:30" in capsys.readouterr().out


def test_a_share_that_is_small_is_not_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(report(rows=[UsageRow(1, model="a", share=0.0049), UsageRow(1, model="b", share=0.0)]), "")
    assert [line.split()[-3:-1] for line in capsys.readouterr().out.splitlines()[-2:]] == [["<1", "%"], ["0", "%"]]


def test_the_dearest_are_shown_and_the_others_counted(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [UsageRow(1, client=f"client-{number}") for number in range(SHOWN + 7)]
    print_report(report("client", rows), "")
    out = capsys.readouterr().out
    assert f"client-{SHOWN - 1} " in out
    assert f"client-{SHOWN} " not in out
    assert "7 more cost less; --json and --csv have them all." in out
    print_report(report("day", [UsageRow(1, day=f"day-{number}") for number in range(SHOWN + 7)]), "")
    assert f"day-{SHOWN + 6} " in capsys.readouterr().out


def test_a_name_that_is_too_long_is_cut_and_controls_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(report("client", [UsageRow(1, client="\x1b[2J" + "x" * 200)]), "")
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "x" * LONGEST_NAME not in out


def told(**changed: object) -> dict[str, str]:
    return {title: text for title, text in facts(report(**changed)) if text}  # type: ignore[arg-type]


def test_what_was_used_elsewhere_and_what_github_has_not_counted_is_told() -> None:
    moments = ("2026-11-01T09:00:00Z", "2026-11-30T09:00:00Z")
    found = Reconciliation(
        "own",
        "nano_credits",
        *moments,
        github=300 * NANO,
        ledger=250 * NANO,
        elsewhere=50 * NANO,
        drift=0,
        uncertain=0,
        unpriced=0,
    )
    assert "elsewhere" not in told()
    shown = told(reconciliations=[found])
    assert shown["elsewhere"] == "50.00 credits ($0.50) were used elsewhere, since 2026-11-01 09:00 UTC"
    assert "drift" not in shown
    assert told(reconciliations=[replace(found, elsewhere=0, drift=NANO)])["drift"].startswith(
        "the ledger has 1.00 credits"
    )


def test_premium_requests_are_no_credits(capsys: pytest.CaptureFixture[str]) -> None:
    total = UsageSums(requests=4, premium_thousandths=3330)
    outlook = Outlook(
        "premium_thousandths", "2026-11-01", "2026-11-30", 3330, Forecast(9990, 9990, 9990, 3), "2026-11-25"
    )
    quota = Quota("premium_interactions", entitlement=300, remaining=5.5, unit="premium_requests")
    found = told(total=total, outlook=outlook, quota=quota)
    assert found["spent"] == "3.33 premium requests"
    assert found["forecast"] == "9.99 premium requests by the end of 2026-11-30; 3.33 since 2026-11-01"
    assert found["quota"] == "5.5 of 300 premium requests left; it runs out on 2026-11-25"
    print_report(report(rows=[UsageRow(4, premium_thousandths=3330, model="m")], total=total), "")
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("model"))
    assert line.split() == ["model", "requests", "input", "cached", "output", "premium"]


def test_two_units_are_told_one_below_the_other() -> None:
    total = UsageSums(requests=4, nano_credits=NANO, usd="0.01", premium_thousandths=1000)
    assert told(total=total)["spent"] == "1.00 credits ($0.01)\n1 premium request"


def test_what_is_not_known_is_left_out() -> None:
    found = told(total=UsageSums(), outlook=Outlook("nano_credits", "a", "b", 0, None), quota=None, missing=())
    assert {"forecast", "quota", "missing", "unpriced", "estimated", "tokens"} & found.keys() == set()
    assert found["spent"] == "0.00 credits ($0.00)"
    assert "quota" not in told(quota=Quota("chat", unlimited=True))
    used_up = told(quota=Quota("chat", entitlement=50, remaining=-3, unit="requests"))["quota"]
    assert used_up == "-3 of 50 requests left; used up"


def test_the_last_gaps_are_named_and_the_others_counted() -> None:
    gaps = [MissingRows("a", "b", pid, None, "it was killed", f"gap {pid}") for pid in range(5)]
    assert told(missing=gaps)["missing"].split("\n") == [
        "gap 2",
        "gap 3",
        "gap 4",
        "2 times before, too; --json has them all",
    ]
