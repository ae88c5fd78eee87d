"""Absurd statuses, tokens and lists of models: one clean error each, and no more is asked than before."""

import json
from pathlib import Path

import pytest

from passenger.simulator import Fault, Simulator
from tests.server.bench import EXCHANGE, UP, bench
from tests.server.rogue import ROUTES, asked, rogue, whole

GRANTS = {
    "an end of many digits": {"token": "t", "expires_at": 10**400},
    "a token of two lines": {"token": "a\r\nX-Evil: 1", "expires_at": 2_000_000_000},
    "a token beyond ASCII": {"token": "\u00e9", "expires_at": 2_000_000_000},
    "an end at no time there is": {"token": "t", "expires_at": 1e300},
}


@pytest.mark.proves("F9", "F42")
@pytest.mark.parametrize("name", GRANTS)
async def test_an_absurd_token_costs_one_exchange_and_is_a_clean_error(tmp_path: Path, name: str) -> None:
    async with Simulator() as sim, bench(tmp_path, simulator=sim, primed=False) as own:
        sim.inject(Fault(body=json.dumps(GRANTS[name])), path=EXCHANGE, times=None)
        answers = [await own.chat() for _ in range(4)]
        assert {answer.status for answer in answers} == {502}
        assert all(answer.error["message"] for answer in answers)
        assert len(sim.seen(EXCHANGE)) <= 2  # the first pause is a second
        assert sim.seen(UP) == []


@pytest.mark.proves("F10", "F42")
async def test_an_absurd_date_of_the_exchange_does_not_matter(tmp_path: Path) -> None:
    async with Simulator() as sim, bench(tmp_path, simulator=sim, primed=False) as own:
        date = "Sun, 06 Nov 99999999999 08:49:37 +99999999"
        grant = json.dumps(sim.mint())
        sim.inject(Fault(body=grant, headers={"date": date}), path=EXCHANGE, times=None)
        assert (await own.chat()).status == 200


@pytest.mark.proves("F25", "F42")
@pytest.mark.parametrize("status", [b"600", b"999", b"099"])
async def test_an_absurd_status_is_a_502(tmp_path: Path, status: bytes) -> None:
    async with rogue(tmp_path) as (upstream, one):
        upstream.play = whole(b"HTTP/1.1 %b X\r\nContent-Length: 4\r\n\r\nOops" % status)
        for dialect in ROUTES:
            for stream in (False, True):
                assert (await asked(one, dialect, "completions", stream=stream)).status == 502


@pytest.mark.proves("F38")
async def test_half_a_character_in_one_entry_leaves_the_other_models(tmp_path: Path) -> None:
    async with bench(tmp_path, primed=False) as own:
        entries = b'{"data":[{"id":"a","name":"\\ud83d"},{"id":"b"}]}'
        own.sim.inject(Fault(body=entries), path="/models", times=None)
        answer = await own.get("/v1/models")
        assert [model["id"] for model in answer.json()["data"]] == ["a", "b"]
