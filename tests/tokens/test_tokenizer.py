"""The server's side of the tokenizer, with its real process."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from passenger.tokens.tokenizer import Tokenizer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tokenizer() -> AsyncIterator[Tokenizer]:
    """One for all tests that leave it a process, or none; it lets it go at the end."""
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


@pytest.mark.proves("F66", "promise 8")
async def test_a_process_that_hangs_is_replaced_and_costs_one_count_its_exactness(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tokenizer = Tokenizer(patience=3)  # a fresh process has more
    try:
        assert await tokenizer.count(["hello world"]) == 2
        process = _process(tokenizer)
        process.send_signal(signal.SIGSTOP)
        with caplog.at_level(logging.WARNING):
            waiting = [tokenizer.count(["hello world."]) for _ in range(3)]
            assert await asyncio.gather(*waiting) == [3, 3, 3]  # twelve characters; or three tokens
        assert caplog.text.count("the count is a guess: it hangs") == 1
        assert await process.wait() == -signal.SIGKILL
        assert _process(tokenizer).pid != process.pid
    finally:
        await tokenizer.close()


@pytest.mark.proves("F66")
async def test_a_process_that_takes_nothing_is_replaced_too(caplog: pytest.LogCaptureFixture) -> None:
    """More than the pipe holds, so that the question cannot even be put."""
    tokenizer = Tokenizer(patience=3)
    try:
        assert await tokenizer.count(["hello world"]) == 2
        _process(tokenizer).send_signal(signal.SIGSTOP)
        with caplog.at_level(logging.WARNING):
            assert await tokenizer.count(["x" * 400_000]) == 100_000
        assert "it hangs" in caplog.text
        assert await tokenizer.count(["hello world"]) == 2
    finally:
        await tokenizer.close()


async def test_a_process_that_hangs_does_not_keep_the_server_from_ending() -> None:
    tokenizer = Tokenizer()
    await tokenizer.count(["hello world"])
    _process(tokenizer).send_signal(signal.SIGSTOP)
    await tokenizer.close()


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


async def test_ctrl_c_in_the_terminal_does_not_reach_it(tokenizer: Tokenizer) -> None:
    await tokenizer.count(["hello world"])
    assert os.getsid(_process(tokenizer).pid) != os.getsid(0)


async def test_its_process_ends_with_its_input(tokenizer: Tokenizer) -> None:
    await tokenizer.count(["hello world"])
    process = _process(tokenizer)
    assert process.stdin is not None
    process.stdin.close()
    assert await process.wait() == 0
