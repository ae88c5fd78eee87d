"""Admits requests within limits, and settles what each has really cost once it is over.

    places     requests at once, of a key, a person, everybody and a seat: they wait for one in a fair queue
    rates      requests and tokens a minute: they do not wait
    budgets    what a request will likely cost, or the most it can, is held until its cost is known. Before it refuses a
               request, a budget waits for those that hold some of it

A request that is refused has given back what it had taken before that.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from passenger.account.principal import Principal
from passenger.account.scope_limits import Budget
from passenger.chat.cost import Tokens
from passenger.errors import Failure
from passenger.quota.budget import BudgetWindow, counter_name, window_of
from passenger.quota.counters import Counters, Hold, Take, TakeRefusal
from passenger.quota.fair import FairQueue
from passenger.quota.gcra import Standing, Standings
from passenger.quota.refusals import refuse_budget, refuse_place, refuse_rate, warn_budget
from passenger.quota.reserve import AskedTokens, Reserve, price

ReadScopeSpent = Callable[[str, float], int]
"""Nano-credits that a scope has spent since a moment (Unix seconds). It may wait for the disk."""


class AllowanceSettings(Struct, frozen=True):
    """How many requests a seat has at once (0: any number), and seconds to wait for a place, and for a budget.

    `share` is the number of processes that divide each limit among them; only places, where they count all else
    together.
    `cut_streams`: whether a stream ends once it has cost what it holds, and its budgets have nothing left.
    """

    seat_concurrency: int = 0
    queue_wait: float = 10.0
    budget_wait: float = 15.0
    share: int = 1
    cut_streams: bool = False
    counts_together: bool = False


class LimitedRequest(Struct, frozen=True):
    """Who asks, and for what."""

    principal: Principal
    seat: str
    is_person: bool
    """Whether a person has caused it, and not an agent."""
    asked: AskedTokens | None = None
    """None where nothing is billed."""
    is_helper: bool = False
    """Whether it is made for a request that was admitted itself: it takes no place of its own, and counts for none."""


class _Counted(Struct, frozen=True):
    """What one amount is taken for."""

    take: Take
    scope: str
    budget: Budget | None = None
    window: BudgetWindow | None = None


class LimitsGrant(Struct):
    """What an admitted request holds, until it is settled."""

    admission: LimitedRequest
    allowance: "Allowance"
    hold: Hold | None = None
    places: list[str] = []
    """The names of the queues in which it has a place."""
    warning: str = ""
    """What it is told of a budget that is spent and only warns."""
    is_degraded: bool = False
    """Whether it was counted by this process alone where all should have counted it together."""
    more: Hold | None = None
    """What it holds beyond `hold`, as it has turned out to cost more."""
    budgets: list[_Counted] = []
    """The budgets that end it where it costs too much; none unless streams are cut."""

    def settle(self, nano: int | None, tokens: Tokens | None) -> None:
        """Say what it has cost; None where that is not known, or nothing was asked. The first time counts."""
        self.allowance.settle(self, nano, tokens)

    @property
    def cuts_stream(self) -> bool:
        """Whether there is anything that may end its stream."""
        return bool(self.budgets)

    def cover(self, nano: int) -> Failure | None:
        """Hold as much as it has cost by now; the failure to end it with where a budget has no room for that."""
        return self.allowance.cover(self, nano)


class Allowance:
    """The limits of one process. `clock` tells Unix seconds, `monotonic` seconds that never go back."""

    def __init__(
        self,
        counters: Counters,
        settings: AllowanceSettings | None = None,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        read_spent: ReadScopeSpent = lambda _scope, _since: 0,
    ) -> None:
        self._counters = counters
        self._settings = settings or AllowanceSettings()
        self._clock = clock
        self._monotonic = monotonic
        self._read_spent = read_spent
        self._reserve = Reserve()
        self._queues: dict[str, FairQueue] = {}
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._beginning: dict[str, asyncio.Task[None]] = {}

    @property
    def is_busy(self) -> bool:
        """Whether anybody has or wants something of it."""
        return bool(self._queues or self._waiting or self._beginning)

    def trouble(self) -> str | None:
        """Why limits are not kept as they should be, None if they are."""
        return self._counters.trouble()

    def wake_all(self) -> None:
        """Let all who wait for a budget try again: another process has settled something."""
        for counter in list(self._waiting):
            self._wake(counter)

    def limits(self, principal: Principal) -> bool:
        """Whether there is anything to keep for what they ask."""
        return bool(principal.limits) or self._settings.seat_concurrency > 0

    async def admit(self, admission: LimitedRequest) -> LimitsGrant:
        """Let a request in, perhaps after a while.

        Raises:
            Failure: a limit does not allow it (`too_many_concurrent`, `rate_limit_exceeded`, `budget_exceeded`).
        """
        grant = LimitsGrant(admission, self, places=[])
        try:
            if not admission.is_helper:
                await self._take_places(grant)
            await self._take_amounts(grant)
        except BaseException:
            self.settle(grant, 0, None)
            raise
        return grant

    def settle(self, grant: LimitsGrant, nano: int | None, tokens: Tokens | None) -> None:
        """Put what a request has really been in place of what it holds, and let others have the rest."""
        hold, grant.hold = grant.hold, None
        self._release_more(grant)
        if hold is not None:
            asked, count = grant.admission.asked, _whole(tokens)
            is_estimated = tokens is None and bool(nano)  # the answer was cut: nobody told its tokens
            actual = [
                nano or 0 if one.kind == "sum" else one.amount if is_estimated else _rate_of(one, count)
                for one in hold.takes
            ]
            self._counters.settle(hold, actual, self._monotonic())
            if asked is not None and tokens is not None and count:
                self._reserve.learn(asked, tokens, self._monotonic())
            for one in hold.takes:
                if one.kind == "sum":
                    self._wake(one.counter)
        places, grant.places = grant.places, []
        for name in places:
            queue = self._queues[name]
            queue.give_back()
            if queue.is_idle:
                del self._queues[name]

    def cover(self, grant: LimitsGrant, nano: int) -> Failure | None:
        """Hold as much as a request has cost by now; the failure to end it with where a budget has no room for that."""
        hold, more = grant.hold, grant.more
        has = {one.counter: one.amount for one in more.takes} if more is not None else {}
        if hold is None or all(nano <= one.take.amount + has.get(one.take.counter, 0) for one in grant.budgets):
            return None
        takes = [one.take for one in grant.budgets if one.take.amount < nano]
        self._release_more(grant)  # nothing waits here: what comes back can be taken again, but by another worker
        try:
            return self._cover(grant, more, takes, nano)
        except Failure:  # workers cannot count together just now: what was let in is finished
            return None

    def _cover(self, grant: LimitsGrant, more: Hold | None, takes: Sequence[Take], nano: int) -> Failure | None:
        now = self._monotonic()
        found = self._counters.take([replace(one, amount=nano - one.amount) for one in takes], now)
        if isinstance(found, Hold):
            grant.more = found
            return None
        if more is not None:  # it goes on to hold what it had, though others have passed the budget meanwhile
            again = self._counters.take([replace(one, refuses=False) for one in more.takes], now)
            grant.more = again if isinstance(again, Hold) else None
        return self._refusal(grant.budgets, found, what="the rest of this answer")

    def _release_more(self, grant: LimitsGrant) -> None:
        more, grant.more = grant.more, None
        if more is not None:
            self._counters.settle(more, [0] * len(more.takes), self._monotonic())

    def standings(self, principal: Principal, grant: LimitsGrant | None = None) -> Standings:
        """Where the limits a minute stand of what they ask, which a grant knows already."""
        now, kinds = self._monotonic(), ("requests", "tokens")
        takes = _all_rates(grant) or [one.take for one in self._rates(principal, 0)]
        found: dict[str, Standing] = {}
        for one in takes:
            if one.kind != "rate":
                continue
            kind = kinds[one.counter.endswith("tokens")]
            standing = self._counters.standing(one, now)
            if kind not in found or standing.remaining < found[kind].remaining:
                found[kind] = standing
        return Standings(found.get("requests"), found.get("tokens"))

    # --- places ------------------------------------------------------------------------------------------------------

    async def _take_places(self, grant: LimitsGrant) -> None:
        admission = grant.admission
        principal, until = admission.principal, self._monotonic() + self._settings.queue_wait
        wanted = [(one.scope, one.concurrency) for one in principal.limits if one.concurrency is not None]
        if self._settings.seat_concurrency:
            wanted.append((f"seat:{admission.seat}", self._settings.seat_concurrency))
        for scope, all_places in sorted(wanted, key=lambda one: _ORDER.index(one[0].partition(":")[0])):
            places = max(1, all_places // self._settings.share)
            queue = self._queues.setdefault(scope, FairQueue(places))
            if queue.places != places:
                queue.places = places
                queue.fill()
            who = principal.user or principal.name
            left = until - self._monotonic()
            if not (queue.take_at_once() or await queue.take(who, left, is_person=admission.is_person)):
                raise refuse_place(scope, all_places)
            grant.places.append(scope)

    # --- rates and budgets -------------------------------------------------------------------------------------------

    async def _take_amounts(self, grant: LimitsGrant) -> None:
        counted = self._counted(grant.admission)
        for one in counted:
            if one.window is not None and not self._counters.has(one.take.counter):
                await self._begin(one, one.window)
        takes, until = [one.take for one in counted], self._monotonic() + self._settings.budget_wait
        woken = ""
        while True:
            found = self._counters.take(takes, self._monotonic())
            if isinstance(found, Hold):
                grant.hold, grant.is_degraded = found, self._counters.is_degraded
                break
            at = found.take.counter
            if woken != at:
                self._wake(woken)
            if found.take.kind == "sum" and found.reserved and await self._wait(at, until, first=woken == at):
                woken = at
                continue
            self._wake(at)
            raise self._refusal(counted, found)
        self._wake(woken)
        grant.warning = self._warning(counted)
        if self._settings.cut_streams:
            grant.budgets = [one for one in counted if one.budget is not None and one.take.refuses]

    def _counted(self, admission: LimitedRequest) -> list[_Counted]:
        """All that a request counts against, in the order in which it is refused."""
        asked, now = admission.asked, self._clock()
        likely = self._reserve.likely(asked, self._monotonic()) if asked is not None else Tokens()
        found = [] if admission.is_helper else self._rates(admission.principal, _whole(likely))
        if asked is None:
            return [one for one in found if not one.take.counter.endswith("tokens")]
        for limits in admission.principal.limits:
            for budget in limits.budgets:
                window = window_of(budget, now)
                tokens = likely if budget.reserve == "likely" else self._reserve.worst(asked)
                name = counter_name(limits.scope, budget, window)
                cap, refuses = budget.cap(now) // self._count_share, budget.action == "refuse"
                take = Take(name, "sum", price(asked.tariff, tokens), cap, refuses)
                found.append(_Counted(take, limits.scope, budget, window))
        return found

    def _rates(self, principal: Principal, tokens: int) -> list[_Counted]:
        found = []
        for limits in principal.limits:
            rates = (("requests", limits.requests_per_minute, 1), ("tokens", limits.tokens_per_minute, tokens))
            for what, most, amount in rates:
                if most is not None:
                    take = Take(f"{limits.scope} {what}", "rate", amount, max(1, most // self._count_share))
                    found.append(_Counted(take, limits.scope))
        return found

    @property
    def _count_share(self) -> int:
        """How many processes divide what is counted."""
        return 1 if self._settings.counts_together else self._settings.share

    async def _begin(self, one: _Counted, window: BudgetWindow) -> None:
        """Begin a budget's counter with what was spent in its period before; all who come meanwhile wait."""
        name = one.take.counter

        async def begin() -> None:
            try:
                spent = await asyncio.to_thread(self._read_spent, one.scope, window.began)
                self._counters.begin(name, -(-spent // self._count_share))
            finally:
                del self._beginning[name]

        if name not in self._beginning:
            self._beginning[name] = asyncio.ensure_future(begin())
        await asyncio.shield(self._beginning[name])

    # --- waiting for those in flight ---------------------------------------------------------------------------------

    async def _wait(self, counter: str, until: float, *, first: bool) -> bool:
        """Wait until something was settled; whether that was in time."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line = self._waiting.setdefault(counter, deque())
        (line.appendleft if first else line.append)(waiter)
        try:
            async with asyncio.timeout(max(0.0, until - self._monotonic())):
                await waiter
        except TimeoutError:
            self._leave(counter, waiter)
            return False
        except asyncio.CancelledError:
            self._leave(counter, waiter)
            raise
        return True

    def _leave(self, counter: str, waiter: asyncio.Future[None]) -> None:
        """Wait no longer; another one's turn comes where it had come to this one."""
        line = self._waiting.get(counter)
        if line is not None and waiter in line:
            line.remove(waiter)
            if not line:
                del self._waiting[counter]
        elif not waiter.cancelled():
            self._wake(counter)

    def _wake(self, counter: str) -> None:
        """Let the next who waits try again."""
        line = self._waiting.get(counter)
        while line:
            waiter = line.popleft()
            if not line:
                del self._waiting[counter]
            if not waiter.done():
                waiter.set_result(None)
                return

    # --- words -------------------------------------------------------------------------------------------------------

    def _refusal(self, counted: Sequence[_Counted], found: TakeRefusal, what: str = "this request") -> Failure:
        take = found.take
        one = next(one for one in counted if one.take.counter == take.counter)
        if one.budget is not None and one.window is not None:
            return refuse_budget(one.scope, one.budget, one.window, found.spent, self._clock(), what=what)
        return refuse_rate(one.scope, take.most, take.counter.rpartition(" ")[2], found.wait)

    def _warning(self, counted: Sequence[_Counted]) -> str:
        now = self._clock()
        for one in counted:
            if one.budget is not None and not one.take.refuses:
                spent = self._counters.spent(one.take.counter)
                if spent >= one.take.most:
                    return warn_budget(one.scope, one.budget, spent, now)
        return ""


_ORDER = ("key", "user", "all", "seat")
"""The order in which places are taken, which is the same for all: so nobody waits in a circle."""


def _whole(tokens: Tokens | None) -> int:
    return 0 if tokens is None else tokens.fresh + tokens.cache_read + tokens.cache_write + tokens.output


def _rate_of(take: Take, tokens: int) -> int:
    """What a rate has really been asked for."""
    return tokens if take.counter.endswith("tokens") else take.amount


def _all_rates(grant: LimitsGrant | None) -> Sequence[Take]:
    """What a grant holds, where that is taken from all limits a minute there are; nothing where it is not."""
    if grant is None or grant.hold is None or grant.admission.is_helper or grant.admission.asked is None:
        return ()
    return grant.hold.takes
