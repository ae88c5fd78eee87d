"""Pure work on a large request, done in a thread so that the event loop can go on."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple, Unpack

HEAVY = 1024 * 1024
"""Bytes of a request, values weighed in, up to which it is read in the event loop: some milliseconds."""

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

_ONE = ThreadPoolExecutor(1, "passenger-offload")
"""One thread, so that two large bodies are never decoded at the same time."""


async def offload(heavy: bool, function: Callable[[Unpack[Arguments]], T], *arguments: *Arguments) -> T:
    """The result of a pure function, which runs in a thread if its work is heavy.

    The path of every request checks `heavy` itself, which saves a coroutine (0.5 us).
    """
    if not heavy:
        return function(*arguments)
    return await asyncio.get_running_loop().run_in_executor(_ONE, function, *arguments)
