"""When the tokenizer's process begins and ends, seen from outside."""

from pathlib import Path

import pytest

from tests.proxy import Proxy, eventually
from tests.server.bench import bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKED = {"model": "gpt-4o", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}


def tokenizers(proxy: Proxy) -> list[int]:
    """The processes that count, of the server or of its workers."""
    return [pid for pid in _below(proxy.pid) if b"passenger.tokens.worker" in _command(pid)]


def _below(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [one for child in map(int, children) for one in (child, *_below(child))]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.proves("F50")
async def test_it_is_there_before_anybody_counts_and_goes_with_the_server(tmp_path: Path) -> None:
    async with bench(tmp_path, primed=False, executed=True) as one:
        found = await eventually(lambda: tokenizers(one.proxy))
        answer = await one.send("POST", "/v1/messages/count_tokens", json=ASKED)
        assert (answer.status, tokenizers(one.proxy)) == (200, found)
    await eventually(lambda: not _command(found[0]))


async def test_a_client_that_may_count_makes_a_worker_ready_for_it(tmp_path: Path) -> None:
    """Among several workers none begins one on its own account: each would take its memory."""
    async with bench(tmp_path, "--workers", "2", executed=True) as one:
        assert (await one.send("POST", "/v1/messages", json=ASKED)).status == 200
        assert len(await eventually(lambda: tokenizers(one.proxy))) == 1
