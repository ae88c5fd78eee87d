"""A relay before Passenger that spoils the first turn over a WebSocket, each time in one of the ways that happen.

What clients do then: they ask again on a new WebSocket or over HTTP, with their whole input. HTTP passes as it is.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web

from clients.verdict import PASSED, Seen, last_words, verdict

REFUSALS = {"upgrade refused with 426": 426, "upgrade refused with 503": 503, "upgrade refused with 403": 403}
"""Every upgrade is answered so."""

LIMITED = "error with status 429"
ERRORS: Mapping[str, tuple[int, str]] = {
    "error `websocket_connection_limit_reached`": (400, "websocket_connection_limit_reached"),
    "error `previous_response_not_found`": (400, "previous_response_not_found"),
    LIMITED: (429, "rate_limit_exceeded"),
}
"""The first turn is answered with an error frame that has a status, as all of Passenger's have."""

CLOSED, CUT = "closed with 1011 in the middle", "cut in the middle"
FAULTS = (*REFUSALS, *ERRORS, CLOSED, CUT)

SOON = 30.0
"""Seconds after which a client hangs."""

PASSED_ON = 3
"""Frames of an answer that are passed on before it is spoilt."""

_HOPS = {"connection", "host", "transfer-encoding", "content-length", "upgrade", "accept-encoding"}
_SOCKET = {"sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"}


@dataclass
class FaultRelay:
    """Carries requests to a server at `url`, and spoils what its fault says."""

    url: str
    fault: str
    session: aiohttp.ClientSession
    struck: bool = False

    async def carry(self, request: web.Request) -> web.StreamResponse:
        """Carry one request, or refuse its upgrade."""
        if request.headers.get("upgrade", "").lower() != "websocket":
            return await self._carry_http(request)
        if (status := REFUSALS.get(self.fault)) is not None:
            return web.json_response({"error": {"message": "spoilt", "type": "server_error"}}, status=status)
        return await self._carry_socket(request)

    async def _carry_http(self, request: web.Request) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOPS}
        url, body = self.url + request.path_qs, await request.read()
        async with self.session.request(request.method, url, headers=headers, data=body) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOPS}
            told = web.StreamResponse(status=answer.status, headers=kept)
            await told.prepare(request)
            async for piece in answer.content.iter_any():
                await told.write(piece)
            await told.write_eof()
            return told

    async def _carry_socket(self, request: web.Request) -> web.WebSocketResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOPS | _SOCKET}
        near = web.WebSocketResponse(timeout=1, max_msg_size=0)
        await near.prepare(request)
        async with self.session.ws_connect(self.url + request.path_qs, headers=headers, max_msg_size=0) as far:
            up = asyncio.create_task(self._carry_up(near, far))
            down = asyncio.create_task(self._carry_down(request, near, far))
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            for task in (up, down):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                    await task
            await near.close()
        return near

    async def _carry_up(self, near: web.WebSocketResponse, far: aiohttp.ClientWebSocketResponse) -> None:
        async for message in near:
            if message.type is not WSMsgType.TEXT:
                continue
            if not self.struck and self.fault in ERRORS and is_turn(message.data):
                self.struck = True
                await near.send_str(json.dumps(error_frame(*ERRORS[self.fault])))
            else:
                await far.send_str(message.data)

    async def _carry_down(
        self, request: web.Request, near: web.WebSocketResponse, far: aiohttp.ClientWebSocketResponse
    ) -> None:
        passed = 0
        async for message in far:
            if message.type is not WSMsgType.TEXT:
                continue
            await near.send_str(message.data)
            passed = passed + 1 if b"output_item" in message.data.encode() or passed else 0
            if passed < PASSED_ON or self.struck or self.fault not in {CLOSED, CUT}:
                continue
            self.struck = True
            if self.fault == CLOSED:
                await near.close(code=1011)
            elif request.transport is not None:
                request.transport.abort()
            return


def is_turn(text: str) -> bool:
    """Whether a frame asks for an answer, and does not only warm a model up."""
    event: Any = json.loads(text)
    return bool(event.get("type") == "response.create" and event.get("generate") is not False)


def error_frame(status: int, code: str) -> Mapping[str, object]:
    """An error as Passenger tells it on a WebSocket."""
    error = {"type": "invalid_request_error", "code": code, "message": "spoilt", "param": None}
    return {"type": "error", "status": status, "error": error}


def judge(fault: str, seen: Seen) -> str:
    """`passed` where the work was done in time, with at most one WebSocket more than without the fault."""
    upgrades = [one for one in seen.asked if one.method == "GET" and one.path.partition("?")[0].endswith("/responses")]
    work = Seen(**{**vars(seen), "asked": [one for one in seen.asked if one not in upgrades]})
    again = len(upgrades) - 1
    if fault == LIMITED and seen.ended.code and "429" in last_words(seen.ended) and not again:
        return f"{PASSED} (it ends at once, and says 429)"
    if (result := verdict(work)) != PASSED:
        return result
    if again > 1 and fault not in REFUSALS:
        return f"it did its work, after {again} more WebSockets"
    if fault in REFUSALS and again:
        return f"{PASSED} (it asked for a WebSocket {again + 1} times)"
    return PASSED


@contextlib.asynccontextmanager
async def spoiling(url: str, fault: str) -> AsyncIterator[tuple[str, int]]:
    """The host and port of a relay to a server, until the block is left."""
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{path:.*}", FaultRelay(url, fault, session).carry)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            yield host, port
        finally:
            await runner.cleanup()
