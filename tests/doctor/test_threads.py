"""Blocking work beside the loop."""

import asyncio
import threading

import pytest

from passenger.doctor.threads import in_thread


async def test_the_result_comes_back_from_another_thread() -> None:
    assert await in_thread(threading.get_ident) != threading.get_ident()


async def test_an_error_is_raised_to_whoever_waits() -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await in_thread(fail)


async def test_who_waits_no_longer_is_told_nothing() -> None:
    let_go, done = threading.Event(), threading.Event()

    def work() -> None:
        let_go.wait()
        done.set()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await in_thread(work)
    let_go.set()
    assert await asyncio.to_thread(done.wait, 30)
