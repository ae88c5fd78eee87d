"""An order to throw everything away reaches whoever looks, once."""

from pathlib import Path

import pytest

from passenger.cache.clearing import FILE, ClearOrders, order_clearing
from tests.cache.test_chats import GPT, ask, question
from tests.cache.test_embeddings import embed
from tests.proxy import profile_of
from tests.server.bench import bench


def test_each_order_is_news_once_for_everybody(tmp_path: Path) -> None:
    first = ClearOrders(tmp_path)
    assert not first.is_new()
    assert list(tmp_path.iterdir()) == []
    order_clearing(tmp_path)
    second = ClearOrders(tmp_path)
    assert first.is_new()
    assert not first.is_new()
    assert not second.is_new()
    order_clearing(tmp_path)
    assert first.is_new()
    assert second.is_new()
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_what_is_kept_is_thrown_away_in_every_worker(tmp_path: Path, workers: str) -> None:
    async with bench(tmp_path, "--workers", workers) as one:
        asked = question("completions", GPT, "Hello", stream=False)
        for _ in range(8):
            await ask(one, asked)
            await embed(one, "words")
        assert (await ask(one, asked)).headers["x-passenger-cache"] in {"hit", "stored"}
        order_clearing(profile_of(one.sim, one.proxy.home / ".local" / "state" / "passenger"))
        seen = set()
        for _ in range(16):
            answer = await ask(one, asked)
            seen.add(answer.headers["x-passenger-cache"])
        assert "stored" in seen
        assert (await embed(one, "words")).headers["x-passenger-cache"] == "stored"
