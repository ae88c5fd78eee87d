"""A store in memory: bounded, each owner with a share of it, and forgotten with the process."""

import itertools
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TypeGuard

from msgspec import Struct

from passenger.state.event_logs import EventLogs
from passenger.state.item_ids import read_id
from passenger.state.places import Places
from passenger.state.store import LostError
from passenger.state.stored import Items, Status, StoredConversation, StoredResponse

OVERHEAD = 1_000
"""Bytes that a response or a conversation takes beside its JSON."""

ITEM_OVERHEAD = 350
"""Bytes that an item takes beside its JSON: its bytes object, its id and its places in two tables."""


class StoreLimits(Struct, frozen=True):
    """How much a store keeps, and for how long."""

    size: int = 64 * 1024 * 1024
    """Bytes of everything."""
    largest: int = 8 * 1024 * 1024
    """Bytes of one response with its items."""
    lifetime: float = 3600.0
    """Seconds for which what nobody asks for is kept."""
    links: int = 4096
    """Responses in a chain."""
    items: int = 20_000
    """Items in a conversation."""
    log_lifetime: float = 600.0
    """Seconds for which the events of a response are kept after its end."""


_CHAINABLE = frozenset(status for status in Status if status.is_chainable)


class _Entry(Struct):
    """A response or a conversation, and when it was last asked for."""

    owner: str
    value: StoredResponse | StoredConversation
    items: Items
    size: int
    used: float


def _is_chainable(value: StoredResponse | StoredConversation) -> TypeGuard[StoredResponse]:
    return isinstance(value, StoredResponse) and value.status in _CHAINABLE


