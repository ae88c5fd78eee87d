"""The teams without room that real programs are tried with: what they are refused, and which ends are good ones."""

from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from clients.process import Ended
from clients.programs import claude_code
from clients.refusals import REFUSALS, SOON, WHILE, judge, refused_turns, refusing
from clients.tap import Asked, tapped
from clients.turn import COMPLETIONS_ONLY
from clients.verdict import PASSED, Seen

from passenger.simulator import Simulator
from tests.proxy import Proxy, profile_of, running

SECRET = "seat-0123456789ab"
SHORT, BUDGET, REVOKED = "no requests left for some seconds", "budget spent", "key revoked"
DONE = Ended(0, f"The tool said: {SECRET}", "")
BOTH = ("/responses",) * 2


def seen(ended: Ended, *statuses: int, after: float | None = 1.0, carried: tuple[str, ...] = BOTH) -> Seen:
    asked = [Asked("POST", "/v1/responses", status) for status in statuses]
    return Seen(ended=ended, secret=SECRET, asked=asked, reached=BOTH, carried=carried, refused_for=after)


@pytest.mark.parametrize(
    ("name", "what", "expected"),
    [
        (SHORT, seen(DONE, 200, 429, 200), "passed (waited, asked once in vain)"),
        (SHORT, seen(DONE, 200, 200, after=None), f"it was not refused; The tool said: {SECRET}"),
        (
            SHORT,
            seen(Ended(1, "", "so many requests a minute: x"), 429),
            "passed (said why after 1 s, asked once in vain)",
        ),
        (SHORT, seen(Ended(None, "", ""), 429, 429), "no end in time, asked 2 times in vain; "),
        (
            SHORT,
            seen(Ended(1, "requests a minute", ""), 429, after=WHILE + 1),
            "it said why, but 61 s later, asked once in vain; requests a minute",
        ),
        (
            SHORT,
            seen(Ended(0, "hm", ""), 429, carried=()),
            "ended after 1 s, asked once in vain, without our words; hm",
        ),
        (
            BUDGET,
            seen(Ended(1, "\x1b[31mhas no room\nfor this request", ""), 429),
            "passed (said why after 1 s, asked once in vain)",
        ),
        (BUDGET, seen(Ended(1, "limit", ""), 429), "ended after 1 s, asked once in vain, without our words; limit"),
        (
            BUDGET,
            seen(Ended(1, "has no room for this request", ""), 429, after=SOON + 1),
            "it said why, but 11 s later, asked once in vain; has no room for this request",
        ),
        (BUDGET, seen(DONE, 401), f"it was not refused; The tool said: {SECRET}"),
    ],
)
def test_a_good_end_is_to_wait_for_what_is_over_soon_and_to_say_our_words_of_the_rest(
    name: str, what: Seen, expected: str
) -> None:
    assert judge(name, what) == expected


def test_a_program_may_say_in_its_own_words_that_it_was_not_let_in() -> None:
    ended = Ended(1, "log in first", "")
    told = "passed (refused, in its own words after 1 s, asked once in vain)"
    assert judge(REVOKED, seen(ended, 401), own="log in") == told
    assert not judge(REVOKED, seen(ended, 401)).startswith(PASSED)
    assert not judge(BUDGET, seen(ended, 429), own="log in").startswith(PASSED)


def test_each_refusal_is_a_turn_of_its_own_with_a_model_that_costs_something() -> None:
    turns = refused_turns(claude_code.READS)
    assert [turn.refusal for turn in turns] == [*REFUSALS]
    assert all(COMPLETIONS_ONLY not in turn.models for turn in turns)
    assert all(turn.told == f"tool `Read`, {turn.refusal}" for turn in turns)


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_team_without_room_is_refused_so(name: str, tmp_path: Path) -> None:
    refusal = REFUSALS[name]
    async with (
        Simulator() as simulator,
        running(simulator, tmp_path, config=refusal.config, env=refusal.env) as proxy,
        tapped(*_place(proxy)) as tap,
        refusing(refusal, proxy.url, _team(simulator, tmp_path), tap) as key,
        aiohttp.ClientSession(tap.url, headers={"Authorization": f"Bearer {key}"}) as http,
    ):
        body = {"model": "gpt-5.1", "messages": [{"role": "user", "content": "hello"}]}
        statuses = list[int]()
        while refusal.status not in statuses:
            async with http.post("/v1/chat/completions", json=body) as answer:
                statuses.append(answer.status)
                told = await answer.json()
        assert set(statuses) <= {200, refusal.status}
        assert refusal.words in told["error"]["message"]
        assert tap.refused.is_set()
        while refusal.is_taken and statuses[-1] != 200:  # the place is given back
            async with http.post("/v1/chat/completions", json=body) as answer:
                statuses.append(answer.status)


def _place(proxy: Proxy) -> tuple[str, int]:
    where = urlsplit(proxy.url)
    return where.hostname or "", where.port or 0


def _team(simulator: Simulator, home: Path) -> Path:
    return profile_of(simulator, home / ".local" / "state" / "passenger") / "team.sqlite"
