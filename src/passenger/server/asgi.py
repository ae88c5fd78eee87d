"""Serves a stream by an [ASGI](https://asgi.readthedocs.io/en/latest/specs/www.html) application."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from passenger.server.stream import ClientGone, Scope, Stream

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


async def serve(app: Application, stream: Stream) -> None:
    """Let the application serve a stream."""
    calls = _Calls(stream)
    await app(stream.scope, calls.receive, calls.send)


class _Calls:
    """What an application is given to call."""

    __slots__ = ("_has_all", "_stream")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._has_all = False

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
        if stream.ended or stream.is_full:
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
