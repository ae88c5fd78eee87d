"""How long this driver itself stood still, because the machine had other work: no time measured here is finer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

TICK = 0.005
"""Seconds that a tick should take."""


@asynccontextmanager
async def stalls() -> AsyncIterator[list[float]]:
    """By how many seconds each tick came too late, for as long as the block lasts."""
    late: list[float] = []
    ticking = asyncio.create_task(_tick(late))
    try:
        yield late
    finally:
        ticking.cancel()


async def _tick(late: list[float]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + TICK
        await asyncio.sleep(TICK)
        late.append(loop.time() - due)
