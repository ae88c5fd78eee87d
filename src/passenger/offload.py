"""Pure work on a large request, done in a thread of its own, so that the event loop goes on with everybody else's."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple, Unpack

HEAVY = 1024 * 1024
"""Bytes of a request, with what its values weigh, that are read within the event loop: in some milliseconds."""

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

_ONE = ThreadPoolExecutor(1, "passenger-offload")
"""One thread: what is read of two large bodies is never in memory at the same time."""


async def offload(heavy: bool, function: Callable[[Unpack[Arguments]], T], *arguments: *Arguments) -> T:
    """What a pure function gives, here or, where its work is heavy, in that thread.

    What every request goes through asks `heavy` itself and calls the function: that saves a coroutine, 0.5 us.
    """
    if not heavy:
        return function(*arguments)
    return await asyncio.get_running_loop().run_in_executor(_ONE, function, *arguments)
