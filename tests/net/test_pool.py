"""Which connections are kept, for how long, and which of them is taken."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from passenger.net.connection import UpstreamConnection
from passenger.net.origin import Origin
from passenger.net.pool import ConnectionPool
from tests.net.loops import on_each_loop
from tests.net.scripted import Scripted, scripted
from tests.proxy import eventually

SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET / HTTP/1.1\r\n\r\n"


@contextlib.asynccontextmanager
async def pooling(keep_alive: float = 60.0) -> AsyncIterator[tuple[ConnectionPool, Scripted]]:
    async with scripted(SHORT) as server:
        pool = ConnectionPool(keep_alive)
        yield pool, server
        await pool.close()


async def used(
    pool: ConnectionPool, server: Scripted, host: str = "one.test", *, keep: bool = True
) -> UpstreamConnection:
    """A connection that has served, and is idle where it may be."""
    loop = asyncio.get_running_loop()
    _, made = await loop.create_connection(
        lambda: UpstreamConnection(loop, Origin("http", host, 80)), "127.0.0.1", server.port
    )
    pool.add(made, keep=keep)
    await made.ask("GET", GET).wait_for_head()
    return made


@on_each_loop
async def test_the_one_that_was_used_last_is_taken_first_and_none_twice() -> None:
    async with pooling() as (pool, server):
        origin = Origin("http", "one.test", 80)
        assert pool.take(origin) is None
        first, second = await used(pool, server), await used(pool, server)
        assert [pool.take(origin) for _ in range(3)] == [second, first, None]


@on_each_loop
async def test_each_origin_has_its_own() -> None:
    async with pooling() as (pool, server):
        one = await used(pool, server)
        assert pool.take(Origin("http", "two.test", 80)) is None
        assert pool.take(Origin("https", "one.test", 80)) is None
        assert pool.take(Origin("http", "one.test", 80)) is one


@on_each_loop
async def test_one_that_is_not_to_be_kept_is_closed_after_its_answer() -> None:
    async with pooling() as (pool, server):
        one = await used(pool, server, keep=False)
        assert pool.take(one.origin) is None
        await eventually(lambda: server.open == 0)


@on_each_loop
async def test_idle_ones_are_closed_after_their_time_and_others_stay() -> None:
    async with pooling(0.3) as (pool, server):
        busy = await used(pool, server)
        assert pool.take(busy.origin) is busy
        for _ in range(3):
            await used(pool, server)
        assert server.open == 4
        await eventually(lambda: server.open == 1)
        assert pool.take(busy.origin) is None
        assert busy.is_usable
        await busy.ask("GET", GET).wait_for_head()
        await eventually(lambda: server.open == 0)


@on_each_loop
async def test_the_pools_end_closes_all() -> None:
    async with scripted(SHORT) as server:
        pool = ConnectionPool()
        for _ in range(3):
            await used(pool, server)
        await pool.close()
        await eventually(lambda: server.open == 0)
