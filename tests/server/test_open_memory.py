"""What a stream holds of memory while it is open: little, and nothing of its request."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.server.bench import HEAD, Bench, Wire, bench
from tests.server.test_kept_failure import resident_kb

STREAMS, MOST_KB = 300, 33
"""So many at once, and what each may hold: a third more than was measured (23 to 25 KB)."""

LARGE, OPEN = 100_000, 200
"""Bytes of a large request, and how many are open."""

WAYS = {
    "relayed": ("/v1/chat/completions", "gpt-4o"),
    "translated": ("/v1/messages", "gpt-4o"),
    "relayed by Responses": ("/v1/responses", "gpt-5.5"),
}


def asked(way: str, words: str = "") -> bytes:
    """A request for a stream that begins, and then says nothing more."""
    path, model = WAYS[way]
    said = [{"role": "user", "content": f"{words}[[stall 6]]"}]
    fields = {"input": said} if path.endswith("responses") else {"messages": said, "max_tokens": 100}
    body = json.dumps({"model": model, "stream": True, **fields}).encode()
    return f"{HEAD.replace('/v1/chat/completions', path)}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def begun(own: Bench, request: bytes) -> Wire:
    """A stream whose first words are there."""
    wire = await own.dial(request)
    await wire.until(b"data: ")
    return wire


@pytest.mark.proves("promise 8")
@pytest.mark.parametrize("way", WAYS)
async def test_an_open_stream_holds_a_few_kilobytes(tmp_path: Path, way: str) -> None:
    async with bench(tmp_path, executed=True) as own:
        await asyncio.gather(*(begun(own, asked(way)) for _ in range(20)))
        before = resident_kb(own.proxy.pid)
        await asyncio.gather(*(begun(own, asked(way)) for _ in range(STREAMS)))
        assert (resident_kb(own.proxy.pid) - before) / STREAMS < MOST_KB


@pytest.mark.proves("promise 8")
@pytest.mark.parametrize("way", ["relayed", "translated"])
async def test_a_stream_that_flows_holds_nothing_of_its_request(tmp_path: Path, way: str) -> None:
    async with bench(tmp_path, executed=True) as own:
        request = asked(way, "word " * (LARGE // 5))
        await begun(own, request)
        before = resident_kb(own.proxy.pid)
        for _ in range(OPEN):
            await begun(own, request)
        assert (resident_kb(own.proxy.pid) - before) / OPEN < LARGE / 1024 / 3
