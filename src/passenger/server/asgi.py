"""Serves streams by an [ASGI](https://asgi.readthedocs.io/en/latest/specs/www.html) application, each in a task."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from passenger.server.stream import ClientGone, Scope, Stream

log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

ON_GONE = "passenger.on_gone"
"""The scope's key for what is called when the client is gone: to wait for a message costs a task a request."""

SORRY = b"Internal Server Error"
_SORRY_HEADERS = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", b"%d" % len(SORRY)),
    (b"connection", b"close"),
)


class Asgi:
    """Serves each stream in a task of its own."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._tasks: dict[Stream, asyncio.Task[None]] = {}

    def serve(self, stream: Stream) -> None:
        """Begin to serve a stream."""
        self._tasks[stream] = stream.loop.create_task(self._run(stream))

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """Those that are not done."""
        return list(self._tasks.values())

    async def _run(self, stream: Stream) -> None:
        calls = _Calls(stream)
        stream.on_gone = calls.gone
        try:
            await self._app(stream.scope, calls.receive, calls.send)
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
        stream.answer(500, _SORRY_HEADERS, SORRY)


class _Calls:
    """What an application is given to call."""

    __slots__ = ("_has_all", "_stream")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._has_all = False

    def gone(self) -> None:
        """Tell who is served by the way that it left."""
        on_gone = self._stream.scope.get(ON_GONE)
        if on_gone is not None:
            on_gone()

    async def receive(self) -> Message:
        """What has come of the body; after its end, that the client has left or has its answer."""
        stream = self._stream
        if stream.complete and not self._has_all and not stream.ended:
            self._has_all = True
            return {"type": "http.request", "body": stream.take(), "more_body": False}
        while self._has_all and not stream.ended:
            await stream.news()
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
        if stream.ended:
            await asyncio.sleep(0)  # else one that sends without end to nobody would stop everybody
        elif stream.is_full:
            await stream.drain()
        if message["type"] == "http.response.start":
            headers = message.get("headers", ())
            stream.head(message["status"], [(name.lower(), value) for name, value in headers])
        elif not stream.started:
            raise RuntimeError(f"{message['type']} before the answer has begun")
        elif message.get("more_body", False):
            stream.piece(message.get("body", b""))
        else:
            stream.end(message.get("body", b""))
