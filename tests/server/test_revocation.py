"""What ends the running answers of revoked keys looks only while there are any."""

import asyncio

from passenger.errors import Failure
from passenger.server import revocation
from passenger.server.inflight import InflightRequest, InflightRequests
from passenger.server.revocation import RevocationWatch
from passenger.team.key_ring import KeyRing


async def test_it_looks_only_while_such_requests_run() -> None:
    inflight, looks = InflightRequests(), list[None]()
    ring = KeyRing()

    def look() -> KeyRing:
        looks.append(None)
        return ring

    watch = RevocationWatch(inflight, look)
    watch._look()
    assert looks == []
    ended = asyncio.Event()

    async def run(key: str) -> str | None:
        request = InflightRequest(inflight, None)
        request.key = key
        try:
            with request:
                await ended.wait()
        except Failure as failure:
            return failure.code
        return None

    tasks = [asyncio.create_task(run(key)) for key in ("one", "two", "")]
    await asyncio.sleep(0)
    watch._look()
    assert len(looks) == 1
    ring = KeyRing(cut=frozenset({"one"}))
    watch._look()
    assert await tasks[0] == "key_revoked"
    ended.set()
    assert await asyncio.gather(*tasks[1:]) == [None, None]
    watch._look()
    assert len(looks) == 2
    assert revocation.INTERVAL <= 1
