"""`passenger status`: a server that runs, and none."""

import asyncio
import json
import socket

from passenger.simulator import Simulator
from tests.cli.conftest import Command, port_of
from tests.proxy import Proxy


async def test_a_running_server_tells_of_itself(command: Command, proxy: Proxy, simulator: Simulator) -> None:
    ended = await asyncio.to_thread(command, "status", "--port", port_of(proxy))
    assert (ended.code, ended.err) == (0, "")
    assert f"at {proxy.url} (process {proxy.pid})" in ended.out
    assert "none so far" in ended.out
    told = json.loads((await asyncio.to_thread(command, "status", "--json", "--port", port_of(proxy))).out)
    assert set(told) == {"running", "state", "url", "holder", "server"}
    assert (told["running"], told["state"], told["url"]) == (True, "ours", proxy.url)
    assert set(told["server"]) == {
        *("version", "pid", "started", "urls", "workers", "ready", "status", "degraded", "needs_key", "logged_in"),
        *("account", "models", "requests"),
    }
    assert told["server"]["account"]["login"] in ended.out
    assert set(told["server"]["requests"]) == {"requests", "failed", "input", "cached", "output", "nano_credits"}


def test_without_a_server_it_says_so_and_the_exit_code_too(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    ended = command("status", "--port", port)
    assert (ended.code, ended.out) == (1, "")
    assert f"no server runs at http://127.0.0.1:{port}; `passenger --port {port}` starts one" in ended.err
    told = command("status", "--json", "--port", port)
    assert (told.code, told.err) == (1, "")
    assert json.loads(told.out) == {
        "running": False,
        "state": "nothing",
        "url": f"http://127.0.0.1:{port}",
        "holder": None,
        "server": None,
    }
