"""What a person at a terminal sees of a server, and is asked before there is one."""

import io
from pathlib import Path

import pytest

from passenger.cli.serve.panel import WIDTH, Panel, Told, facts, render
from passenger.quota.quota import Quota
from passenger.server.control.status import SeatAccount
from passenger.simulator import Simulator
from passenger.simulator.quota import RESET_DATE
from tests.cli.terminal import terminal

PREMIUM = Quota("premium_interactions", entitlement=300, remaining=214.5)
CREDITS = Quota("premium_interactions", entitlement=7000, remaining=6120, unit="credits")
PANEL = Panel("Passenger 1", "http://127.0.0.1:8081", "any will do", [("passenger launch claude", "try it")])


@pytest.mark.parametrize(
    ("account", "rows"),
    [
        (SeatAccount(), []),
        (SeatAccount("octo"), [("Account", "octo")]),
        (SeatAccount(plan="some_new_plan"), [("Account", "Copilot some new plan")]),
        (
            SeatAccount("octo", "individual_pro", quotas=[PREMIUM], renews="2026-12-01"),
            [
                ("Account", "octo, Copilot Pro+"),
                ("Left", "214.5 of 300 premium requests; renews 1 December 2026"),
            ],
        ),
        (SeatAccount(quotas=[CREDITS]), [("Left", "6,120 of 7,000 AI credits")]),
        (SeatAccount(quotas=[Quota("chat", unlimited=True), Quota("completions", entitlement=9, remaining=1)]), []),
        (SeatAccount(quotas=[Quota("chat", entitlement=50, remaining=-3)]), [("Left", "0 of 50 chat messages")]),
        (SeatAccount(renews="2026-12-01"), []),
    ],
)
def test_what_github_does_not_tell_is_left_out(account: SeatAccount, rows: list[tuple[str, str]]) -> None:
    assert list(facts(Told(account))) == rows


def test_without_a_login_the_page_is_named() -> None:
    ((name, text),) = facts(Told(logged_in=False))
    assert name == "Account"
    assert "page" in text


def test_a_line_that_is_too_long_for_two_columns_is_shown_whole() -> None:
    stream, line = io.StringIO(), "passenger -c " + "x" * 100 + " launch claude"
    render(Panel("", "http://h", "", [(line, "try it")]), Told(), stream, color=False)
    shown = "".join(one.strip("│ ") for one in stream.getvalue().splitlines())
    assert line.replace(" ", "") in shown.replace(" ", "")
    assert "try it" in shown


@pytest.mark.parametrize("color", [True, False])
def test_a_panel_fits_a_terminal_and_is_plain_where_colour_is_not_wanted(color: bool) -> None:
    stream = io.StringIO()
    render(PANEL, Told(SeatAccount("octo"), "33 to chat with"), stream, color=color)
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= WIDTH
    for text in ("octo", "33 to chat with", "any will do", "http://127.0.0.1:8081/v1", "passenger launch claude"):
        assert any(text in line for line in lines), text


async def test_the_demo_shows_it(home: Path) -> None:
    async with terminal(home, ["demo", "--port", "0"]) as one:
        await one.shows("octo-simulated, Copilot Pro")
        await one.shows("╰")
        assert RESET_DATE[:4] in one.text
        assert "curl" not in one.text
        one.type("\x03")
        assert await one.ended() == 130


def serving(simulator: Simulator, home: Path, *arguments: str) -> list[str]:
    path = home / "settings.toml"
    path.write_text(simulator.config_toml())
    return ["-c", str(path), "--port", "0", *arguments]


@pytest.mark.proves("panel", "first login")
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_whoever_is_not_logged_in_is_asked_and_then_served(home: Path, workers: str) -> None:
    async with (
        Simulator(device_interval=0.01, approve_after=0) as simulator,
        terminal(home, serving(simulator, home, "--workers", workers)) as one,
    ):
        await one.shows("Log in now? [Y/n]")
        assert not simulator.requests
        one.type("\n")
        await one.shows("enter this code")
        await one.shows("Logged in as octo-simulated")
        await one.shows("33 to chat with")
        await one.shows("╰────────────────────────────────────────────────────────────────────────────╯")
        assert one.text.count("API key") == 1
        assert simulator.login_token not in one.text
        one.type("\x03")
        assert await one.ended() == 130


@pytest.mark.proves("panel")
@pytest.mark.parametrize(("keys", "code"), [("n\n", 4), ("\x03", 130), ("\x04", 130)])
async def test_whoever_does_not_want_to_log_in_is_left_alone(home: Path, keys: str, code: int) -> None:
    async with Simulator() as simulator, terminal(home, serving(simulator, home)) as one:
        await one.shows("Log in now? [Y/n]")
        one.type(keys)
        assert await one.ended() == code
        assert not simulator.requests
    assert not list(home.rglob("*token*"))


async def test_what_is_neither_yes_nor_no_is_asked_again_and_no_is_told_what_else_there_is(home: Path) -> None:
    async with Simulator() as simulator, terminal(home, serving(simulator, home)) as one:
        await one.shows("Log in now? [Y/n]")
        one.type("maybe\n")
        await one.shows("Type y or n.")
        one.type("No\n")
        await one.shows("To log in later, run `passenger login`. Without an account: `passenger demo`.")
        assert await one.ended() == 4


@pytest.mark.proves("panel")
@pytest.mark.parametrize("arguments", [["-q"], ["serve"]])
async def test_whoever_wants_no_questions_hears_what_to_do(home: Path, arguments: list[str]) -> None:
    async with Simulator() as simulator, terminal(home, serving(simulator, home, *arguments)) as one:
        await one.shows("passenger login")
        assert await one.ended() == 4
        assert "[Y/n]" not in one.text
