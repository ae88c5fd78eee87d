"""The allowance: what a request takes and waits for, and that all of it comes back however it ends."""

import asyncio
import contextlib
import random
from collections.abc import Callable

import pytest

from passenger.account.principal import Principal
from passenger.account.scope_limits import Budget, ScopeLimits
from passenger.chat.cost import Rates, Tariff, Tokens
from passenger.errors import Failure, Kind
from passenger.quota.allowance import Allowance, AllowanceSettings, LimitedRequest, LimitsGrant
from passenger.quota.counters import Hold
from passenger.quota.local_counters import LocalCounters
from passenger.quota.reserve import AskedTokens

pytestmark = pytest.mark.asyncio

NOW = 1_000_000.0
LONG = 60.0


class World:
    """An allowance, its counters, and clocks that stand still unless they are moved."""

    def __init__(self, settings: AllowanceSettings | None = None, spent: int = 0) -> None:
        self.counters = LocalCounters()
        self.now, self.read = 0.0, list[tuple[str, float]]()

        def read_spent(scope: str, since: float) -> int:
            self.read.append((scope, since))
            return spent

        self.allowance = Allowance(
            self.counters,
            settings or AllowanceSettings(queue_wait=LONG, budget_wait=LONG),
            clock=lambda: NOW + self.now,
            monotonic=lambda: self.now,
            read_spent=read_spent,
        )

    def begin(self, admission: LimitedRequest) -> asyncio.Task[LimitsGrant]:
        return asyncio.ensure_future(self.allowance.admit(admission))


def asking(*limits: ScopeLimits, output: int = 10, helper: bool = False, who: str = "alice") -> LimitedRequest:
    """A request that costs as many nano-credits as it may have output tokens; its input is free."""
    tariff = Tariff(Rates(0, 0, 0, 1), batch=1)
    asked = AskedTokens(tariff, "own", "m", "s", 40, output=output)
    return LimitedRequest(
        Principal("p", user=who, limits=limits), "own", is_person=False, asked=asked, is_helper=helper
    )


def budget(cap: int, **fields: str) -> ScopeLimits:
    return ScopeLimits("user:alice", budgets=(Budget("day", cap, reserve="worst", **fields),))  # type: ignore[arg-type]  # its own texts


async def waits(world: World, *tasks: asyncio.Task[LimitsGrant]) -> None:
    """Let everything run that can; these tasks wait on."""
    for _ in range(50):
        await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)
    del world


async def refused(begun: asyncio.Task[LimitsGrant]) -> str | None:
    with pytest.raises(Failure) as found:
        await begun
    return found.value.code


async def test_without_limits_nothing_is_to_be_kept() -> None:
    world = World()
    assert not world.allowance.limits(Principal("p"))
    assert world.allowance.limits(asking(budget(5)).principal)
    assert World(AllowanceSettings(seat_concurrency=1)).allowance.limits(Principal("p"))


async def test_a_budget_waits_for_those_that_hold_some_of_it() -> None:
    world, one = World(), asking(budget(15))
    first = await world.allowance.admit(one)
    second = world.begin(one)
    await waits(world, second)
    first.settle(4, None)
    grant = await second
    third = world.begin(one)
    await waits(world, third)
    grant.settle(8, None)
    assert await refused(third) == "budget_exceeded"


async def test_one_that_cannot_fit_is_refused_at_once_where_nobody_holds_any() -> None:
    world = World()
    assert await refused(world.begin(asking(budget(5)))) == "budget_exceeded"


async def test_what_gives_up_waiting_lets_the_next_try() -> None:
    world = World()
    first = await world.allowance.admit(asking(budget(15)))
    big, small = world.begin(asking(budget(15), output=12)), world.begin(asking(budget(15), output=6))
    await waits(world, big, small)
    big.cancel()
    await waits(world, small)
    first.settle(9, None)
    assert (await small).hold is not None


