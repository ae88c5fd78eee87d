"""The store that keeps nothing: `[state] keep = "none"`."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from passenger.state.store import LostError
from passenger.state.stored import Items, StoredConversation, StoredResponse

WHY = "nothing is kept"


class NoStore:
    """Keeps nothing, and finds nothing."""

    keeps = False

    def trouble(self) -> str | None:
        """Nothing is wrong with it."""
        return None

    async def aclose(self) -> None:
        """There is nothing to close."""

    async def put(self, response: StoredResponse) -> str | None:
        """Why it is not kept."""
        return WHY

    async def get(self, owner: str, response: str) -> StoredResponse | None:
        """None."""
        return None

    async def chain(self, owner: str, response: str) -> Items:
        """Raises `LostError`."""
        raise LostError

    async def find_items(self, owner: str, ids: Sequence[str]) -> Mapping[str, bytes]:
        """None of them."""
        return {}

    async def delete(self, owner: str, response: str) -> bool:
        """There was none."""
        return False

    async def put_conversation(self, conversation: StoredConversation) -> str | None:
        """Why it is not kept."""
        return WHY

    async def get_conversation(self, owner: str, conversation: str) -> StoredConversation | None:
        """None."""
        return None

    async def delete_conversation(self, owner: str, conversation: str) -> bool:
        """There was none."""
        return False

    async def add_items(self, owner: str, conversation: str, items: Items) -> str | None:
        """Raises `LostError`."""
        raise LostError

    async def conversation_items(self, owner: str, conversation: str) -> Items:
        """Raises `LostError`."""
        raise LostError

    async def delete_item(self, owner: str, conversation: str, item: str) -> bool:
        """Raises `LostError`."""
        raise LostError

    async def take_place(self, name: str, most: int) -> Callable[[], None] | None:
        """Nothing that runs here has to be limited."""
        return lambda: None

    async def append(self, owner: str, response: str, first: int, events: Sequence[bytes]) -> None:
        """Throw them away."""

    async def close_log(self, owner: str, response: str) -> None:
        """There is none."""

    def follow(self, owner: str, response: str, after: int = -1) -> AsyncIterator[bytes]:
        """Raises `LostError`."""
        raise LostError

    async def cancel(self, owner: str, response: str) -> None:
        """Nobody makes anything."""

    async def cancelled(self, owner: str, response: str) -> None:
        """Raises `LostError`."""
        raise LostError
