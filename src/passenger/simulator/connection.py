"""One client's connection: requests in, replies out, in turn.

A protocol, not a pair of streams: it is told at once when the client goes away, also while an answer waits.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from passenger.simulator.delivery import deliver
from passenger.simulator.faults import Fault
from passenger.simulator.reading import BadRequestError, Inbox
from passenger.simulator.recorded import Recorded
from passenger.simulator.reply import Reply

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
LINGER_0 = struct.pack("ii", 1, 0)  # close() then sends RST instead of FIN


@dataclass(slots=True)
class Desk:
    """What a connection needs of the server: who answers, who writes down, who is connected now."""

    answer: Callable[[Recorded], tuple[Reply, Fault]]
    record: Callable[[Recorded], None]
    latency: float = 0.0
    pace: float = 0.0
    connections: set["Connection"] = field(default_factory=set)
    errors: list[Exception] = field(default_factory=list)
    active: set[Recorded] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)  # set, and replaced, when a request ends

    def notify(self) -> None:
        """Wake whoever waits for a request to end."""
        self.changed.set()
        self.changed = asyncio.Event()


class Connection(asyncio.Protocol):
    """A keep-alive connection; a `delivery.Line` for the reply that is being written."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._inbox = Inbox()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport = None  # type: ignore[assignment]  # set by connection_made, before any use
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._current: Recorded | None = None
        self._closing = False
        self._served = 0
        self._task: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102 - asyncio's word
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its base class
        self._desk.connections.add(self)
        self._task = self._loop.create_task(self._serve())

    def data_received(self, data: bytes) -> None:  # noqa: D102 - asyncio's word
        self._inbox.feed(data)
        self._arrived.set()

    def eof_received(self) -> None:  # noqa: D102 - asyncio's word
        self._client_left()
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002, D102, RUF100 - asyncio's word
        self._client_left()
        self._desk.connections.discard(self)
        self._gone.set()
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:  # noqa: D102 - asyncio's word
        self._writable.clear()

    def resume_writing(self) -> None:  # noqa: D102 - asyncio's word
        self._writable.set()

    def write(self, data: bytes) -> None:  # noqa: D102 - see delivery.Line
        if not self._closing:
            self._transport.write(data)

    async def flush(self) -> None:  # noqa: D102 - see delivery.Line
        await asyncio.sleep(0)
        await self._writable.wait()

    async def pause(self, seconds: float) -> None:  # noqa: D102 - see delivery.Line
        await asyncio.sleep(seconds)

    async def hang(self) -> None:  # noqa: D102 - see delivery.Line
        await self._loop.create_future()  # the client's leaving cancels the task

    def close(self) -> None:  # noqa: D102 - see delivery.Line
        self._closing = True
        self._transport.close()

    def reset(self) -> None:  # noqa: D102 - see delivery.Line
        self._closing = True
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
        self._transport.abort()

    async def drop(self) -> None:
        """End the connection without another word, and wait until its socket and task are gone."""
        self._closing = True
        self._transport.abort()
        await self._gone.wait()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _serve(self) -> None:
        try:
            while not self._closing:
                await self._answer(await self._next())
        except BadRequestError:
            self.write(BAD_REQUEST)
            self.close()
        except Exception as error:  # noqa: BLE001 - kept, and raised when the simulator ends
            self._desk.errors.append(error)
            self.reset()

    async def _next(self) -> Recorded:
        while (request := self._inbox.take()) is None:
            if self._inbox.wants_continue:
                self._inbox.wants_continue = False
                self.write(CONTINUE)
            self._arrived.clear()
            await self._arrived.wait()
        return request

    async def _answer(self, request: Recorded) -> None:
        request.arrived = self._loop.time()
        request.reused = self._served > 0
        self._served += 1
        self._current = request
        self._desk.record(request)
        self._desk.active.add(request)
        try:
            await self._reply(request)
            self._finish(request)
        finally:
            self._current = None
            self._desk.active.discard(request)
            self._desk.notify()

    async def _reply(self, request: Recorded) -> None:
        reply, fault = self._desk.answer(request)
        request.status = reply.status
        if fault.refuse_reused and request.reused:
            return self.close()
        try:
            await deliver(self, reply, fault, self._desk.latency, self._desk.pace)
        finally:
            reply.meter.settle()
        await self._writable.wait()  # no turn of the loop unless the client is slow: what is said is said
        if (request.header("connection") or "").lower() == "close":
            self.close()
        return None

    def _finish(self, request: Recorded) -> None:
        request.done = True
        request.finished = self._loop.time()

    def _client_left(self) -> None:
        request = self._current
        if request is None or self._closing or request.closed is not None:
            return
        request.closed = self._loop.time()
        request.closed_early = True
