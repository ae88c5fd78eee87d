"""The learned ratios, in memory and in their file."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.private_file import PrivateFile
from passenger.tokens.ratios import HIGHEST, LOWEST, Ratios, Sample


async def test_a_model_of_which_nothing_is_known_counts_as_we_do() -> None:
    assert await Ratios(None).of("own", "m") == 1.0


async def test_the_ratio_is_that_of_all_that_was_seen() -> None:
    ratios = Ratios(None)
    await ratios.learn(Sample("own", "m", 100, 110))
    await ratios.learn(Sample("own", "m", 300, 390))
    assert await ratios.of("own", "m") == pytest.approx(500 / 400)
    assert await ratios.of("own", "another") == 1.0
    assert await ratios.of("other", "m") == 1.0


async def test_what_was_long_ago_weighs_less_and_less() -> None:
    ratios = Ratios(None)
    for _ in range(30):
        await ratios.learn(Sample("own", "m", 100, 200))
    for _ in range(60):
        await ratios.learn(Sample("own", "m", 100, 100))
    assert await ratios.of("own", "m") == pytest.approx(1.0, abs=0.1)


@given(ours=st.integers(-5, 10**12), theirs=st.integers(-5, 10**12))
def test_no_sample_leads_out_of_what_is_believed(ours: int, theirs: int) -> None:
    async def learned() -> float:
        ratios = Ratios(None)
        await ratios.learn(Sample("own", "m", ours, theirs))
        return await ratios.of("own", "m")

    assert LOWEST <= asyncio.run(learned()) <= HIGHEST


async def test_it_survives_a_restart(tmp_path: Path) -> None:
    file = PrivateFile(tmp_path / "state" / "ratios.json")
    await Ratios(lambda _: file).learn(Sample("own", "m", 100, 120))
    assert await Ratios(lambda _: file).of("own", "m") == pytest.approx(1.2)
    assert file.path.stat().st_mode & 0o077 == 0


async def test_each_seat_has_a_file_of_its_own_and_learns_for_itself(tmp_path: Path) -> None:
    ratios = Ratios(lambda seat: PrivateFile(tmp_path / seat / "ratios.json"))
    await ratios.learn(Sample("own", "m", 100, 120))
    alone = (tmp_path / "own" / "ratios.json").read_bytes()
    assert not (tmp_path / "another").exists()
    await ratios.learn(Sample("another", "m", 100, 200))
    assert [await ratios.of(seat, "m") for seat in ("own", "another", "third")] == [1.2, 2.0, 1.0]
    assert (tmp_path / "own" / "ratios.json").read_bytes() == alone


async def test_those_who_learn_at_once_lose_nothing_of_each_other(tmp_path: Path) -> None:
    file = PrivateFile(tmp_path / "ratios.json")
    several = [Ratios(lambda _: file) for _ in range(8)]
    await asyncio.gather(*(one.of("own", "m") for one in several))
    await asyncio.gather(*(one.learn(Sample("own", f"m{at}", 100, 120)) for at, one in enumerate(several)))
    after = Ratios(lambda _: file)
    assert [await after.of("own", f"m{at}") for at in range(8)] == [pytest.approx(1.2)] * 8


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"rows": 1}',
        '{"rows": [{"seat": "own"}]}',
        '{"rows": [{"seat": "own", "model": "m", "ours": 0, "theirs": 1, "prompts": 1}]}',
    ],
)
async def test_a_file_that_holds_anything_else_is_forgotten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ratios.json"
    path.write_text(text)
    path.chmod(0o600)
    ratios = Ratios(lambda _: PrivateFile(path))
    assert await ratios.of("own", "m") == 1.0
    await ratios.learn(Sample("own", "m", 100, 120))
    assert await ratios.of("own", "m") == pytest.approx(1.2)


async def test_a_directory_that_cannot_be_written_costs_only_memory(tmp_path: Path) -> None:
    ratios = Ratios(lambda _: PrivateFile(tmp_path / "missing" / "ratios.json", make_parents=False))
    await ratios.learn(Sample("own", "m", 100, 120))
    assert await ratios.of("own", "m") == pytest.approx(1.2)
