"""Serves a store to other processes over a Unix socket."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable

import msgspec

from passenger.state.calls import ARGUMENTS, CALL, ReplyKind, StoreCall, StoreReply, read_frame, to_frame, to_msgpack
from passenger.state.store import LostError, Store

log = logging.getLogger(__name__)

AFTERWARDS = 60.0
"""Seconds that connections may go on after the order to stop: workers finish their answers."""

GRACE = 2.0
"""Seconds for which a place is waited for: that one is free comes later than the answer that its client has got."""

HEARTBEAT = 2.0
"""Seconds between two heartbeats."""


async def serve_store(
    store: Store, listening: socket.socket, orders: int, beat: Callable[[], None] = lambda: None
) -> None:
    """Serve until the pipe of orders ends, and no connection is left; then close the store.

    `beat` is called regularly, which shows that the event loop runs.
    """
    stopped, serving = asyncio.Event(), _Serving(store)
    loop = asyncio.get_running_loop()

    def beat_on() -> None:
        beat()
        loop.call_later(HEARTBEAT, beat_on)

    beat_on()
    loop.add_reader(orders, stopped.set)
    server = await asyncio.start_unix_server(serving.connect, sock=listening)
    try:
        await stopped.wait()
    finally:
        loop.remove_reader(orders)
        server.close()
        await serving.finish()
        await store.aclose()
        os.close(orders)


class _Serving:
    """The connections of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: set[asyncio.Task[None]] = set()
        self._given_back = asyncio.Event()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the calls of a connection, one after the other, until it ends."""
        work = asyncio.current_task()
        assert work is not None  # noqa: S101 - a server calls this in a task
        self._open.add(work)
        try:
            while True:
                await self._answer(CALL.decode(await read_frame(reader)), reader, writer)
        except (EOFError, OSError):
            pass
        except (ValueError, msgspec.MsgspecError) as error:
            log.warning("a process says to the store of conversations what cannot be read: %s", error)
        finally:
            self._open.discard(work)
            writer.close()

    async def finish(self) -> None:
        """Wait until the connections have ended, some time, then end them."""
        if self._open:
            await asyncio.wait(self._open, timeout=AFTERWARDS)
        for work in [*self._open]:
            work.cancel()

    async def _answer(self, call: StoreCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one call; one that waits ends with its connection."""
        if call.method == "take_place":
            await self._hold(call, reader, writer)
            raise EOFError
        if call.method in {"follow", "cancelled"}:
            waiting = asyncio.ensure_future(self._reply(call, writer))
            gone = asyncio.ensure_future(reader.read(1))
            await asyncio.wait([waiting, gone], return_when=asyncio.FIRST_COMPLETED)
            for work in (waiting, gone):
                work.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await work
            raise EOFError
        await self._reply(call, writer)

    async def _hold(self, call: StoreCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a place until the connection ends."""
        name, most = msgspec.msgpack.decode(call.arguments, type=tuple[str, int])
        give_back = await self._take(name, most)
        try:
            writer.write(
                to_frame(StoreReply(ReplyKind.VALUE, to_msgpack(give_back is not None), self._store.trouble()))
            )
            await writer.drain()
            await reader.read(1)
        finally:
            if give_back is not None:
                give_back()
                self._given_back.set()
                self._given_back = asyncio.Event()

    async def _take(self, name: str, most: int) -> Callable[[], None] | None:
        """A place; where all are taken, one that is given back in a moment: the word of that may be on its way."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                while (given := await self._store.take_place(name, most)) is None:
                    await self._given_back.wait()
                return given
        return None

    async def _reply(self, call: StoreCall, writer: asyncio.StreamWriter) -> None:
        arguments = msgspec.msgpack.decode(call.arguments, type=ARGUMENTS[call.method])
        try:
            value = await self._call(call.method, arguments, writer)
            reply = StoreReply(ReplyKind.VALUE, to_msgpack(value), self._store.trouble())
        except LostError:
            reply = StoreReply(ReplyKind.LOST, to_msgpack(None), self._store.trouble())
        except (OSError, EOFError):
            raise
        except Exception:
            log.exception("the store of conversations has failed")
            reply = StoreReply(ReplyKind.BROKEN, to_msgpack(None), self._store.trouble())
        writer.write(to_frame(reply))
        await writer.drain()

    async def _call(self, method: str, arguments: tuple[object, ...], writer: asyncio.StreamWriter) -> object:
        if method != "follow":
            return await getattr(self._store, method)(*arguments)
        events: AsyncIterator[bytes] = self._store.follow(*arguments)  # type: ignore[arg-type]  # as ARGUMENTS say
        async for event in events:
            writer.write(to_frame(StoreReply(ReplyKind.ITEM, to_msgpack(event))))
            await writer.drain()
        return None
