"""The event loops that Passenger runs on, and a server of an ASGI application on one of them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any

import uvloop
from starlette.types import ASGIApp

from passenger.limits import Limits
from passenger.server.http.connection import ClientConnection
from passenger.server.http.service import Service
from passenger.server.http.serving import StreamTasks, serve_stream

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "uvloop": uvloop.new_event_loop,
    "asyncio": asyncio.new_event_loop,
}


def run(loop: str, main: Coroutine[Any, Any, None]) -> None:
    """Run it on a loop of this name, where nothing may fail unseen."""
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        failed = list[dict[str, Any]]()
        runner.get_loop().set_exception_handler(lambda _, context: failed.append(context))
        runner.run(main)
    assert failed == []


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, limits: Limits | None = None) -> AsyncIterator[tuple[int, set[ClientConnection]]]:
    """The port of a server of this application, and the connections that it has."""
    loop, connections, served = (
        asyncio.get_running_loop(),
        set[ClientConnection](),
        StreamTasks(partial(serve_stream, app)),
    )
    service = Service(served.serve, limits or Limits(), 1000, connections)
    server = await loop.create_server(lambda: ClientConnection(service, loop), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], connections
    finally:
        server.close()
        for one in list(connections):
            one.transport.abort()
        while connections or served.tasks:
            await asyncio.sleep(0)
