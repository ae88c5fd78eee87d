"""Several things at once: all of them, or none that is left behind."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from passenger.gateway.side_by_side import all_of, merged

pytestmark = pytest.mark.asyncio


async def given(value: int, after: asyncio.Event | None = None) -> int:
    if after is not None:
        await after.wait()
    return value


async def failing(after: asyncio.Event | None = None) -> int:
    await given(0, after)
    raise ValueError("no")


async def test_all_results_come_in_their_order() -> None:
    first = asyncio.Event()
    first.set()
    assert await all_of([given(1, first), given(2)], lambda _: None) == [1, 2]


async def test_where_one_fails_nothing_is_left_behind() -> None:
    undone, never, after = list[int](), asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().call_later(0, after.set)
    before = asyncio.all_tasks()
    with pytest.raises(ValueError, match="no"):
        await all_of([given(1), given(2, never), failing(after)], undone.append)
    assert undone == [1]
    assert asyncio.all_tasks() == before


async def test_where_the_caller_is_cancelled_nothing_is_left_behind() -> None:
    undone, never, begun = list[int](), asyncio.Event(), asyncio.Event()

    async def telling() -> int:
        begun.set()
        return 1

    before = asyncio.all_tasks()
    task = asyncio.create_task(all_of([given(2, never), telling()], undone.append))
    await begun.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert undone == [1]
    assert asyncio.all_tasks() == before


async def items(*values: int, after: asyncio.Event | None = None, broken: bool = False) -> AsyncIterator[int]:
    for value in values:
        yield value
    if after is not None:
        await after.wait()
    if broken:
        raise ValueError("no")


async def test_the_items_of_all_streams_come_with_their_numbers_each_stream_in_order() -> None:
    found = [pair async for pair in merged([items(1, 2, 3), items(), items(4, 5)])]
    assert [value for index, value in found if index == 0] == [1, 2, 3]
    assert [value for index, value in found if index == 2] == [4, 5]
    assert len(found) == 5


async def test_a_stream_that_waits_holds_up_no_other() -> None:
    never, found = asyncio.Event(), list[int]()
    before = asyncio.all_tasks()
    parts = merged([items(after=never), items(1, 2)])
    async for _, value in parts:
        found.append(value)
        if value == 2:
            break
    await parts.aclose()
    assert found == [1, 2]
    assert asyncio.all_tasks() == before


async def test_where_one_stream_fails_none_is_asked_any_more() -> None:
    never, before = asyncio.Event(), asyncio.all_tasks()
    with pytest.raises(ValueError, match="no"):
        async for _ in merged([items(after=never), items(1, broken=True)]):
            pass
    assert asyncio.all_tasks() == before
