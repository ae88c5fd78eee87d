"""The store in memory: what every store does, and its bounds."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passenger.state.memory import MemoryStore, StoreLimits
from passenger.state.store import LostError, Store
from passenger.state.stored import Status, StoredConversation, StoredResponse
from tests.fakes import Clock
from tests.state.cases import ANNA, BERT, StoreCases, gather, item, response


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def judged(clock: Clock) -> Store:
    return MemoryStore(StoreLimits(), clock)


class TestMemory(StoreCases):
    """What every store does."""


async def chained(store: Store, owner: str, name: str) -> tuple[bytes, ...] | None:
    try:
        return await store.chain(owner, name)
    except LostError:
        return None


async def test_what_nobody_asks_for_expires_and_what_is_chained_lives_on(clock: Clock) -> None:
    store = MemoryStore(StoreLimits(lifetime=100), clock)
    for name, parent in (("a", None), ("b", "a"), ("other", None)):
        await store.put(response(name, parent))
    clock.now += 60
    assert await chained(store, ANNA, "b") is not None
    clock.now += 60
    assert await store.get(ANNA, "other") is None
    assert await chained(store, ANNA, "b") is not None
    clock.now += 101
    assert await chained(store, ANNA, "b") is None
    assert store.size == 0


async def test_a_response_that_is_too_large_is_not_kept(clock: Clock) -> None:
    store = MemoryStore(StoreLimits(largest=10_000), clock)
    assert await store.put(response("r", text="x" * 10_000)) == "too large"
    assert await store.get(ANNA, "r") is None


async def test_the_owner_who_holds_the_most_loses_first_and_the_oldest_of_it(clock: Clock) -> None:
    store = MemoryStore(StoreLimits(size=100_000), clock)
    await store.put(response("berts", owner=BERT))
    for number in range(100):
        assert await store.put(response(f"annas-{number}", text="x" * 1_000)) is None
    assert await store.get(BERT, "berts") is not None
    assert await store.get(ANNA, "annas-0") is None
    assert await store.get(ANNA, "annas-99") is not None
    assert store.size <= 100_000


async def test_a_chain_longer_than_the_limit_is_not_found(clock: Clock) -> None:
    store = MemoryStore(StoreLimits(links=3), clock)
    for number in range(4):
        await store.put(response(f"r{number}", f"r{number - 1}" if number else None))
    assert await chained(store, ANNA, "r2") is not None
    assert await chained(store, ANNA, "r3") is None


async def test_a_chain_of_ten_thousand_items_is_whole(clock: Clock) -> None:
    store = MemoryStore(StoreLimits(size=1 << 28, links=10_000), clock)
    for number in range(5_000):
        await store.put(response(f"r{number}", f"r{number - 1}" if number else None))
    found = await store.chain(ANNA, "r4999")
    assert len(found) == 10_000
    assert found[-1] == item("r4999-out")


async def test_a_conversation_has_a_limit_of_items(clock: Clock) -> None:
    store = MemoryStore(StoreLimits(items=2), clock)
    await store.put_conversation(StoredConversation("conv", ANNA, 1))
    assert await store.add_items(ANNA, "conv", (item("1"), item("2"))) is None
    assert await store.add_items(ANNA, "conv", (item("3"),)) == "too many items"
    assert await store.conversation_items(ANNA, "conv") == (item("1"), item("2"))


async def test_a_log_that_grows_too_large_is_lost_to_its_followers(clock: Clock) -> None:
    store = MemoryStore(StoreLimits(largest=10_000), clock)
    await store.append(ANNA, "r", 0, [b"0"])
    events = store.follow(ANNA, "r")
    assert await anext(events) == b"0"
    await store.append(ANNA, "r", 1, [b"x" * 10_000])
    with pytest.raises(LostError):
        await anext(events)
    assert store.size < 10_000


async def test_a_log_is_forgotten_some_time_after_its_end(clock: Clock) -> None:
    store = MemoryStore(StoreLimits(log_lifetime=600), clock)
    await store.append(ANNA, "r", 0, [b"0"])
    await store.close_log(ANNA, "r")
    clock.now += 599
    assert await gather(store.follow(ANNA, "r")) == [b"0"]
    clock.now += 2
    with pytest.raises(LostError):
        await gather(store.follow(ANNA, "r"))
    assert store.size == 0


async def test_logs_that_have_ended_make_room_for_responses(clock: Clock) -> None:
    store = MemoryStore(StoreLimits(size=20_000), clock)
    await store.append(ANNA, "log", 0, [b"x" * 15_000])
    await store.close_log(ANNA, "log")
    assert await store.put(response("r", text="x" * 4_000)) is None
    assert await store.get(ANNA, "r") is not None
    assert store.size <= 20_000


@pytest.mark.parametrize("length", [10, 300, 5_000, 100_000])
async def test_what_it_takes_is_at_most_a_tenth_more_than_it_counts(clock: Clock, length: int) -> None:
    limit = 4_000_000
    store = MemoryStore(StoreLimits(size=limit), clock)
    tracemalloc.start()
    try:
        for number in range(3 * limit // (length * 2 + 1_700)):
            await store.put(response(f"resp_{number:032x}", f"resp_{number - 1:032x}", text="x" * length))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert limit / 2 < store.size <= limit
    assert held <= limit * 1.1


@pytest.mark.parametrize("length", [10, 1_000])
async def test_conversations_and_events_take_what_they_count(clock: Clock, length: int) -> None:
    limit = 4_000_000
    store = MemoryStore(StoreLimits(size=limit), clock)
    tracemalloc.start()
    try:
        for number in range(3 * limit // (20 * (length + 460) + 1_000)):
            name = f"conv_{number:032x}"
            await store.put_conversation(StoredConversation(name, ANNA, 1))
            for place in range(10):
                added = (item(f"msg_{number:024x}{place:08x}", "x" * length),)
                await store.add_items(ANNA, name, added)
            await store.append(ANNA, f"resp_{number:032x}", 0, [b"%d" % place + b"x" * length for place in range(10)])
            await store.close_log(ANNA, f"resp_{number:032x}")
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert limit / 2 < store.size <= limit
    assert held <= limit * 1.1


# --- any order of anything -------------------------------------------------------------------------------------------

NAMES = st.sampled_from("abcdefgh")
ACTIONS = st.one_of(
    st.tuples(st.just("put"), NAMES, st.none() | NAMES, st.integers(0, 3_000)),
    st.tuples(st.just("fail"), NAMES, st.none() | NAMES, st.just(0)),
    st.tuples(st.just("delete"), NAMES, st.none(), st.just(0)),
    st.tuples(st.just("wait"), st.just(""), st.none(), st.integers(0, 90)),
    st.tuples(st.just("back"), st.just(""), st.none(), st.integers(0, 90)),
)


def whole(kept: dict[str, StoredResponse], name: str) -> tuple[bytes, ...] | None:
    """The chain as a store without bounds would have it; None of one that is lost or goes in a circle."""
    items, seen, wanted = list[bytes](), set[str](), name
    while wanted not in seen and (link := kept.get(wanted)) is not None and link.status.is_chainable:
        seen.add(wanted)
        items = [*link.input, *link.output, *items]
        if link.parent is None:
            return tuple(items)
        wanted = link.parent
    return None


@settings(max_examples=300, deadline=None)
@given(st.lists(ACTIONS, max_size=40))
async def test_a_chain_is_exact_or_not_found(actions: list[tuple[Any, ...]]) -> None:
    clock = Clock()
    store = MemoryStore(StoreLimits(size=12_000, largest=5_000, lifetime=100), clock)
    kept = dict[str, StoredResponse]()
    act: Callable[[str], str] = str
    for number, (what, name, parent, size) in enumerate(actions):
        match act(what):
            case "put" | "fail":
                status = Status.FAILED if what == "fail" else Status.COMPLETED
                kept[name] = response(name, parent, status=status, text=f"{number}" + "x" * size)
                await store.put(kept[name])
            case "delete":
                await store.delete(ANNA, name)
                kept.pop(name, None)
            case "wait":
                clock.now += size
            case _:
                clock.now -= size
        assert store.size <= 12_000
        for one in "abcdefgh":
            assert await chained(store, ANNA, one) in {None, whole(kept, one)}
