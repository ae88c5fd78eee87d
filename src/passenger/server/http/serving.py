"""Serves each stream in a task, by a function or by an [ASGI](https://asgi.readthedocs.io/) application."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message

from passenger.server.http.stream import ClientGone, Stream

log = logging.getLogger(__name__)

StreamHandler = Callable[[Stream], Awaitable[None]]
"""Answers a stream; the answer is complete when it returns."""

SORRY = b"Internal Server Error"
_SORRY_HEADERS = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", b"%d" % len(SORRY)),
    (b"connection", b"close"),
)


class StreamTasks:
    """Runs a task for each stream; an application that fails answers 500."""

    def __init__(self, app: StreamHandler) -> None:
        self._app = app
        self._tasks: dict[Stream, asyncio.Task[None]] = {}

    def serve(self, stream: Stream) -> None:
        """Start the task that serves a stream."""
        self._tasks[stream] = stream.loop.create_task(self._run(stream))

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """The running tasks."""
        return list(self._tasks.values())

    async def _run(self, stream: Stream) -> None:
        try:
            await self._app(stream)
            if not stream.ended:
                log.error("the application left its answer unfinished")
                _apologize(stream)
        except Exception:
            log.exception("the application failed")
            _apologize(stream)
        except BaseException:
            stream.abort()
            raise
        finally:
            del self._tasks[stream]


def _apologize(stream: Stream) -> None:
    if stream.started:
        stream.abort()
    else:
        stream.respond(500, _SORRY_HEADERS, SORRY)


async def serve_stream(app: ASGIApp, stream: Stream) -> None:
    """Let the application serve a stream."""
    calls = _Calls(stream)
    await app(stream.scope, calls.receive, calls.send)


class _Calls:
    """The `receive` and `send` of a stream."""

    __slots__ = ("_has_all", "_stream")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._has_all = False

    async def receive(self) -> Message:
        """The next piece of the body; after its end, the disconnect once the client has left or has its answer."""
        stream = self._stream
        if stream.complete and not self._has_all and not stream.ended:
            self._has_all = True
            return {"type": "http.request", "body": stream.take(), "more_body": False}
        while self._has_all and not stream.ended:
            await stream.wait_for_data()
        if stream.ended:
            return {"type": "http.disconnect"}
        try:
            body = await stream.read()
        except ClientGone:
            return {"type": "http.disconnect"}
        self._has_all = stream.complete
        return {"type": "http.request", "body": body, "more_body": not stream.complete}

    async def send(self, message: Message) -> None:
        """Send the head, or a piece of the body."""
        stream = self._stream
        if stream.ended or stream.is_full:
            await stream.drain()
        if message["type"] == "http.response.start":
            headers = message.get("headers", ())
            stream.start(message["status"], [(name.lower(), value) for name, value in headers])
        elif not stream.started:
            raise RuntimeError(f"{message['type']} before the answer has begun")
        elif message.get("more_body", False):
            stream.write(message.get("body", b""))
        else:
            stream.end(message.get("body", b""))
