"""Each driver of `stress` in its smallest form, so that none can rot, and what judges their answers."""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from stress import cancel, churn, hostile, slow_reader, slowloris, soak, sockets, stale, stampede, team, turns
from stress.__main__ import DRIVERS, main
from stress.dialects import WAYS
from stress.figures import Report, percentile, slope
from stress.hostile import HOSTILE, Hostile
from stress.mishaps import MISHAPS, NONE, Answer, complaint
from stress.probe import counts, grown, places, types

ROOT = Path(__file__).parent.parent

IMPATIENT = "[limits]\nheader_timeout = 0.5\nbody_idle_timeout = 0.5\n"

SMALLEST: dict[str, object] = {
    "soak": soak.Plan(minutes=0.05, streams=20, mishaps=0.5, revoke=0.5, sample=0.5),
    "stampede": stampede.Plan(rounds=1, processes=2, requests=20, delay=0.1),
    "cancel": cancel.Plan(requests=20, each=1, agents=5),
    "stale": stale.Plan(requests=200, closing="idle"),
    "sockets": sockets.Plan(sockets=10, turns=6, leave=0.2),
    "team": team.Plan(minutes=0.1, people=4, streams=12, leave=0.1, rotate=0.5, sample=0.5),
    "turns": turns.Plan(mb=2, way="completions", shape="turns"),
    "slow-reader": slow_reader.Plan(mb=20, seconds=0.5, clients=5),
    "slowloris": slowloris.Plan(connections=9, clients=3, before=0.5, during=10, settings=IMPATIENT),
}


def test_every_driver_has_a_smallest_form_and_is_described() -> None:
    assert SMALLEST.keys() == DRIVERS.keys()
    page = (ROOT / "docs" / "stress.md").read_text()
    assert all(f"`{name}`" in page for name in DRIVERS)


@pytest.mark.parametrize("name", SMALLEST)
async def test_a_driver_finds_nothing_broken_and_leaves_no_process(name: str) -> None:
    before = children()
    run: Callable[[Any], Awaitable[Report]] = DRIVERS[name].run
    report = await run(SMALLEST[name])
    assert not report.broken, str(report)
    assert report.figures
    assert children() == before


def children() -> set[str]:
    """The processes that this one has started and that still run."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_a_broken_invariant_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run(plan: stale.Plan) -> Report:
        report = Report(f"{plan.requests} requests")
        report.must(plan.requests < 3, "it is too much")
        return report

    monkeypatch.setitem(DRIVERS, "stale", type(DRIVERS["stale"])(stale.Plan, run))
    assert main(["stale", "--requests", "2"]) == 0
    assert main(["stale", "--requests", "3"]) == 1
    assert "BROKEN: it is too much" in capsys.readouterr().out


def test_percentiles_are_values_that_were_seen_and_a_slope_is_a_growth() -> None:
    assert [percentile(range(1, 101), percent) for percent in (0, 50, 99, 100)] == [1, 50, 99, 100]
    assert percentile([], 50) == 0
    assert slope([(0, 1), (1, 3), (2, 5)]) == pytest.approx(2)
    assert slope([(1, 3)]) == 0


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.name}-{way.stream}-{way.path}")
def test_an_answer_that_does_not_fit_what_befell_it_is_noticed(way: Any) -> None:
    end = way.ends[0] if way.stream else b'{"a": 1}'
    cut = next(mishap for mishap in MISHAPS if "cut" in mishap.directive)
    busy = next(mishap for mishap in MISHAPS if "429" in mishap.directive)
    assert not complaint(way, NONE, Answer(200, end))
    assert complaint(way, NONE, Answer(200, b"half of i"))
    assert complaint(way, NONE, Answer(200, end, broke=True))
    assert complaint(way, NONE, Answer(502, b'{"error": {}}'))
    assert complaint(way, cut, Answer(200, end))
    assert complaint(way, busy, Answer(502, b'{"error": {}}'))
    assert not complaint(way, busy, Answer(429, b'{"error": {}}'))


@pytest.mark.parametrize("one", HOSTILE, ids=lambda one: f"{one.path}-{one.status}")
def test_a_hostile_request_that_is_not_refused_is_noticed(one: Hostile) -> None:
    assert len(one.body(100_000)) >= 50_000
    assert not hostile.complaint(one, one.status, b'{"error": {}}')
    assert hostile.complaint(one, 200, b'{"error": {}}')
    assert hostile.complaint(one, 500, b'{"error": {}}')
    assert hostile.complaint(one, one.status, b"{}")


def test_a_body_has_the_size_that_was_drawn_and_ends_with_the_users_turn() -> None:
    for size in (1_000, 50_000, 2_000_000):
        before = churn.turns(size)
        assert len(before) % 2 == 0
        for way in WAYS:
            assert size * 0.7 <= len(json.dumps(way.body("", before))) <= size * 1.3 + 400


def test_what_has_grown_is_told_with_the_most_first() -> None:
    assert grown({"a": 1, "b": 5, "c": 9}, {"a": 3, "b": 9, "c": 8, "d": 1}) == [("b", 4), ("a", 2), ("d", 1)]
    assert counts()["python blocks"] > 0
    assert types()["builtins.dict"] > 0
    assert places() == {}
