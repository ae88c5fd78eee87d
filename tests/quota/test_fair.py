"""The fair queue: whose turn it is, and that no place is ever lost."""

import asyncio
import contextlib
import random

import pytest

from passenger.quota import fair
from passenger.quota.fair import FairQueue

pytestmark = pytest.mark.asyncio

LONG = 60.0


async def wait_in(queue: FairQueue, who: str, told: list[str], *, is_person: bool = False) -> asyncio.Task[None]:
    """A request that waits for a place and tells when it has one."""
    before = queue.waiting

    async def wait() -> None:
        assert await queue.take(who, LONG, is_person=is_person)
        told.append(who)

    task = asyncio.ensure_future(wait())
    while queue.waiting == before:
        await asyncio.sleep(0)
    return task


async def test_those_who_wait_get_their_turns_one_after_another() -> None:
    queue, told = FairQueue(1), list[str]()
    assert await queue.take("z", LONG, is_person=False)
    tasks = [await wait_in(queue, who, told) for who in ("a", "a", "a", "b", "b", "c")]
    for task_count in range(len(tasks)):
        queue.give_back()
        while len(told) == task_count:
            await asyncio.sleep(0)
    assert told == ["a", "b", "c", "a", "b", "a"]
    queue.give_back()
    assert queue.is_idle


async def test_a_person_goes_before_agents() -> None:
    queue, told = FairQueue(1), list[str]()
    assert queue.take_at_once()
    tasks = [await wait_in(queue, "a", told), await wait_in(queue, "p", told, is_person=True)]
    queue.give_back()
    await tasks[1]
    assert told == ["p"]
    queue.give_back()
    await tasks[0]


async def test_who_waits_too_long_gets_none_and_takes_none() -> None:
    queue = FairQueue(1)
    assert queue.take_at_once()
    assert not await queue.take("a", 0.001, is_person=False)
    assert not await queue.take("a", 0.0, is_person=False)
    queue.give_back()
    assert queue.is_idle


async def test_the_queue_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair, "MOST_WAITING", 1)
    queue, told = FairQueue(1), list[str]()
    assert queue.take_at_once()
    task = await wait_in(queue, "a", told)
    assert not await queue.take("b", LONG, is_person=True)
    queue.give_back()
    await task


async def test_more_places_let_those_in_who_wait() -> None:
    queue, told = FairQueue(1), list[str]()
    assert queue.take_at_once()
    task = await wait_in(queue, "a", told)
    queue.places = 2
    queue.fill()
    await task
    assert queue.taken == 2


@pytest.mark.parametrize("seed", range(20))
async def test_no_place_is_lost_or_made_whoever_leaves(seed: int) -> None:
    chance, queue = random.Random(seed), FairQueue(3)
    high = 0

    async def ask(who: str) -> None:
        nonlocal high
        if await queue.take(who, chance.choice([0.0, 0.0005, LONG]), is_person=chance.random() < 0.5):
            high = max(high, queue.taken)
            try:
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(0)
            finally:
                queue.give_back()

    tasks = [asyncio.create_task(ask(chance.choice("abc"))) for _ in range(60)]
    for task in tasks:
        await asyncio.sleep(0)
        if chance.random() < 0.3:
            task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert queue.is_idle
    assert 0 < high <= 3
