"""A failure that is kept for everybody keeps nothing of those who heard of it."""

import io
import json
import re
from pathlib import Path

import pytest

from passenger.simulator import Fault
from tests.server.bench import EXCHANGE, Bench, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEGABYTE = 1024 * 1024
WARM_UP = 50
REFUSED = 200
ROOM_KB = 8 * 1024
"""What memory may grow by beside its steady state: one in twenty-five of the bodies."""


def resident_kb(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1])


async def refused(own: Bench, body: bytes, times: int, status: int) -> None:
    for _ in range(times):
        assert (await own.post(body)).status == status


async def growth(own: Bench, body: bytes, status: int) -> int:
    """KB by which memory grows with many refused requests."""
    await refused(own, body, WARM_UP, status)
    before = resident_kb(own.proxy.pid)
    await refused(own, body, REFUSED, status)
    return resident_kb(own.proxy.pid) - before


@pytest.mark.proves("promise 8", "F8")
async def test_requests_that_hear_of_a_refused_login_leave_nothing_behind(tmp_path: Path) -> None:
    async with bench(tmp_path, primed=False, executed=True) as own:
        own.sim.revoke_login()
        body = json.dumps(asking("x" * MEGABYTE)).encode()
        assert await growth(own, body, 401) < ROOM_KB
        assert len(own.sim.seen(EXCHANGE)) < REFUSED


@pytest.mark.proves("promise 8", "F21")
async def test_requests_that_hear_of_a_list_of_models_that_cannot_be_had_leave_nothing_behind(tmp_path: Path) -> None:
    async with bench(tmp_path, primed=False, executed=True) as own:
        own.sim.inject(Fault(status=503), path="/models", times=None)
        head = {f"x-padding-{number}": "x" * 8000 for number in range(4)}
        for times in (WARM_UP, REFUSED * 2):
            before = resident_kb(own.proxy.pid)
            for _ in range(times):
                assert (await own.get("/v1/models", head)).status == 503
        assert resident_kb(own.proxy.pid) - before < ROOM_KB
        assert len(own.sim.seen("/models")) < WARM_UP


REFUSALS = {
    "a model that there is not": ("/v1/chat/completions", {"model": "nobody-has-it"}, "", 404),
    "a field that is wrong": ("/v1/messages", {"temperature": "hot"}, "", 400),
    "a limit of Copilot's": ("/v1/chat/completions", {}, "[[status 429]]", 429),
    "a connection that breaks": ("/v1/messages", {}, "[[reset]]", 502),
}


@pytest.mark.proves("promise 8")
@pytest.mark.parametrize("what", REFUSALS)
async def test_requests_that_fail_leave_nothing_behind(shared: Bench, what: str) -> None:
    path, fields, directive, status = REFUSALS[what]
    said = [{"role": "user", "content": f"{directive} {'x' * MEGABYTE}"}]
    body = {"model": "gemini-2.5-pro", "max_tokens": 9, "messages": said, **fields}
    data, before = json.dumps(body).encode(), 0
    for times in (20, REFUSED // 5):
        before = resident_kb(shared.proxy.pid)
        for _ in range(times):
            answer = await shared.send(
                "POST", path, data=io.BytesIO(data), headers={"content-type": "application/json"}
            )
            assert answer.status == status, answer.body
    assert resident_kb(shared.proxy.pid) - before < ROOM_KB
