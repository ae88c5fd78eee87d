"""An answer that is asked for once."""

import asyncio

import pytest

from passenger.doctor.once import Once


async def test_all_who_ask_get_the_same_answer_or_error() -> None:
    asked: list[int] = []

    async def ask() -> int:
        asked.append(1)
        await asyncio.sleep(0)
        raise ValueError("no")

    once = Once(ask)
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            await once()
    assert asked == [1]


async def test_who_stops_waiting_stops_nobody_else() -> None:
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def ask() -> str:
        return await told

    once = Once(ask)

    async def wait() -> str:
        return await once()

    first, second = asyncio.create_task(wait()), asyncio.create_task(wait())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    told.set_result("an answer")
    assert await second == "an answer"