async def test_a_refusal_gives_back_the_place_and_the_request() -> None:
    world = World()
    limits = ScopeLimits("user:alice", requests_per_minute=1, concurrency=1, budgets=(Budget("day", 5),))
    assert await refused(world.begin(asking(limits))) == "budget_exceeded"
    enough = ScopeLimits("user:alice", requests_per_minute=1, concurrency=1)
    grant = await world.allowance.admit(asking(enough))
    assert await refused(world.begin(asking(ScopeLimits("user:alice", requests_per_minute=1)))) == "rate_limit_exceeded"
    grant.settle(0, None)
    world.now = 60.0
    assert (await world.allowance.admit(asking(enough))).hold is not None


async def test_no_place_in_time_is_told_so() -> None:
    world = World(AllowanceSettings(seat_concurrency=1, queue_wait=0.0))
    grant = await world.allowance.admit(asking())
    assert await refused(world.begin(asking())) == "too_many_concurrent"
    grant.settle(None, None)
    grant.settle(None, None)
    assert (await world.allowance.admit(asking())).places


async def test_a_search_for_a_request_takes_no_place_of_its_own() -> None:
    world = World()
    limits = ScopeLimits("user:alice", requests_per_minute=1, concurrency=1)
    await world.allowance.admit(asking(limits))
    assert not (await world.allowance.admit(asking(limits, helper=True))).places


async def test_a_budget_begins_once_with_what_was_spent_before() -> None:
    world = World(spent=100)
    one = asking(budget(115))
    grants = await asyncio.gather(world.allowance.admit(one), return_exceptions=True)
    assert isinstance(grants[0], LimitsGrant)
    assert len(world.read) == 1
    again = world.begin(one)
    await waits(world, again)
    grants[0].settle(10, None)
    assert await refused(again) == "budget_exceeded"
    assert len(world.read) == 1


async def test_each_process_has_its_share() -> None:
    world = World(AllowanceSettings(share=4, budget_wait=0.0))
    assert await refused(world.begin(asking(budget(39)))) == "budget_exceeded"
    await world.allowance.admit(asking(budget(40)))


async def test_a_budget_that_warns_refuses_nobody() -> None:
    world, one = World(spent=100), asking(budget(50, action="warn"))
    assert "of this person" in (await world.allowance.admit(one)).warning


async def test_tokens_are_corrected_by_what_was_told() -> None:
    world, limits = World(), ScopeLimits("key:k", tokens_per_minute=100)
    principal = asking(limits).principal
    grant = await world.allowance.admit(asking(limits))
    assert world.allowance.standings(principal).requests is None
    grant.settle(1, Tokens(10, output=50))
    tokens = world.allowance.standings(principal).tokens
    assert tokens is not None
    assert tokens.remaining == 40


@pytest.mark.parametrize("seed", range(20))
async def test_all_that_is_held_comes_back_however_requests_end(seed: int) -> None:
    chance, world = random.Random(seed), World(AllowanceSettings(3, LONG, LONG))
    cap = 200

    async def ask(finish: Callable[[LimitsGrant], None]) -> None:
        limits = ScopeLimits("user:alice", concurrency=2, budgets=budget(cap).budgets)
        grant = await world.allowance.admit(asking(limits, output=chance.randrange(1, 40)))
        try:
            for _ in range(chance.randrange(5)):
                await asyncio.sleep(0)
        finally:
            finish(grant)

    def finish(grant: LimitsGrant) -> None:
        most = grant.hold.takes[0].amount if grant.hold is not None else 0
        grant.settle(chance.choice([None, 0, most, chance.randint(0, most)]), None)
        assert sum(map(world.counters.spent, names)) <= cap

    names = ["user:alice day UTC 950400"]
    tasks = [asyncio.create_task(ask(finish)) for _ in range(50)]
    for task in tasks:
        await asyncio.sleep(0)
        if chance.random() < 0.2:
            task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError, Failure):
            await task
    assert len(world.counters) == 0
    assert world.counters.has(names[0])
    assert world.counters.reserved(names[0]) == 0
    assert not world.allowance.is_busy


CUTS = AllowanceSettings(queue_wait=LONG, budget_wait=0.0, cut_streams=True)
DAY = "user:alice day UTC 950400"


