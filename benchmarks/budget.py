"""How exactly budgets are kept that hold what requests will likely cost: agents that ask until they are refused.

    python -m benchmarks.budget

The agents are made up after measured traffic of coding agents: prompts of some 200,000 tokens, 99 % of them in a cache
but for 3 % of the turns, and answers of some 8 seconds. Four in five of the turns without a cache can be told
beforehand, by a new session. Their sessions have begun before the budget did. Time is simulated: a run of hours takes a
second.
"""

import asyncio
import random
import selectors
from statistics import mean

from passenger.account.principal import Principal
from passenger.account.scope_limits import Budget, ReservePolicy, ScopeLimits
from passenger.chat.cost import Rates, Tariff, Tokens
from passenger.errors import Failure
from passenger.quota.allowance import Allowance, AllowanceSettings, LimitedRequest
from passenger.quota.local_counters import LocalCounters
from passenger.quota.reserve import AskedTokens, price

NANO = 10**9
TARIFF = Tariff(Rates(500 * NANO, 50 * NANO, 625 * NANO, 2500 * NANO))
COUNTER = "all total UTC 0"
SETTINGS = ((8, 5), (8, 50), (30, 20))
"""Agents, and the cap in dollars."""


class Jumping(selectors.SelectSelector):
    """Waits for nothing: the time that a loop would wait has passed."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready, at the end of the time."""
        self.now += timeout or 0.0
        return super().select(0)


class Run:
    """Agents that ask under one budget until each is refused."""

    def __init__(self, seed: int, agents: int, dollars: int, policy: ReservePolicy) -> None:
        self.chance, self.agents, self.cap = random.Random(seed), agents, dollars * 100 * NANO
        budget = Budget("total", self.cap, reserve=policy)
        self.principal = Principal("team", limits=(ScopeLimits("all", budgets=(budget,)),))
        self.before = Principal("team", limits=(ScopeLimits("all", tokens_per_minute=10**12),))
        self.counters = LocalCounters()
        self.counters.begin(COUNTER, 0)
        self.first: float | None = None
        self._time = Jumping()

    def play(self) -> tuple[float, float]:
        """What was spent in the end and at the first refusal, as parts of the cap."""
        loop = asyncio.SelectorEventLoop(self._time)
        loop.time = lambda: self._time.now  # type: ignore[method-assign]  # simulated
        try:
            loop.run_until_complete(self._all())
        finally:
            loop.close()
        return self.counters.spent(COUNTER) / self.cap, self.first or 0.0

    async def _all(self) -> None:
        def clock() -> float:
            return self._time.now

        allowance = Allowance(self.counters, AllowanceSettings(), clock=clock, monotonic=clock)
        await asyncio.gather(*(self._agent(allowance, number) for number in range(self.agents)))

    async def _agent(self, allowance: Allowance, number: int) -> None:
        await self._turn(allowance, f"{number} 0", self.before)
        session = 0
        while True:
            await asyncio.sleep(self.chance.expovariate(1 / 5))
            is_cold, is_told = self.chance.random() < 0.03, self.chance.random() < 0.8
            session += is_cold and is_told
            try:
                await self._turn(allowance, f"{number} {session}", self.principal, is_cold=is_cold)
            except Failure:
                self.first = self.first or self.counters.spent(COUNTER) / self.cap
                return

    async def _turn(self, allowance: Allowance, session: str, whose: Principal, *, is_cold: bool = False) -> None:
        """One request and its answer."""
        whole = min(900_000, round(self.chance.lognormvariate(12.2, 0.3)))
        output = min(32_000, round(self.chance.lognormvariate(6.0, 1.0)))
        asked = AskedTokens(TARIFF, "own", "opus", session, 4 * whole, 1, 32_000, 936_000, 64_000)
        grant = await allowance.admit(LimitedRequest(whose, "own", is_person=False, asked=asked))
        await asyncio.sleep(self.chance.lognormvariate(2.0, 0.5))
        cached = 0 if is_cold else whole * 99 // 100
        tokens = Tokens(0, cached, whole - cached, output)
        grant.settle(price(TARIFF, tokens), tokens)


def figures(agents: int, dollars: int, policy: ReservePolicy, runs: int) -> tuple[float, float, float]:
    """Mean and most of what was spent, and the mean of where the first was refused, as parts of the cap."""
    played = [Run(seed, agents, dollars, policy).play() for seed in range(runs)]
    spent = [one for one, _ in played]
    return mean(spent), max(spent), mean(first for _, first in played)


def main() -> None:
    """Print the figures of 60 runs of each setting."""
    print("reserve  agents  cap   spent  at most  first refusal")
    policies: tuple[ReservePolicy, ...] = ("likely", "worst")
    for policy in policies:
        for agents, dollars in SETTINGS:
            spent, most, first = figures(agents, dollars, policy, 60)
            print(f"{policy:7}  {agents:6}  ${dollars:<3}  {spent:5.0%}  {most:7.0%}  {first:13.0%}")


if __name__ == "__main__":
    main()
