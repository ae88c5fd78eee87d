"""The relay that spoils the first turn over a WebSocket: it spoils that alone, in the way that it was told."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest
from clients.faults import CLOSED, CUT, ERRORS, FAULTS, LIMITED, REFUSALS, is_turn, judge, spoiling
from clients.process import Ended
from clients.tap import Asked
from clients.verdict import PASSED, Seen

from tests.server.bench import bench

TURN = {"type": "response.create", "model": "gpt-5.5", "input": "hello"}
SECRET = "seat-0123456789ab"


async def told(socket: aiohttp.ClientWebSocketResponse) -> list[str | int]:
    """The types of events of one turn, up to its end or that of the socket."""
    found: list[str | int] = []
    async with asyncio.timeout(30):
        while True:
            message = await socket.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                return [*found, message.data if message.type is aiohttp.WSMsgType.CLOSE else "gone"]
            event = json.loads(message.data)
            found.append(event["type"])
            if event["type"] in {"error", "response.completed"}:
                return found


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_first_turn_is_spoilt_and_http_is_not(tmp_path: Path, fault: str) -> None:
    async with bench(tmp_path) as own, spoiling(own.proxy.url, fault) as (host, port):
        url = f"http://{host}:{port}/v1/responses"
        if fault in REFUSALS:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await own.http.ws_connect(url)
            assert refused.value.status == REFUSALS[fault]
        else:
            async with own.http.ws_connect(url) as socket:
                await socket.send_json({**TURN, "generate": False})
                assert (await told(socket))[-1] == "response.completed"
                await socket.send_json(TURN)
                spoilt = await told(socket)
                ends = {CLOSED: 1011, CUT: "gone"}
                assert spoilt[-1] == ends.get(fault, "error")
                assert ("response.created" in spoilt) == (fault not in ERRORS)
            async with own.http.ws_connect(url) as socket:
                await socket.send_json(TURN)
                assert (await told(socket))[-1] == "response.completed"
        body = {"model": "gpt-5.5", "input": "hello", "stream": True}
        async with own.http.post(url, json=body) as answer:
            assert answer.status == 200
            assert b"response.completed" in await answer.read()


def test_a_warm_up_is_no_turn() -> None:
    assert is_turn(json.dumps(TURN))
    assert not is_turn(json.dumps({**TURN, "generate": False}))
    assert not is_turn('{"type": "response.steer"}')


def seen(upgrades: int, *, code: int | None = 0, said: str = f"It says {SECRET}") -> Seen:
    asked = [Asked("GET", "/v1/responses", 101)] * upgrades
    both = ("/responses", "/responses")
    return Seen(ended=Ended(code, said, ""), secret=SECRET, asked=asked, reached=both, carried=both)


def test_one_websocket_more_is_taken_well_and_no_more() -> None:
    assert judge(CLOSED, seen(2)) == PASSED
    assert judge(CLOSED, seen(3)) == "it did its work, after 2 more WebSockets"
    assert judge("upgrade refused with 503", seen(7)) == f"{PASSED} (it asked for a WebSocket 7 times)"
    assert "no end in time" in judge(CLOSED, seen(1, code=None))
    assert (
        judge(LIMITED, seen(1, code=1, said="ERROR: last status: 429")) == f"{PASSED} (it ends at once, and says 429)"
    )
    assert judge(LIMITED, seen(1, code=1, said="ERROR")).startswith("exit code 1")
