"""The server's side of the tokenizer, with its real process."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator

import pytest

from passenger.tokens.tokenizer import Tokenizer


@pytest.fixture
async def tokenizer() -> AsyncIterator[Tokenizer]:
    """One that lets its process go at the end."""
    tokenizer = Tokenizer()
    yield tokenizer
    await tokenizer.close()


async def test_it_counts_many_at_once_one_after_the_other(tokenizer: Tokenizer) -> None:
    counts = await asyncio.gather(*(tokenizer.count(["hello world"] * times) for times in range(1, 20)))
    assert counts == [2 * times for times in range(1, 20)]


def _process(tokenizer: Tokenizer) -> asyncio.subprocess.Process:
    process = tokenizer._process
    assert process is not None
    return process


@pytest.mark.proves("F63")
async def test_a_process_that_dies_costs_one_count_its_exactness(
    tokenizer: Tokenizer, caplog: pytest.LogCaptureFixture
) -> None:
    assert await tokenizer.count(["hello world"]) == 2
    process = _process(tokenizer)
    process.kill()
    await process.wait()
    with caplog.at_level(logging.WARNING):
        assert await tokenizer.count(["hello world."]) == 3  # twelve characters
    assert "the count is a guess" in caplog.text
    assert await tokenizer.count(["hello world"]) == 2


async def test_a_count_that_is_given_up_does_not_shift_the_answers(tokenizer: Tokenizer) -> None:
    assert await tokenizer.count(["hello world"]) == 2
    task = asyncio.create_task(tokenizer.count(["a b c " * 100_000]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await tokenizer.count(["hello world"]) == 2


async def test_an_idle_process_is_let_go_and_started_anew() -> None:
    tokenizer = Tokenizer(idle=0)
    try:
        assert await tokenizer.count(["hello world"]) == 2
        await _process(tokenizer).wait()
        assert tokenizer._process is None
        assert await tokenizer.count(["hello world"]) == 2
    finally:
        await tokenizer.close()


async def test_its_process_ends_with_its_input(tokenizer: Tokenizer) -> None:
    await tokenizer.count(["hello world"])
    process = _process(tokenizer)
    assert process.stdin is not None
    process.stdin.close()
    assert await process.wait() == 0


async def test_ctrl_c_in_the_terminal_does_not_reach_it(tokenizer: Tokenizer) -> None:
    await tokenizer.count(["hello world"])
    assert os.getsid(_process(tokenizer).pid) != os.getsid(0)
