"""What requests hold of memory while Copilot thinks about them."""

import json
from pathlib import Path

import pytest

from tests.proxy import eventually
from tests.server.bench import HEAD, bench
from tests.server.test_kept_failure import resident_kb

TURNS, WAITING = 15_000, 6
AT_MOST = 4
"""How many times its body a request may hold while it waits."""

SLACK_MB = 15
"""What the process may need besides: the thread that reads large bodies, and the peak of reading one of them."""

TRANSLATED = {
    "/responses": ("/v1/chat/completions", "messages", "gpt-5.5"),
    "/chat/completions": ("/v1/responses", "input", "gpt-4o"),
}
"""Where to ask, the field of the turns, and the model, by where such a request goes up."""


def conversation(model: str, field: str, words: str) -> bytes:
    """A long conversation of short turns."""
    turns = [{"role": ("user", "assistant")[at % 2], "content": f"{at} " + "word " * 30} for at in range(TURNS)]
    turns.append({"role": "user", "content": words})
    return json.dumps({"model": model, "stream": True, field: turns}).encode()


@pytest.mark.proves("promise 8", "F56")
@pytest.mark.parametrize("up", TRANSLATED)
async def test_a_translated_request_that_waits_holds_little_more_than_its_body(tmp_path: Path, up: str) -> None:
    path, field, model = TRANSLATED[up]
    head, body = HEAD.replace("/v1/chat/completions", path), conversation(model, field, "[[delay 60]]")
    async with bench(tmp_path, executed=True) as own:
        before = resident_kb(own.proxy.pid) / 1e3
        for _ in range(WAITING):
            await own.dial(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await eventually(lambda: len(own.sim.seen(up)) == WAITING)
        held = resident_kb(own.proxy.pid) / 1e3 - before
        assert held < AT_MOST * WAITING * len(body) / 1e6 + SLACK_MB, held
