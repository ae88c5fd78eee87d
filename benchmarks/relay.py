"""The yardstick: the least that uvicorn and aiohttp can do as a relay, with no token, no check and no log.

Run as `python -m benchmarks.relay PORT UPSTREAM_URL`.
"""

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import aiohttp
import uvicorn

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HEADERS = {"Authorization": "Bearer benchmark", "Content-Type": "application/json", "Accept-Encoding": "identity"}


class Relay:
    """Sends every body up as it came and every piece of the answer down as it comes."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["method"] == "GET":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": b"OK"})
            return
        body = await _read(receive)
        async with self._client().post(self._url, data=body, headers=HEADERS) as answer:
            kind = answer.headers["Content-Type"].encode()
            await send({"type": "http.response.start", "status": answer.status, "headers": [(b"content-type", kind)]})
            async for piece in answer.content.iter_any():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _client(self) -> aiohttp.ClientSession:
        if self._http is None:
            connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None)
            self._http = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self._http


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


if __name__ == "__main__":
    relay = Relay(f"{sys.argv[2]}/chat/completions")
    uvicorn.run(relay, port=int(sys.argv[1]), http="httptools", lifespan="off", log_level="warning", access_log=False)
