"""The Protocols of a store: responses, conversations, and the events of answers that go on without their client.

What belongs to somebody else, has expired, was deleted or was never there is the same to who asks: not found.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from passenger.state.stored import Items, StoredConversation, StoredResponse


class LostError(Exception):
    """A response is not to be found, or one before it in its chain: a history is whole or not found, never shorter."""


class ResponseStore(Protocol):
    """Keeps responses."""

    async def put(self, response: StoredResponse) -> str | None:
        """Keep a response, or replace the one of that id; None, or why it could not be kept in a word or two."""
        ...

    async def get(self, owner: str, response: str) -> StoredResponse | None:
        """The response of that id."""
        ...

    async def chain(self, owner: str, response: str) -> Items:
        """The items of a response and of all before it, inputs and outputs in order.

        Raises:
            LostError: one of them is not to be found, or cannot be chained.
        """
        ...

    async def find_items(self, owner: str, ids: Sequence[str]) -> Mapping[str, bytes]:
        """The items with these ids, in any response or conversation; those that are not found are missing."""
        ...

    async def delete(self, owner: str, response: str) -> bool:
        """Forget a response, with its items and events; whether there was one."""
        ...


class ConversationStore(Protocol):
    """Keeps conversations. Their items have no end of life of their own (https://platform.openai.com/docs/api-reference/conversations)."""

    async def put_conversation(self, conversation: StoredConversation) -> str | None:
        """Keep a conversation, or replace its metadata; None, or why it could not be kept."""
        ...

    async def get_conversation(self, owner: str, conversation: str) -> StoredConversation | None:
        """The conversation of that id."""
        ...

    async def delete_conversation(self, owner: str, conversation: str) -> bool:
        """Forget a conversation; whether there was one."""
        ...

    async def add_items(self, owner: str, conversation: str, items: Items) -> str | None:
        """Append items; None, or why they could not be kept.

        Raises:
            LostError: there is no such conversation.
        """
        ...

    async def conversation_items(self, owner: str, conversation: str) -> Items:
        """All its items, the oldest first.

        Raises:
            LostError: there is no such conversation.
        """
        ...

    async def delete_item(self, owner: str, conversation: str, item: str) -> bool:
        """Remove an item from a conversation; whether there was one.

        Raises:
            LostError: there is no such conversation.
        """
        ...


class EventLog(Protocol):
    """Keeps the events of responses that run in the background, for who comes back for them."""

    async def append(self, owner: str, response: str, first: int, events: Sequence[bytes]) -> None:
        """Add events, each the JSON of one; `first` is the number of the first of them, and 0 opens the log.

        Raises:
            LostError: those before them are not there.
        """
        ...

    async def close_log(self, owner: str, response: str) -> None:
        """Note that no event follows. The log is forgotten some time later."""
        ...

    def follow(self, owner: str, response: str, after: int = -1) -> AsyncIterator[bytes]:
        """The events with a higher number, those that are there and those that come, until the log is closed.

        Raises:
            LostError: there is no such log.
        """
        ...

    async def cancel(self, owner: str, response: str) -> None:
        """Ask whoever makes this response, in whichever process, to stop."""
        ...

    async def cancelled(self, owner: str, response: str) -> None:
        """Wait until somebody asks for that.

        Raises:
            LostError: there is no such log.
        """
        ...


class PlaceStore(Protocol):
    """Limits what runs at once, among all processes that share the store."""

    async def take_place(self, name: str, most: int) -> Callable[[], None] | None:
        """Take one of `most` places of that name; what gives it back, or None where all are taken.

        The place of a process that dies is free.
        """
        ...


class Store(ResponseStore, ConversationStore, EventLog, PlaceStore, Protocol):
    """All of it."""

    @property
    def keeps(self) -> bool:
        """False of a store that keeps nothing (`[state] keep = "none"`)."""
        ...

    def trouble(self) -> str | None:
        """What is wrong with it, for `/readyz` and `doctor`; None if nothing is."""
        ...

    async def aclose(self) -> None:
        """Write what waits, and close it."""
        ...