class MemoryStore:
    """Keeps what it has room for; what was asked for least recently goes first.

    The owner who holds the most loses first, so that one who keeps much pushes nobody else out. `clock` gives seconds
    that never go back.
    """

    keeps = True

    def __init__(self, limits: StoreLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._entries: dict[str, OrderedDict[str, _Entry]] = {}
        """By owner and id, the least recently used first."""
        self._places: dict[tuple[str, str], tuple[str, ...]] = {}
        """The entries that have an item, by its owner and its id, which may be an id of others, too."""
        self._held: dict[str, int] = {}
        """Bytes by owner."""
        self._size = 0
        self._logs = EventLogs(limits, clock)
        self._places_taken = Places()

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return self._size + self._logs.size

    def trouble(self) -> str | None:
        """Nothing is ever wrong with memory."""
        return None

    async def aclose(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._places.clear()
        self._held.clear()
        self._size = 0
        self._logs.clear()

    # --- responses ---------------------------------------------------------------------------------------------------

    async def put(self, response: StoredResponse) -> str | None:
        """Keep a response, or replace the one of that id; None, or why it could not be kept."""
        self._forget(response.owner, response.id)
        return self._put(response.owner, response.id, response, response.input + response.output, response.size)

    async def get(self, owner: str, response: str) -> StoredResponse | None:
        """The response of that id."""
        value = self._value(owner, response)
        return value if isinstance(value, StoredResponse) else None

    async def chain(self, owner: str, response: str) -> Items:
        """The items of a response and of all before it, inputs and outputs in order.

        Raises:
            LostError: one of them is not to be found, or cannot be chained.
        """
        self._expire(owner)
        entries, now = self._entries.get(owner, OrderedDict[str, _Entry]()), self._clock()
        links = list[_Entry]()
        wanted: str | None = response
        while wanted is not None:
            entry = entries.get(wanted)
            if entry is None or not _is_chainable(entry.value) or len(links) >= self._limits.links:
                raise LostError
            links.append(entry)
            entry.used = now
            entries.move_to_end(wanted)
            wanted = entry.value.parent
        return tuple(itertools.chain.from_iterable([entry.items for entry in reversed(links)]))

    async def find_items(self, owner: str, ids: Sequence[str]) -> Mapping[str, bytes]:
        """The items with these ids, in any response or conversation."""
        found = dict[str, bytes]()
        for wanted in ids:
            for name in reversed(self._places.get((owner, wanted), ())):
                if (entry := self._use(owner, name)) is not None:
                    found[wanted] = next(item for item in entry.items if read_id(item) == wanted)
                    break
        return found

    async def delete(self, owner: str, response: str) -> bool:
        """Forget a response, with its items and events; whether there was one."""
        there = await self.get(owner, response) is not None
        if there:
            self._forget(owner, response)
            self._logs.forget(owner, response)
        return there

    # --- conversations -----------------------------------------------------------------------------------------------

    async def put_conversation(self, conversation: StoredConversation) -> str | None:
        """Keep a conversation, or replace its metadata; None, or why it could not be kept."""
        entry = self._use(conversation.owner, conversation.id)
        return self._put_conversation(conversation, entry.items if entry else ())

    async def get_conversation(self, owner: str, conversation: str) -> StoredConversation | None:
        """The conversation of that id."""
        value = self._value(owner, conversation)
        return value if isinstance(value, StoredConversation) else None

    async def delete_conversation(self, owner: str, conversation: str) -> bool:
        """Forget a conversation; whether there was one."""
        there = await self.get_conversation(owner, conversation) is not None
        if there:
            self._forget(owner, conversation)
        return there

    async def add_items(self, owner: str, conversation: str, items: Items) -> str | None:
        """Append items; None, or why they could not be kept.

        Raises:
            LostError: there is no such conversation.
        """
        value, entry = self._conversation(owner, conversation)
        if len(entry.items) + len(items) > self._limits.items:
            return "too many items"
        return self._put_conversation(value, entry.items + items)

    async def conversation_items(self, owner: str, conversation: str) -> Items:
        """All its items, the oldest first.

        Raises:
            LostError: there is no such conversation.
        """
        return self._conversation(owner, conversation)[1].items

    async def delete_item(self, owner: str, conversation: str, item: str) -> bool:
        """Remove an item from a conversation; whether there was one.

        Raises:
            LostError: there is no such conversation.
        """
        value, entry = self._conversation(owner, conversation)
        rest = tuple(one for one in entry.items if read_id(one) != item)
        if len(rest) == len(entry.items):
            return False
        self._put_conversation(value, rest)
        return True

    def _conversation(self, owner: str, conversation: str) -> tuple[StoredConversation, _Entry]:
        entry = self._use(owner, conversation)
        if entry is None or not isinstance(entry.value, StoredConversation):
            raise LostError
        return entry.value, entry

    def _put_conversation(self, conversation: StoredConversation, items: Items) -> str | None:
        size = len(conversation.metadata) + sum(map(len, items))
        return self._put(conversation.owner, conversation.id, conversation, items, size)

    # --- the events of responses -------------------------------------------------------------------------------------

    async def append(self, owner: str, response: str, first: int, events: Sequence[bytes]) -> None:
        """Add events, of which `first` is the number of the first.

        Raises:
            LostError: those before them are not there.
        """
        self._logs.append(owner, response, first, events)
        self._make_room()

    async def close_log(self, owner: str, response: str) -> None:
        """Note that no event follows. The log is forgotten some time later."""
        self._logs.close(owner, response)

    def follow(self, owner: str, response: str, after: int = -1) -> AsyncIterator[bytes]:
        """The events with a higher number, those that are there and those that come, until the log is closed.

        Raises:
            LostError: there is no such log.
        """
        return self._logs.follow(owner, response, after)

    def forget_log(self, owner: str, response: str) -> None:
        """Forget the events of a response; who follows them is told that they are lost."""
        self._logs.forget(owner, response)

    def events(self, owner: str, response: str) -> Sequence[bytes] | None:
        """Those that are there; None without a log."""
        return self._logs.events(owner, response)

    async def cancel(self, owner: str, response: str) -> None:
        """Ask whoever makes this response to stop."""
        self._logs.cancel(owner, response)

    async def cancelled(self, owner: str, response: str) -> None:
        """Wait until somebody asks for that.

        Raises:
            LostError: there is no such log.
        """
        await self._logs.cancelled(owner, response)

    # --- places ------------------------------------------------------------------------------------------------------

    async def take_place(self, name: str, most: int) -> Callable[[], None] | None:
        """Take one of `most` places of that name; what gives it back, or None where all are taken."""
        return self._places_taken.take(name, most)

    # --- what is held ------------------------------------------------------------------------------------------------

    def _value(self, owner: str, name: str) -> StoredResponse | StoredConversation | None:
        entry = self._use(owner, name)
        return entry.value if entry else None

    def _use(self, owner: str, name: str) -> _Entry | None:
        """The entry, unless it has expired; from now on it is the one that was used last."""
        self._expire(owner)
        entries = self._entries.get(owner)
        entry = entries.get(name) if entries else None
        if entries and entry:
            entry.used = self._clock()
            entries.move_to_end(name)
        return entry

    def _put(
        self, owner: str, name: str, value: StoredResponse | StoredConversation, items: Items, size: int
    ) -> str | None:
        """Hold an entry in the place of the one of that name; None, or why it cannot be held."""
        if size > self._limits.largest:
            return "too large"
        self._forget(owner, name)
        size += OVERHEAD + ITEM_OVERHEAD * len(items)
        self._entries.setdefault(owner, OrderedDict())[name] = _Entry(owner, value, items, size, self._clock())
        for id_ in {read_id(item) for item in items}:
            self._places[owner, id_] = (*self._places.get((owner, id_), ()), name)
        self._count(owner, size)
        self._make_room()
        return None if name in self._entries.get(owner, ()) else "full"

    def _make_room(self) -> None:
        """Forget what has expired, then the oldest of whoever holds the most, until the rest fits."""
        if self.size <= self._limits.size:
            return
        for owner in list(self._entries):
            self._expire(owner)
        while self.size > self._limits.size and self._logs.drop_closed():
            pass
        while self.size > self._limits.size and self._held:
            owner = max(self._held, key=self._held.__getitem__)
            self._forget(owner, next(iter(self._entries[owner])))

    def _expire(self, owner: str) -> None:
        entries, since = self._entries.get(owner), self._clock() - self._limits.lifetime
        while entries and (oldest := next(iter(entries.items())))[1].used < since:
            self._forget(owner, oldest[0])

    def _forget(self, owner: str, name: str) -> None:
        entries = self._entries.get(owner)
        entry = entries.pop(name, None) if entries else None
        if entry is None:
            return
        for id_ in {read_id(item) for item in entry.items}:
            rest = tuple(one for one in self._places[owner, id_] if one != name)
            if rest:
                self._places[owner, id_] = rest
            else:
                del self._places[owner, id_]
        self._count(owner, -entry.size)
        if not entries:
            del self._entries[owner]

    def _count(self, owner: str, size: int) -> None:
        self._size += size
        self._held[owner] = self._held.get(owner, 0) + size
        if not self._held[owner]:
            del self._held[owner]
