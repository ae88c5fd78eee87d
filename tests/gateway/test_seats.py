"""Each person of a team has their own seat; what nobody uses is closed, what somebody uses never."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from passenger.account.principal import ANYONE, Principal
from passenger.account.session import Session
from passenger.copilot.call import Call
from passenger.copilot.catalog_cache import CatalogCache, Fetched
from passenger.copilot.upstream import Reply
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway import OpenedSeat, Seat, SeatRow, TeamSeats
from passenger.gateway.reasoning_cache import ReasoningCache
from tests.fakes import Clock, MemoryVault, grant


class Nowhere:
    """An upstream that nobody gets to."""

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        raise NotImplementedError


def seat(name: str) -> Seat:
    async def exchange(_login: object) -> object:
        return grant("token")

    async def fetch(_believed: float) -> Fetched:
        return Fetched([])

    clock = Clock()
    session = Session(MemoryVault(), exchange, clock=clock, base_url=str, headers={})  # type: ignore[arg-type]  # unused
    return Seat(
        name, session, CatalogCache(fetch, clock=clock, lifetime=1, aliases={}), Nowhere(), ReasoningCache(clock)
    )


class House:
    """Opens seats, and notes which; `rows` is who has which."""

    def __init__(self) -> None:
        self.own = seat("own")
        self.rows = {name: SeatRow(name, name.title()) for name in ("ann", "bob", "cy", "dee")}
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.shared = False

    def seat_of(self, user_id: str) -> SeatRow | None:
        return self.rows.get(user_id)

    def open(self, row: SeatRow) -> OpenedSeat:
        self.opened.append(row.name)
        return OpenedSeat(seat(row.name), self._close(row.name))

    def _close(self, name: str) -> Callable[[], Awaitable[None]]:
        async def close() -> None:
            await self.gate.wait()
            self.closed.append(name)

        return close

    def seats(self, kept: int = 2) -> TeamSeats:
        return TeamSeats(self.own, self, self.open, is_shared=lambda: self.shared, kept=kept)


def person(name: str) -> Principal:
    return Principal(name.title(), user=name)


async def settle() -> None:
    """Let what was begun by the loop's callbacks end."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_each_person_has_their_own_seat_which_is_opened_once() -> None:
    house = House()
    seats = house.seats()
    assert house.opened == []
    assert seats.of(person("ann")).name == "ann"
    assert seats.of(person("bob")).name == "bob"
    assert seats.of(person("ann")) is seats.of(person("ann"))
    assert house.opened == ["ann", "bob"]


@pytest.mark.parametrize("principal", [ANYONE, Principal("key 1")], ids=lambda one: str(one.name))
async def test_who_is_of_no_team_has_the_owners(principal: Principal) -> None:
    house = House()
    assert house.seats().of(principal) is house.own
    assert house.opened == []


async def test_a_person_whose_seat_is_the_owners_has_that() -> None:
    house = House()
    house.rows["ann"] = SeatRow("own", "Ann")
    assert house.seats().of(person("ann")) is house.own


async def test_a_person_without_a_seat_is_told_what_to_do() -> None:
    house = House()
    with pytest.raises(Failure) as refused:
        house.seats().of(person("eve"))
    assert (refused.value.kind, refused.value.status, refused.value.code) == (Kind.FORBIDDEN, 403, "no_seat")
    assert "`passenger users invite Eve`" in refused.value.message


async def test_only_where_it_is_shared_do_others_use_the_owners() -> None:
    house = House()
    seats = house.seats()
    house.shared = True
    assert seats.of(person("eve")) is house.own
    assert seats.of(person("ann")).name == "ann"
    house.shared = False
    with pytest.raises(Failure):
        seats.of(person("eve"))


async def test_the_seat_that_has_rested_longest_is_closed() -> None:
    house = House()
    seats = house.seats(kept=2)
    seats.of(person("ann"))
    seats.of(person("bob"))
    seats.of(person("ann"))
    seats.of(person("cy"))
    await settle()
    assert house.closed == ["bob"]
    assert seats.open == 2
    seats.of(person("bob"))
    await settle()
    assert house.closed == ["bob", "ann"]
    assert house.opened == ["ann", "bob", "cy", "bob"]


async def test_a_seat_in_use_is_never_closed_and_stays_the_same() -> None:
    house = House()
    seats = house.seats(kept=1)
    used = seats.of(person("ann"))
    for name in ("bob", "cy", "dee"):
        seats.of(person(name))
        await settle()
    assert house.closed == ["bob", "cy"]
    assert seats.of(person("ann")) is used
    assert house.opened == ["ann", "bob", "cy", "dee"]
    await settle()
    assert house.closed == ["bob", "cy", "dee"]
    del used
    seats.of(person("bob"))
    await settle()
    assert house.closed == ["bob", "cy", "dee", "ann"]
    assert seats.open == 1


async def test_a_seat_that_is_left_in_a_thread_is_closed_on_the_loop() -> None:
    house = House()
    seats = house.seats(kept=1)
    held = [seats.of(person("ann"))]
    seats.of(person("bob"))
    await asyncio.to_thread(held.clear)
    await settle()
    assert house.closed == ["ann"]


async def test_a_seat_that_is_just_being_closed_is_opened_anew() -> None:
    house = House()
    seats = house.seats(kept=1)
    house.gate.clear()
    seats.of(person("ann"))
    seats.of(person("bob"))
    await settle()
    assert seats.of(person("ann")).name == "ann"
    assert house.opened == ["ann", "bob", "ann"]
    house.gate.set()
    await seats.aclose()
    assert sorted(house.closed) == ["ann", "ann", "bob"]


async def test_at_the_end_all_are_closed_once_those_in_use_too() -> None:
    house = House()
    seats = house.seats(kept=2)
    used = seats.of(person("ann"))
    seats.of(person("bob"))
    await seats.aclose()
    assert sorted(house.closed) == ["ann", "bob"]
    assert seats.open == 0
    del used
    await settle()
    assert sorted(house.closed) == ["ann", "bob"]
