"""Counting and learning, with the real tokenizer."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from passenger.chat.prompt import Image, Message, Part, Prompt, Text
from passenger.errors import Failure, Kind
from passenger.tokens.content import IMAGE, MESSAGE
from passenger.tokens.counter import SAMPLE_EVERY, Counter, Read
from passenger.tokens.ratios import Ratios
from passenger.tokens.tokenizer import Tokenizer

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Shared by a test and its counter."""
    return Clock()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tokenizer() -> AsyncIterator[Tokenizer]:
    """The process that counts for all of these tests."""
    one = Tokenizer()
    yield one
    await one.close()


@pytest.fixture
def fresh(clock: Clock, tokenizer: Tokenizer) -> Counter:
    """A counter that nobody has asked anything."""
    return Counter(Ratios(None), tokenizer, clock=clock)


@pytest_asyncio.fixture(loop_scope="module")
async def counter(fresh: Counter) -> Counter:
    """A counter that was asked for a count and knows nothing yet."""
    await fresh.count("own", "m", lambda: Prompt("m", ()))
    return fresh


def prompt(*parts: Part) -> Read:
    """Reads a prompt of one message."""
    return lambda: Prompt("m", (Message("user", parts),))


HUNDRED = prompt(Text("hello" + " world" * (99 - MESSAGE)))
ONE = prompt(Text("hello"))


async def learned(counter: Counter) -> None:
    """Wait until the counter has learned."""
    await asyncio.gather(*counter._learning.values())


async def test_it_counts_texts_frames_and_media(counter: Counter) -> None:
    assert await counter.count("own", "m", prompt(Text("hello world"))) == 2 + MESSAGE
    assert await counter.count("own", "m", prompt(Image("image/png", ""))) == MESSAGE + IMAGE
    assert await counter.count("own", "m", lambda: Prompt("m", ())) == 1


async def test_it_corrects_by_what_it_learned_of_that_model(counter: Counter) -> None:
    counter.learn("own", "m", HUNDRED, 150)
    await learned(counter)
    assert await counter.count("own", "m", HUNDRED) == 150
    assert await counter.count("own", "another", HUNDRED) == 100


async def test_it_samples_at_most_one_request_a_minute(counter: Counter, clock: Clock) -> None:
    counter.sample("own", "m", HUNDRED, 150)
    await learned(counter)
    clock.now += SAMPLE_EVERY - 1
    counter.sample("own", "m", HUNDRED, 300)
    await learned(counter)
    assert await counter.count("own", "m", HUNDRED) == 150
    clock.now += 1
    counter.sample("own", "m", HUNDRED, 250)
    await learned(counter)
    assert await counter.count("own", "m", HUNDRED) == 200


async def test_of_prompts_at_once_one_a_minute_is_kept_until_it_is_answered(counter: Counter, clock: Clock) -> None:
    assert counter.keeps("own")
    assert not counter.keeps("own")
    assert counter.keeps("another")
    clock.now += SAMPLE_EVERY
    assert counter.keeps("own")


async def test_none_is_kept_where_nobody_wants_a_count(fresh: Counter) -> None:
    assert not fresh.keeps("own")


async def test_none_is_kept_where_a_sample_was_just_taken(counter: Counter) -> None:
    counter.sample("own", "m", HUNDRED, 150)
    await learned(counter)
    assert not counter.keeps("own")


async def test_nothing_is_tokenised_where_nobody_wants_a_count(fresh: Counter) -> None:
    fresh.sample("own", "m", HUNDRED, 150)
    fresh.learn("own", "m", HUNDRED, 150)
    assert not fresh._learning
    assert await fresh.count("own", "m", HUNDRED) == 100


async def test_what_a_client_that_may_count_asks_is_learned_from(fresh: Counter) -> None:
    fresh.expect()
    fresh.sample("own", "m", HUNDRED, 150)
    await learned(fresh)
    assert await fresh.count("own", "m", HUNDRED) == 150


async def test_an_answer_without_a_count_is_no_sample(counter: Counter) -> None:
    counter.sample("own", "m", HUNDRED, 0)
    counter.sample("own", "m", HUNDRED, 150)
    await learned(counter)
    assert await counter.count("own", "m", HUNDRED) == 150


async def test_it_learns_from_one_prompt_at_a_time(counter: Counter) -> None:
    counter.learn("own", "m", HUNDRED, 150)
    counter.learn("own", "m", HUNDRED, 300)
    await learned(counter)
    assert await counter.count("own", "m", HUNDRED) == 150


async def test_what_one_seat_learns_keeps_no_other_from_learning(counter: Counter) -> None:
    counter.sample("own", "m", HUNDRED, 150)
    counter.sample("another", "m", HUNDRED, 300)
    await learned(counter)
    assert [await counter.count(seat, "m", HUNDRED) for seat in ("own", "another", "third")] == [150, 300, 100]


async def test_a_prompt_with_a_picture_teaches_nothing(counter: Counter) -> None:
    counter.learn("own", "m", prompt(Text("hello"), Image("image/png", "")), 500)
    await learned(counter)
    assert await counter.count("own", "m", ONE) == 1 + MESSAGE


async def test_a_prompt_that_cannot_be_read_teaches_nothing_and_is_not_counted(counter: Counter) -> None:
    def read() -> Prompt:
        raise Failure(Kind.INVALID, "no")

    counter.learn("own", "m", read, 500)
    await learned(counter)
    with pytest.raises(Failure, match="no"):
        await counter.count("own", "m", read)


async def test_the_event_loop_goes_on_while_a_long_prompt_is_counted(counter: Counter) -> None:
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    turning = asyncio.create_task(turn())
    await counter.count("own", "m", prompt(Text("hello world, this is code();\n" * 20_000)))
    turning.cancel()
    assert turns > 100
