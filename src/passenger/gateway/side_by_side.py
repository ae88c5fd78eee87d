"""Several things at once, of which either all succeed or none is left behind."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


async def all_of(coroutines: Sequence[Coroutine[Any, Any, T]], undo: Callable[[T], None]) -> list[T]:
    """What each gives. Where one fails, or the caller is cancelled, the others end and what they gave is undone."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for given in await _ended(tasks):
            if not isinstance(given, BaseException):
                undo(given)
        raise


async def merged(streams: Sequence[AsyncIterator[T]]) -> AsyncGenerator[tuple[int, T], None]:
    """The items of all streams as they come, each with the number of its stream.

    Nobody is asked for more than one item ahead. Where one fails, or the caller goes, none is asked any more.
    """
    waiting = {asyncio.ensure_future(_next(stream)): index for index, stream in enumerate(streams)}
    try:
        while waiting:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in sorted(done, key=waiting.__getitem__):
                index = waiting.pop(task)
                if found := task.result():
                    waiting[asyncio.ensure_future(_next(streams[index]))] = index
                    yield index, found[0]
    finally:
        await _ended(list(waiting))


async def _next(stream: AsyncIterator[T]) -> tuple[T] | None:
    async for item in stream:
        return (item,)
    return None


async def _ended(tasks: Sequence[asyncio.Future[T]]) -> list[T | BaseException]:
    for task in tasks:
        task.cancel()
    return await asyncio.gather(*tasks, return_exceptions=True)
