"""`passenger resume` without a server, and with one at which nothing is paused."""

import asyncio
import socket

from tests.cli.conftest import Command, port_of
from tests.proxy import Proxy


def test_without_a_server_nothing_is_paused(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    ended = command("resume", "a1b2", "--port", port)
    assert (ended.code, ended.out) == (1, "")
    assert f"no server runs at http://127.0.0.1:{port}, so no session is paused" in ended.err


async def test_a_session_that_is_not_paused_is_named(command: Command, proxy: Proxy) -> None:
    ended = await asyncio.to_thread(command, "resume", "a/b ?", "--port", port_of(proxy))
    assert (ended.code, ended.out) == (1, "")
    assert "404" in ended.err
    ended = await asyncio.to_thread(command, "resume", "a1b2", "--port", port_of(proxy))
    assert (ended.code, ended.out) == (1, "")
    assert "no session 'a1b2' is paused" in ended.err
