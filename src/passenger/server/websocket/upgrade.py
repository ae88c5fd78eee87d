"""Decides whether a request becomes a WebSocket. One that does not is answered as any other request is."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from passenger.errors import Failure, Kind
from passenger.gateway.recorder import Recorder
from passenger.limits import Limits
from passenger.server.addresses import normalize_path
from passenger.server.guard import Guard
from passenger.server.http.service import Service
from passenger.server.http.stream import Stream
from passenger.server.inflight import InflightRequests
from passenger.server.scope import begin

if TYPE_CHECKING:
    from passenger.server.websocket.connection import WebSocketConnection

REFUSAL = "passenger.websocket_refusal"
"""The scope's key for why a request that could be a WebSocket is none."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What lets requests in, and whether their answers are kept in a store unless they say that they are not to be."""

    guard: Guard
    inflight: InflightRequests
    limits: Limits
    is_kept: bool


class WebSockets:
    """The WebSockets of a process, on `paths`. The library is loaded for the first of them."""

    def __init__(self, admission: Admission, recorder: Recorder, paths: Collection[str]) -> None:
        self._admission = admission
        self._recorder = recorder
        self._paths = frozenset(paths)
        self._open = set["WebSocketConnection"]()

    def upgrade(
        self,
        service: Service,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        stream: Stream,
        rest: bytes,
    ) -> bool:
        """Whether the connection is a WebSocket from now on. The 101 is sent behind the guard alone."""
        scope = stream.scope
        if stream.headers.get(b"upgrade", b"").lower() != b"websocket" or scope["method"] != "GET":
            return False
        if normalize_path(scope["path"]) not in self._paths:
            return False
        try:
            principal = self._admission.guard.check(scope, stream.headers)
        except Failure:
            return False  # the same check refuses it, and says so
        if len(self._open) >= self._admission.limits.websockets:
            scope[REFUSAL] = _too_many(self._admission.limits.websockets)
            return False
        answer = _shake_hands(stream)
        if answer is None:
            return False
        from passenger.server.websocket.connection import WebSocketConnection  # noqa: PLC0415 - few clients want it

        exchange = begin(scope, stream.headers)
        exchange.principal, exchange.status = principal, 101
        exchange.complete()
        socket = WebSocketConnection(service, self._admission, dict(scope), loop, self._open.discard)
        self._open.add(socket)
        transport.write(answer)
        socket.take_over(transport, rest)
        self._recorder.record(exchange)
        return True


def _shake_hands(stream: Stream) -> bytes | None:
    """The 101, or None where it is no handshake (https://www.rfc-editor.org/rfc/rfc6455#section-4.2)."""
    from websockets.datastructures import Headers  # noqa: PLC0415 - as above
    from websockets.http11 import Request  # noqa: PLC0415
    from websockets.server import ServerProtocol  # noqa: PLC0415

    from passenger.server.websocket.connection import SILENT  # noqa: PLC0415

    headers = Headers()
    for name, value in stream.scope["headers"]:
        headers[name.decode("latin-1")] = value.decode("latin-1")
    answer = ServerProtocol(logger=SILENT).accept(Request(stream.scope["raw_path"].decode("ascii"), headers))
    return answer.serialize() if answer.status_code == 101 else None


def _too_many(most: int) -> Failure:
    """A 426, which sends Codex to HTTP at once; a 503 it would take for a server that is down, and try seven times."""
    message = f"{most} WebSockets are open already ([limits] websockets); POST the same request"
    return Failure(Kind.UNAVAILABLE, message, status=426, code="overloaded", headers=(("upgrade", "HTTP/1.1"),))