async def test_what_costs_more_than_it_holds_takes_more_as_long_as_there_is_some() -> None:
    world = World(CUTS)
    grant = await world.allowance.admit(asking(budget(30), output=10))
    assert [grant.cover(nano) for nano in (1, 10, 14, 30)] == [None] * 4
    assert world.counters.reserved(DAY) == 30
    failure = grant.cover(31)
    assert failure is not None
    assert failure.code == "budget_exceeded"
    assert "the rest of this answer" in failure.message
    grant.settle(31, None)
    assert (len(world.counters), world.counters.reserved(DAY), world.counters.spent(DAY)) == (0, 0, 31)
    assert grant.cover(99) is None


async def test_what_a_stream_took_is_not_there_for_the_next() -> None:
    world = World(CUTS)
    first = await world.allowance.admit(asking(budget(30), output=10))
    assert first.cover(20) is None
    second = await world.allowance.admit(asking(budget(30), output=10))
    assert second.cover(10) is None
    assert [one.code for one in (first.cover(21), second.cover(11)) if one is not None] == ["budget_exceeded"] * 2
    first.settle(21, None)
    second.settle(3, None)
    assert (world.counters.reserved(DAY), world.counters.spent(DAY)) == (0, 24)


async def test_a_stream_that_is_cut_keeps_what_it_held_though_the_budget_is_passed() -> None:
    world = World(CUTS)
    first, second, third = [await world.allowance.admit(asking(budget(60), output=10)) for _ in range(3)]
    assert [one.cover(20) for one in (first, second, third)] == [None] * 3
    first.settle(35, None)
    assert second.cover(21) is not None
    assert (world.counters.reserved(DAY), world.counters.spent(DAY)) == (40, 35)
    assert third.cover(21) is not None
    second.settle(21, None)
    third.settle(21, None)
    assert (len(world.counters), world.counters.reserved(DAY), world.counters.spent(DAY)) == (0, 0, 77)


async def test_a_stream_is_not_ended_where_workers_cannot_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(CUTS)
    grant = await world.allowance.admit(asking(budget(30), output=10))
    assert grant.cover(20) is None

    def fail(*_arguments: object) -> Hold:
        raise Failure(Kind.UNAVAILABLE, "no", code="limits_unavailable")

    monkeypatch.setattr(world.counters, "take", fail)
    assert [grant.cover(nano) for nano in (25, 99)] == [None, None]
    grant.settle(40, None)
    assert (len(world.counters), world.counters.reserved(DAY), world.counters.spent(DAY)) == (0, 0, 40)


async def test_the_tightest_budget_that_refuses_ends_a_stream() -> None:
    world = World(CUTS)
    mine, everybody = budget(100), ScopeLimits("all", budgets=(Budget("total", 20, reserve="worst"),))
    warned = ScopeLimits("key:k", budgets=(Budget("day", 1, action="warn"),))
    grant = await world.allowance.admit(asking(mine, everybody, warned, output=10))
    assert grant.cover(20) is None
    failure = grant.cover(21)
    assert failure is not None
    assert "everybody" in failure.message
    grant.settle(21, None)
    assert world.counters.reserved(DAY) == 0


async def test_no_stream_is_cut_unless_it_is_wanted() -> None:
    world = World()
    grant = await world.allowance.admit(asking(budget(30), output=10))
    assert not grant.cuts_stream
    assert grant.cover(1000) is None


@pytest.mark.parametrize("seed", range(20))
async def test_streams_side_by_side_never_pass_a_cap_by_more_than_a_look_each(seed: int) -> None:
    chance, world, cap, look = random.Random(seed), World(CUTS), 1000, 16
    running: list[tuple[LimitsGrant, list[int]]] = []
    looks = 0
    for _ in range(400):
        if chance.random() < 0.5:
            with contextlib.suppress(Failure):
                running.append((await world.allowance.admit(asking(budget(cap), output=30)), [0]))
        for one in running[:]:
            grant, cost = one
            cost[0] += chance.randint(1, look)
            is_cut = grant.cover(cost[0]) is not None
            looks += is_cut
            if is_cut or chance.random() < 0.01:
                grant.settle(cost[0], None)
                running.remove(one)
    for grant, cost in running:
        grant.settle(cost[0], None)
    assert looks
    assert world.counters.spent(DAY) <= cap + looks * look
    assert (len(world.counters), world.counters.reserved(DAY)) == (0, 0)
