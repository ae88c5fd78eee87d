"""The store that keeps nothing."""

import pytest

from passenger.state.nothing import NoStore
from passenger.state.store import LostError, Store
from passenger.state.stored import StoredConversation
from tests.state.cases import ANNA, gather, item, response


async def test_it_keeps_and_finds_nothing() -> None:
    store: Store = NoStore()
    assert not store.keeps
    assert store.trouble() is None
    assert await store.put(response("r"))
    assert await store.put_conversation(StoredConversation("conv", ANNA, 1))
    assert await store.get(ANNA, "r") is None
    assert await store.get_conversation(ANNA, "conv") is None
    assert await store.find_items(ANNA, ["r-in"]) == {}
    assert not await store.delete(ANNA, "r")
    assert not await store.delete_conversation(ANNA, "conv")
    await store.append(ANNA, "r", 0, [b"0"])
    await store.cancel(ANNA, "r")
    await store.close_log(ANNA, "r")
    for lost in (
        store.chain(ANNA, "r"),
        store.add_items(ANNA, "conv", (item("1"),)),
        store.conversation_items(ANNA, "conv"),
        store.delete_item(ANNA, "conv", "1"),
        store.cancelled(ANNA, "r"),
    ):
        with pytest.raises(LostError):
            await lost
    with pytest.raises(LostError):
        await gather(store.follow(ANNA, "r"))
    await store.aclose()
