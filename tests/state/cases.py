"""What every store must do, whatever it is made of; `judged` in the tests of each gives one that is new."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from passenger.state.store import LostError, Store
from passenger.state.stored import Status, StoredConversation, StoredResponse

ANNA, BERT = "seat/anna", "seat/bert"


def item(name: str, text: str = "hello") -> bytes:
    """An item of that id."""
    return b'{"id":"%b","type":"message","content":"%b"}' % (name.encode(), text.encode())


def response(
    name: str,
    parent: str | None = None,
    *,
    owner: str = ANNA,
    status: Status = Status.COMPLETED,
    text: str = "hello",
    conversation: str | None = None,
) -> StoredResponse:
    """A response with one item in and one out, `NAME-in` and `NAME-out`."""
    asked, answered = (item(f"{name}-in", text),), (item(f"{name}-out", text),)
    answer = b'{"id":"%b","output":[]}' % name.encode()
    return StoredResponse(name, owner, 1_800_000_000, status, answer, asked, answered, parent, conversation)


async def gather(events: AsyncIterator[bytes]) -> list[bytes]:
    """All events that are followed."""
    return [event async for event in events]


class StoreCases:
    """The cases; the class of each kind of store inherits them."""

    async def test_what_is_kept_is_found_by_its_owner_alone(self, judged: Store) -> None:
        assert await judged.put(response("r")) is None
        assert await judged.get(ANNA, "r") == response("r")
        assert await judged.get(BERT, "r") is None
        with pytest.raises(LostError):
            await judged.chain(BERT, "r")
        assert await judged.delete(BERT, "r") is False
        assert await judged.find_items(BERT, ["r-in", "r-out"]) == {}

    async def test_a_response_is_replaced_by_one_of_its_id(self, judged: Store) -> None:
        await judged.put(response("r", status=Status.IN_PROGRESS))
        await judged.put(response("r", text="later"))
        assert await judged.get(ANNA, "r") == response("r", text="later")
        assert await judged.find_items(ANNA, ["r-out"]) == {"r-out": item("r-out", "later")}

    async def test_a_chain_is_all_items_in_order(self, judged: Store) -> None:
        await judged.put(response("a"))
        await judged.put(response("b", "a"))
        await judged.put(response("c", "b"))
        await judged.put(response("fork", "a"))
        assert await judged.chain(ANNA, "c") == tuple(item(f"{n}-{way}") for n in "abc" for way in ("in", "out"))
        assert (await judged.chain(ANNA, "fork"))[2:] == (item("fork-in"), item("fork-out"))

    async def test_a_chain_with_a_lost_parent_is_not_found(self, judged: Store) -> None:
        await judged.put(response("a"))
        await judged.put(response("b", "a"))
        await judged.put(response("c", "b"))
        assert await judged.delete(ANNA, "a") is True
        for name in "abc":
            with pytest.raises(LostError):
                await judged.chain(ANNA, name)
        assert await judged.get(ANNA, "c") == response("c", "b")

    async def test_a_chain_that_goes_in_a_circle_is_not_found(self, judged: Store) -> None:
        await judged.put(response("a", "b"))
        await judged.put(response("b", "a"))
        await judged.put(response("c", "c"))
        for name in "abc":
            with pytest.raises(LostError):
                await judged.chain(ANNA, name)

    @pytest.mark.parametrize("status", [status for status in Status if not status.is_chainable])
    async def test_what_did_not_complete_is_found_and_not_chained(self, judged: Store, status: Status) -> None:
        await judged.put(response("r", status=status))
        assert await judged.get(ANNA, "r") == response("r", status=status)
        with pytest.raises(LostError):
            await judged.chain(ANNA, "r")

    async def test_what_is_deleted_is_gone_with_its_items(self, judged: Store) -> None:
        await judged.put(response("r"))
        assert await judged.delete(ANNA, "r") is True
        assert await judged.delete(ANNA, "r") is False
        assert await judged.get(ANNA, "r") is None
        assert await judged.find_items(ANNA, ["r-in"]) == {}

    async def test_items_are_found_by_their_ids_wherever_they_are(self, judged: Store) -> None:
        await judged.put(response("a"))
        await judged.put_conversation(StoredConversation("conv", ANNA, 1))
        await judged.add_items(ANNA, "conv", (item("c-1"),))
        found = await judged.find_items(ANNA, ["a-out", "c-1", "unknown"])
        assert found == {"a-out": item("a-out"), "c-1": item("c-1")}

    async def test_an_item_of_several_responses_is_found_while_one_of_them_is_there(self, judged: Store) -> None:
        shared = item("shared")
        for name in "abc":
            await judged.put(StoredResponse(name, ANNA, 1, Status.COMPLETED, b"{}", (shared, item(f"{name}-in"))))
        for name in "cab":
            assert await judged.find_items(ANNA, ["shared"]) == {"shared": shared}
            await judged.delete(ANNA, name)
        assert await judged.find_items(ANNA, ["shared"]) == {}

    async def test_an_id_that_others_use_too_is_each_ones_own(self, judged: Store) -> None:
        await judged.put(response("a", text="annas"))
        await judged.put(response("a", text="berts", owner=BERT))
        assert await judged.get(ANNA, "a") == response("a", text="annas")
        assert await judged.find_items(ANNA, ["a-in"]) == {"a-in": item("a-in", "annas")}
        assert await judged.delete(BERT, "a") is True
        assert await judged.find_items(ANNA, ["a-in"]) == {"a-in": item("a-in", "annas")}

    async def test_a_conversation_keeps_its_items_in_order(self, judged: Store) -> None:
        conversation = StoredConversation("conv", ANNA, 1, b'{"topic":"x"}')
        assert await judged.put_conversation(conversation) is None
        assert await judged.add_items(ANNA, "conv", (item("1"), item("2"))) is None
        assert await judged.add_items(ANNA, "conv", (item("3"),)) is None
        assert await judged.conversation_items(ANNA, "conv") == (item("1"), item("2"), item("3"))
        assert await judged.delete_item(ANNA, "conv", "2") is True
        assert await judged.delete_item(ANNA, "conv", "2") is False
        renamed = StoredConversation("conv", ANNA, 1, b'{"topic":"y"}')
        await judged.put_conversation(renamed)
        assert await judged.get_conversation(ANNA, "conv") == renamed
        assert await judged.conversation_items(ANNA, "conv") == (item("1"), item("3"))

    async def test_a_conversation_is_its_owners_alone(self, judged: Store) -> None:
        await judged.put_conversation(StoredConversation("conv", ANNA, 1))
        assert await judged.get_conversation(BERT, "conv") is None
        assert await judged.delete_conversation(BERT, "conv") is False
        with pytest.raises(LostError):
            await judged.add_items(BERT, "conv", (item("1"),))
        with pytest.raises(LostError):
            await judged.conversation_items(BERT, "conv")
        with pytest.raises(LostError):
            await judged.delete_item(BERT, "conv", "1")
        assert await judged.delete_conversation(ANNA, "conv") is True
        with pytest.raises(LostError):
            await judged.conversation_items(ANNA, "conv")

    async def test_a_response_is_no_conversation_and_the_other_way_round(self, judged: Store) -> None:
        await judged.put(response("r"))
        await judged.put_conversation(StoredConversation("conv", ANNA, 1))
        assert await judged.get_conversation(ANNA, "r") is None
        assert await judged.get(ANNA, "conv") is None
        assert await judged.delete(ANNA, "conv") is False
        assert await judged.delete_conversation(ANNA, "r") is False

    async def test_events_are_replayed_and_followed_by_everyone(self, judged: Store) -> None:
        await judged.append(ANNA, "r", 0, [b"0", b"1"])
        early = asyncio.create_task(gather(judged.follow(ANNA, "r")))
        late = asyncio.create_task(gather(judged.follow(ANNA, "r", 0)))
        await asyncio.sleep(0)
        await judged.append(ANNA, "r", 2, [b"2"])
        await judged.close_log(ANNA, "r")
        assert await early == [b"0", b"1", b"2"]
        assert await late == [b"1", b"2"]
        assert await gather(judged.follow(ANNA, "r", 1)) == [b"2"]
        assert await gather(judged.follow(ANNA, "r", 2)) == []

    async def test_events_of_a_log_that_is_lost_open_no_other(self, judged: Store) -> None:
        with pytest.raises(LostError):
            await judged.append(ANNA, "r", 2, [b"2"])
        await judged.close_log(ANNA, "r")
        await judged.cancel(ANNA, "r")
        with pytest.raises(LostError):
            await judged.cancelled(ANNA, "r")
        with pytest.raises(LostError):
            await gather(judged.follow(ANNA, "r"))
        await judged.append(ANNA, "r", 0, [b"0", b"1"])
        following = judged.follow(ANNA, "r", 0)
        assert await anext(following) == b"1"
        with pytest.raises(LostError):
            await judged.append(ANNA, "r", 3, [b"3"])
        with pytest.raises(LostError):
            await anext(following)

    async def test_a_log_is_its_owners_alone(self, judged: Store) -> None:
        await judged.append(ANNA, "r", 0, [b"0"])
        for owner, name in ((BERT, "r"), (ANNA, "unknown")):
            with pytest.raises(LostError):
                await gather(judged.follow(owner, name))

    async def test_a_follower_of_a_deleted_response_is_told(self, judged: Store) -> None:
        await judged.put(response("r", status=Status.IN_PROGRESS))
        await judged.append(ANNA, "r", 0, [b"0"])
        events = judged.follow(ANNA, "r")
        assert await anext(events) == b"0"
        await judged.delete(ANNA, "r")
        with pytest.raises(LostError):
            await anext(events)

    async def test_who_makes_a_response_hears_that_it_is_cancelled(self, judged: Store) -> None:
        await judged.append(ANNA, "r", 0, [b"0"])
        waiting = asyncio.create_task(judged.cancelled(ANNA, "r"))
        await asyncio.sleep(0)
        await judged.cancel(BERT, "r")
        await judged.cancel(ANNA, "other")
        await asyncio.sleep(0)
        assert not waiting.done()
        await judged.cancel(ANNA, "r")
        await waiting

    async def test_there_are_as_many_places_of_a_name_as_wanted(self, judged: Store) -> None:
        first, second = await judged.take_place("a", 2), await judged.take_place("a", 2)
        assert first is not None
        assert second is not None
        assert await judged.take_place("a", 2) is None
        other = await judged.take_place("b", 1)
        assert other is not None
        first()
        first()
        third = await judged.take_place("a", 2)
        assert third is not None
        assert await judged.take_place("a", 2) is None
        for give_back in (second, other, third):
            give_back()

    async def test_closing_it_forgets_nothing_that_others_need(self, judged: Store) -> None:
        assert judged.keeps
        assert judged.trouble() is None
        await judged.aclose()


def names(items: Sequence[bytes]) -> list[str]:
    """The ids of items."""
    return [one.split(b'"')[3].decode() for one in items]
