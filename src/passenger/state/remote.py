"""A store in another process, which all workers of a server share, asked over a Unix socket.

While that process is away, nothing is *not found*: what cannot be asked is a failure that says so.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from passenger.errors import Failure, Kind
from passenger.state.calls import REPLY, ReplyKind, StoreCall, StoreReply, read_frame, to_frame, to_msgpack
from passenger.state.store import LostError
from passenger.state.stored import Items, StoredConversation, StoredResponse

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds that a call may take, except one that waits for events."""

MOST_IDLE = 8
"""Connections that are kept for the next calls."""

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_TEXT: msgspec.msgpack.Decoder[str | None] = msgspec.msgpack.Decoder(str | None)
_TRUTH = msgspec.msgpack.Decoder(bool)
_ITEMS: msgspec.msgpack.Decoder[Items] = msgspec.msgpack.Decoder(Items)
_FOUND = msgspec.msgpack.Decoder(dict[str, bytes])
_RESPONSE: msgspec.msgpack.Decoder[StoredResponse | None] = msgspec.msgpack.Decoder(StoredResponse | None)
_CONVERSATION: msgspec.msgpack.Decoder[StoredConversation | None] = msgspec.msgpack.Decoder(StoredConversation | None)

NOT_TWICE = frozenset({"add_items", "append"})
"""Calls that would do more if they were made twice: they are not repeated when a connection ends under them."""

AWAY = "the process that has them does not answer"


class _GoneError(Exception):
    """The connection has ended before the reply."""


