"""Blocking work beside the event loop, in a thread that keeps nobody waiting: not even the end of the process."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """The result of `work`; whoever no longer waits for it leaves it to end by itself."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    threading.Thread(target=_run, args=(work, loop, future), name="doctor", daemon=True).start()
    return await future


def _run(work: Callable[[], T], loop: asyncio.AbstractEventLoop, future: "asyncio.Future[T]") -> None:
    try:
        tell = partial(future.set_result, work())
    except Exception as error:  # noqa: BLE001 - it is raised to whoever waits
        tell = partial(future.set_exception, error)
    with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits
        loop.call_soon_threadsafe(lambda: None if future.done() else tell())
