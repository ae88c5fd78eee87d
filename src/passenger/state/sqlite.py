"""A store on disk: a SQLite file that restarts survive, with what was used last in memory, too.

The file is used by a thread of its own. Where it cannot be used at all, the memory goes on alone.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

from msgspec.structs import replace

from passenger.errors import Failure, Kind
from passenger.state import conversation_rows, response_rows, trees
from passenger.state.conversation_rows import ConversationRow
from passenger.state.memory import MemoryStore, StoreLimits
from passenger.state.state_file import StateFile, UnusableError
from passenger.state.store import LostError
from passenger.state.stored import Items, StoredConversation, StoredResponse

T = TypeVar("T")

MEMORY = 64 * 1024 * 1024
"""Bytes of what was used last that are in memory, too."""

TOUCHES = 1_000
"""Responses that were used in memory and are not noted in the file yet."""


class SqliteStore:
    """Keeps what the file has room for; trees that were used least recently go first, of whoever holds the most.

    `clock` gives Unix seconds, since the file outlives the process; `steady` gives seconds that never go back.
    """

    keeps = True

    def __init__(
        self,
        path: Path,
        limits: StoreLimits,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._memory = MemoryStore(replace(limits, size=min(limits.size, MEMORY)), steady)
        self._file = StateFile(path, response_rows.fail_unfinished, steady)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="state")
        self._touched: dict[tuple[str, str], float] = {}
        self._is_closed = False

    async def open(self) -> None:
        """Open the file, so that what is wrong with it is told at once. Without this the first use opens it."""
        await self._try(lambda _: None, None)

    def trouble(self) -> str | None:
        """What is wrong with the file; None if nothing is."""
        return self._file.trouble

    async def aclose(self) -> None:
        """Write what waits, and close the file."""
        if self._is_closed:
            return
        if self._touched:
            await self._try(lambda _: None, None)
        self._is_closed = True
        await asyncio.wrap_future(self._thread.submit(self._file.shrink))
        await asyncio.wrap_future(self._thread.submit(self._file.close))
        self._thread.shutdown()
        await self._memory.aclose()

    # --- responses ---------------------------------------------------------------------------------------------------

    async def put(self, response: StoredResponse) -> str | None:
        """Keep a response, or replace the one of that id; None, or why it could not be kept."""
        if response.size > self._limits.largest:
            return "too large"
        now = self._clock()
        why = await self._write(lambda database: response_rows.write(database, response, now))
        if why is not None and await self._memory.get(response.owner, response.id) is None:
            return why
        kept = await self._memory.put(response)
        return why or (kept if self._file.is_given_up else None)

    async def get(self, owner: str, response: str) -> StoredResponse | None:
        """The response of that id."""
        found = await self._memory.get(owner, response)
        if found is None:
            now = self._clock()
            found = await self._try(lambda database: response_rows.read(database, owner, response, now), None)
            if found is not None:
                await self._memory.put(found)
        else:
            await self._touch(owner, response)
        return found

    async def chain(self, owner: str, response: str) -> Items:
        """The items of a response and of all before it, inputs and outputs in order.

        Raises:
            LostError: one of them is not to be found, or cannot be chained.
        """
        try:
            items = await self._memory.chain(owner, response)
        except LostError:
            return await self._read_chain(owner, response)
        await self._touch(owner, response)
        return items

    async def _read_chain(self, owner: str, response: str) -> Items:
        links, now = self._limits.links, self._clock()
        chain = await self._try(lambda database: response_rows.read_chain(database, owner, response, links, now), None)
        if chain is None:
            raise LostError
        for link in chain:
            await self._memory.put(link)
        return tuple(item for link in chain for items in (link.input, link.output) for item in items)

    async def find_items(self, owner: str, ids: Sequence[str]) -> Mapping[str, bytes]:
        """The items with these ids, in any response or conversation."""
        found = dict(await self._memory.find_items(owner, ids))
        missing, now = [one for one in ids if one not in found], self._clock()

        def read(database: Connection) -> dict[str, bytes]:
            in_responses = ((one, response_rows.find_item(database, owner, one, now)) for one in missing)
            rows = [(one, item or conversation_rows.find_item(database, owner, one)) for one, item in in_responses]
            return {one: item for one, item in rows if item is not None}

        return {**found, **(await self._try(read, {}))} if missing else found

    async def delete(self, owner: str, response: str) -> bool:
        """Forget a response, with its items and events; whether there was one.

        Raises:
            Failure: the file cannot be written.
        """
        on_disk = await self._forget(lambda database: response_rows.delete(database, owner, response))
        if on_disk:
            self._memory.forget_log(owner, response)
        return await self._memory.delete(owner, response) or on_disk

    # --- conversations -----------------------------------------------------------------------------------------------

    async def put_conversation(self, conversation: StoredConversation) -> str | None:
        """Keep a conversation, or replace its metadata; None, or why it could not be kept."""
        now = self._clock()
        why = await self._write(lambda database: conversation_rows.write(database, conversation, now))
        return await self._memory.put_conversation(conversation) if self._file.is_given_up else why

    async def get_conversation(self, owner: str, conversation: str) -> StoredConversation | None:
        """The conversation of that id."""

        def read(database: Connection) -> StoredConversation | None:
            try:
                return self._conversation(database, owner, conversation).value
            except LostError:
                return None

        found = await self._try(read, None)
        return await self._memory.get_conversation(owner, conversation) if self._file.is_given_up else found

    async def delete_conversation(self, owner: str, conversation: str) -> bool:
        """Forget a conversation; whether there was one.

        Raises:
            Failure: the file cannot be written.
        """

        def delete(database: Connection) -> bool:
            try:
                self._conversation(database, owner, conversation).delete()
            except LostError:
                return False
            return True

        found = await self._forget(delete)
        return await self._memory.delete_conversation(owner, conversation) or found

    async def add_items(self, owner: str, conversation: str, items: Items) -> str | None:
        """Append items; None, or why they could not be kept.

        Raises:
            LostError: there is no such conversation.
        """

        def add(database: Connection) -> int:
            found = self._conversation(database, owner, conversation)
            number, size = found.count()
            if number + len(items) > self._limits.items:
                raise _RefusedError("too many items")
            if size + sum(map(len, items)) > self._limits.largest:
                raise _RefusedError("too large")
            found.add(items)
            return found.tree

        why = await self._write(add)
        return await self._memory.add_items(owner, conversation, items) if self._file.is_given_up else why

    async def conversation_items(self, owner: str, conversation: str) -> Items:
        """All its items, the oldest first.

        Raises:
            LostError: there is no such conversation.
        """
        items = await self._try(lambda database: self._conversation(database, owner, conversation).items(), None)
        if self._file.is_given_up:
            return await self._memory.conversation_items(owner, conversation)
        if items is None:
            raise LostError
        return items

    async def delete_item(self, owner: str, conversation: str, item: str) -> bool:
        """Remove an item from a conversation; whether there was one.

        Raises:
            LostError: there is no such conversation.
            Failure: the file cannot be written.
        """
        found = await self._forget(lambda database: self._conversation(database, owner, conversation).remove(item))
        return await self._memory.delete_item(owner, conversation, item) if self._file.is_given_up else found

    def _conversation(self, database: Connection, owner: str, name: str) -> ConversationRow:
        return ConversationRow(database, owner, name, self._clock())

    # --- the events of responses -------------------------------------------------------------------------------------

    async def append(self, owner: str, response: str, first: int, events: Sequence[bytes]) -> None:
        """Add events, of which `first` is the number of the first. They are in memory until the last has come.

        Raises:
            LostError: those before them are not there.
        """
        await self._memory.append(owner, response, first, events)

    async def close_log(self, owner: str, response: str) -> None:
        """Note that no event follows, and write them. The log is forgotten some time later."""
        await self._memory.close_log(owner, response)
        events, until = self._memory.events(owner, response), self._clock() + self._limits.log_lifetime
        if events:
            await self._try(lambda database: response_rows.write_log(database, owner, response, events, until), None)

    async def follow(self, owner: str, response: str, after: int = -1) -> AsyncIterator[bytes]:
        """The events with a higher number, those that are there and those that come, until the log is closed.

        Raises:
            LostError: there is no such log.
        """
        if self._memory.events(owner, response) is not None:
            async for event in self._memory.follow(owner, response, after):
                yield event
            return
        now = self._clock()
        events = await self._try(lambda database: response_rows.read_log(database, owner, response, now), None)
        if events is None:
            raise LostError
        for event in events[max(after + 1, 0) :]:
            yield event

    async def cancel(self, owner: str, response: str) -> None:
        """Ask whoever makes this response to stop."""
        await self._memory.cancel(owner, response)

    async def cancelled(self, owner: str, response: str) -> None:
        """Wait until somebody asks for that.

        Raises:
            LostError: there is no such log.
        """
        await self._memory.cancelled(owner, response)

    async def take_place(self, name: str, most: int) -> Callable[[], None] | None:
        """Take one of `most` places of that name; what gives it back, or None where all are taken."""
        return await self._memory.take_place(name, most)

    # --- the file ----------------------------------------------------------------------------------------------------

    async def _touch(self, owner: str, response: str) -> None:
        """Note that a response was used in memory. The file is told with whatever is written next."""
        self._touched[owner, response] = self._clock()
        if len(self._touched) > TOUCHES:
            await self._try(lambda _: None, None)

    async def _write(self, job: Callable[[Connection], int]) -> str | None:
        """Let a job write into a tree, and make room for it; None, or why it could not be written."""

        def write(database: Connection) -> None:
            tree = job(database)
            trees.make_room(database, self._limits.size, tree)

        try:
            await self._run(write)
        except trees.FullError:
            return "full"
        except _RefusedError as refused:
            return str(refused)
        except UnusableError as error:
            return None if self._file.is_given_up else str(error)
        return None

    async def _forget(self, job: Callable[[Connection], bool]) -> bool:
        """Whether a job has removed something, which is nowhere on disk then; False where there is no file any more.

        Raises:
            Failure: the file cannot be written.
        """
        try:
            removed = await self._run(job)
        except UnusableError as error:
            if self._file.is_given_up:
                return False
            raise Failure(Kind.INTERNAL, f"it cannot be deleted: {error}", code="not_deleted") from error
        if removed:
            await asyncio.wrap_future(self._thread.submit(self._file.checkpoint))
        return removed

    async def _try(self, job: Callable[[Connection], T], otherwise: T) -> T:
        """What a job gives, or something else if the file cannot be used."""
        try:
            return await self._run(job)
        except UnusableError:
            return otherwise

    async def _run(self, job: Callable[[Connection], T]) -> T:
        """What a job gives that runs in the thread, after what has expired is gone.

        Raises:
            UnusableError: the file cannot be used.
        """
        if self._is_closed:
            raise UnusableError("the server stops")
        touched, self._touched = self._touched, {}
        marks, now = [(*name, at) for name, at in touched.items()], self._clock()

        def run(database: Connection) -> T:
            response_rows.touch(database, marks)
            trees.expire(database, now - self._limits.lifetime)
            response_rows.expire_logs(database, now)
            return job(database)

        return await asyncio.wrap_future(self._thread.submit(self._file.run, run))


class _RefusedError(Exception):
    """What is to be kept is too much; the text is how."""
