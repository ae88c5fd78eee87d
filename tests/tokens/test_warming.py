"""The tokenizer is there before anybody has asked, and only where that harms nobody."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from passenger.tokens.tokenizer import Tokenizer
from passenger.tokens.warming import Warming
from tests.proxy import eventually


@pytest.fixture
async def tokenizer() -> AsyncIterator[Tokenizer]:
    """One that lets its process go at the end."""
    tokenizer = Tokenizer()
    yield tokenizer
    await tokenizer.close()


async def test_the_process_is_started_where_nothing_is_served(tokenizer: Tokenizer) -> None:
    warming = Warming(tokenizer, quiet=0, room=lambda: True)
    warming.begin(lambda: True)
    process = await eventually(lambda: tokenizer._process)
    assert await tokenizer.count(["hello world"]) == 2
    assert tokenizer._process is process
    await warming.close()


@pytest.mark.parametrize(("idle", "room"), [(False, True), (True, False)])
async def test_it_is_not_where_something_is_served_or_memory_is_short(
    tokenizer: Tokenizer, idle: bool, room: bool
) -> None:
    asked = asyncio.Event()

    def told() -> bool:
        asked.set()
        return idle

    warming = Warming(tokenizer, quiet=0, room=lambda: room)
    warming.begin(told)
    await asked.wait()
    await warming.close()
    assert tokenizer._process is None


async def test_a_count_that_comes_first_starts_the_only_one(tokenizer: Tokenizer) -> None:
    warming = Warming(tokenizer, quiet=0, room=lambda: True)
    warming.begin(lambda: True)
    first = await tokenizer.count(["hello world"])
    process = tokenizer._process
    counts = await asyncio.gather(*(tokenizer.count(["hello world"]) for _ in range(3)))
    assert (first, counts, tokenizer._process) == (2, [2, 2, 2], process)
    await warming.close()


@pytest.mark.proves("F50")
async def test_an_end_in_the_middle_of_it_leaves_no_process(tokenizer: Tokenizer) -> None:
    warming = Warming(tokenizer, quiet=0, room=lambda: True)
    warming.begin(lambda: True)
    process = await eventually(lambda: tokenizer._process)
    await warming.close()
    await tokenizer.close()
    assert process.returncode is not None


async def test_an_end_before_it_begins_nothing(tokenizer: Tokenizer) -> None:
    warming = Warming(tokenizer, room=lambda: True)
    await warming.close()
    warming.begin(lambda: True)
    await warming.close()
    assert tokenizer._process is None