class RemoteStore:
    """Asks the store at this path of a Unix socket."""

    keeps = True

    def __init__(self, path: str) -> None:
        self._path = path
        self._idle: list[Line] = []
        self._trouble: str | None = None

    def trouble(self) -> str | None:
        """What was wrong with it at the last call; None if nothing was."""
        return self._trouble

    async def aclose(self) -> None:
        """Close the connections to it; the store itself goes on."""
        while self._idle:
            self._idle.pop()[1].close()

    # --- responses ---------------------------------------------------------------------------------------------------

    async def put(self, response: StoredResponse) -> str | None:
        """Keep a response; None, or why it could not be kept."""
        return await self._keep("put", response)

    async def get(self, owner: str, response: str) -> StoredResponse | None:
        """The response of that id."""
        return await self._call(_RESPONSE, "get", owner, response)

    async def chain(self, owner: str, response: str) -> Items:
        """The items of a response and of all before it.

        Raises:
            LostError: one of them is not to be found, or cannot be chained.
        """
        return await self._call(_ITEMS, "chain", owner, response)

    async def find_items(self, owner: str, ids: Sequence[str]) -> Mapping[str, bytes]:
        """The items with these ids."""
        return await self._call(_FOUND, "find_items", owner, [*ids])

    async def delete(self, owner: str, response: str) -> bool:
        """Forget a response; whether there was one."""
        return await self._call(_TRUTH, "delete", owner, response)

    # --- conversations -----------------------------------------------------------------------------------------------

    async def put_conversation(self, conversation: StoredConversation) -> str | None:
        """Keep a conversation, or replace its metadata; None, or why it could not be kept."""
        return await self._keep("put_conversation", conversation)

    async def get_conversation(self, owner: str, conversation: str) -> StoredConversation | None:
        """The conversation of that id."""
        return await self._call(_CONVERSATION, "get_conversation", owner, conversation)

    async def delete_conversation(self, owner: str, conversation: str) -> bool:
        """Forget a conversation; whether there was one."""
        return await self._call(_TRUTH, "delete_conversation", owner, conversation)

    async def add_items(self, owner: str, conversation: str, items: Items) -> str | None:
        """Append items; None, or why they could not be kept.

        Raises:
            LostError: there is no such conversation.
        """
        return await self._keep("add_items", owner, conversation, items)

    async def conversation_items(self, owner: str, conversation: str) -> Items:
        """All its items, the oldest first.

        Raises:
            LostError: there is no such conversation.
        """
        return await self._call(_ITEMS, "conversation_items", owner, conversation)

    async def delete_item(self, owner: str, conversation: str, item: str) -> bool:
        """Remove an item from a conversation; whether there was one.

        Raises:
            LostError: there is no such conversation.
        """
        return await self._call(_TRUTH, "delete_item", owner, conversation, item)

    # --- the events of responses -------------------------------------------------------------------------------------

    async def append(self, owner: str, response: str, first: int, events: Sequence[bytes]) -> None:
        """Add events, of which `first` is the number of the first.

        Raises:
            LostError: those before them are not there.
        """
        await self._call(_TEXT, "append", owner, response, first, [*events])

    async def close_log(self, owner: str, response: str) -> None:
        """Note that no event follows."""
        await self._call(_TEXT, "close_log", owner, response)

    async def cancel(self, owner: str, response: str) -> None:
        """Ask whoever makes this response, in whichever process, to stop."""
        await self._call(_TEXT, "cancel", owner, response)

    async def cancelled(self, owner: str, response: str) -> None:
        """Wait until somebody asks for that.

        Raises:
            LostError: there is no such log.
        """
        async with self._line() as line:
            self._read(await _ask(line, "cancelled", owner, response))

    async def follow(self, owner: str, response: str, after: int = -1) -> AsyncIterator[bytes]:
        """The events with a higher number, those that are there and those that come, until the log is closed.

        Raises:
            LostError: there is no such log.
        """
        async with self._line() as line:
            reply = await _ask(line, "follow", owner, response, after)
            while reply.kind is ReplyKind.ITEM:
                yield msgspec.msgpack.decode(reply.value, type=bytes)
                reply = await _read_reply(line[0])
            self._read(reply)

    # --- places ------------------------------------------------------------------------------------------------------

    async def take_place(self, name: str, most: int) -> Callable[[], None] | None:
        """Take one of `most` places of that name; what gives it back, or None where all are taken.

        A connection of its own holds it: it is free when that ends, in whatever way.

        Raises:
            Failure: the store does not answer.
        """
        line = await self._connect()
        try:
            async with asyncio.timeout(PATIENCE):
                reply = await _ask(line, "take_place", name, most)
            is_taken = _TRUTH.decode(self._read(reply))
        except (TimeoutError, _GoneError):
            line[1].close()
            raise self._away() from None
        except BaseException:
            line[1].close()
            raise
        if is_taken:
            return line[1].close
        line[1].close()
        return None

    # --- calls -------------------------------------------------------------------------------------------------------

    async def _keep(self, method: str, *arguments: object) -> str | None:
        """A call that keeps something: that its process is away is a reason not to keep it."""
        try:
            return await self._call(_TEXT, method, *arguments)
        except Failure:
            return "out of reach"

    async def _call(self, result: "msgspec.msgpack.Decoder[T]", method: str, *arguments: object) -> T:
        """Call a method, and give its result. Where a connection has ended since its last call, the next is taken.

        Raises:
            Failure: there was no reply, or the store has failed.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                reply = await self._ask_any(method, arguments)
        except TimeoutError:
            raise self._away() from None
        return result.decode(self._read(reply))

    async def _ask_any(self, method: str, arguments: tuple[object, ...]) -> StoreReply:
        """Ask on a connection that was kept, or on a new one; it is kept then."""
        while self._idle:
            line = self._idle.pop()
            if line[0].at_eof():
                line[1].close()
                continue
            try:
                return await self._ask_on(line, method, arguments)
            except _GoneError:
                if method in NOT_TWICE:
                    raise self._away() from None
        try:
            return await self._ask_on(await self._connect(), method, arguments)
        except _GoneError:
            raise self._away() from None

    async def _ask_on(self, line: Line, method: str, arguments: tuple[object, ...]) -> StoreReply:
        try:
            reply = await _ask(line, method, *arguments)
        except BaseException:
            line[1].close()
            raise
        if len(self._idle) < MOST_IDLE:
            self._idle.append(line)
        else:
            line[1].close()
        return reply

    @contextlib.asynccontextmanager
    async def _line(self) -> AsyncIterator[Line]:
        """A connection of its own, for a call that may wait for long; it is closed at the end."""
        line = await self._connect()
        try:
            yield line
        except _GoneError:
            raise self._away() from None
        finally:
            line[1].close()

    async def _connect(self) -> Line:
        try:
            return await asyncio.open_unix_connection(self._path)
        except OSError:
            raise self._away() from None

    def _read(self, reply: StoreReply) -> msgspec.Raw:
        """What a reply brings."""
        self._trouble = reply.trouble
        if reply.kind is ReplyKind.LOST:
            raise LostError
        if reply.kind is ReplyKind.BROKEN:
            raise _unavailable("the store has failed; the log says more")
        return reply.value

    def _away(self) -> Failure:
        self._trouble = AWAY
        return _unavailable(AWAY)


def _unavailable(why: str) -> Failure:
    message = f"kept conversations cannot be looked up: {why}"
    return Failure(Kind.UNAVAILABLE, message, code="state_unavailable", retry_after="1")


async def _ask(line: Line, method: str, *arguments: object) -> StoreReply:
    """The first reply to a call.

    Raises:
        _GoneError: the connection has ended.
    """
    reader, writer = line
    try:
        writer.write(to_frame(StoreCall(method, to_msgpack(arguments))))
        await writer.drain()
    except OSError:
        raise _GoneError from None
    return await _read_reply(reader)


async def _read_reply(reader: asyncio.StreamReader) -> StoreReply:
    try:
        return REPLY.decode(await read_frame(reader))
    except (EOFError, OSError):
        raise _GoneError from None
