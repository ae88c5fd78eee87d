"""The life of a token, in every order of events that hypothesis can think of."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from passenger.account.session import LONGEST_PAUSE
from passenger.errors import Failure, Kind
from tests.fakes import login
from tests.session_world import World

SECONDS = st.sampled_from([0.0, 1.0, 20.0, 45.0, 400.0, 1400.0, 1745.0, 1801.0, 86_400.0])
LIVES = st.sampled_from([-10.0, 0.0, 30.0, 70.0, 400.0, 1800.0, 1e9])
RETRIES = st.sampled_from([None, "0", "5", "77", "86400", "9" * 400, "\u00b2", "Wed, 21 Oct 2026 07:28:00 GMT", ""])
FAILURES = st.builds(
    Failure,
    st.sampled_from([Kind.UNAVAILABLE, Kind.TIMEOUT, Kind.RATE_LIMIT, Kind.UPSTREAM, Kind.LOGIN, Kind.FORBIDDEN]),
    st.just("no"),
    retry_after=RETRIES,
)


class SessionMachine(RuleBasedStateMachine):
    """What may happen to a session. What must hold is in `World`, and in `it_recovers`."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = self._run(_made())

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(coroutine)

    def _happens(self, *events: Callable[[], object]) -> None:
        async def happen() -> None:
            for event in events:
                event()
            await self.world.settle()

        self._run(happen())

    # --- requests ----------------------------------------------------------------------------------------------------

    @rule(count=st.integers(1, 4))
    def requests_come(self, count: int) -> None:
        self._happens(lambda: self.world.wait_for(*(self.world.session.access() for _ in range(count))))

    @precondition(lambda self: self.world.waiting)
    @rule(data=st.data())
    def a_client_leaves(self, data: st.DataObject) -> None:
        self._happens(data.draw(st.sampled_from(self.world.waiting)).cancel)

    @precondition(lambda self: self.world.handed)
    @rule(back=st.integers(1, 4), count=st.integers(1, 3))
    def copilot_refuses(self, back: int, count: int) -> None:
        access = self.world.handed[-min(back, len(self.world.handed))]
        self.world.refused.add(access.bearer)
        self._happens(lambda: self.world.wait_for(*(self.world.session.renew(access) for _ in range(count))))

    @precondition(lambda self: self.world.handed)
    @rule()
    def copilot_refuses_even_the_new_one(self) -> None:
        access = self.world.handed[-1]
        self.world.refused.add(access.bearer)
        self._happens(lambda: self.world.session.reject(access))

    @precondition(lambda self: self.world.handed)
    @rule()
    def copilot_takes_it(self) -> None:
        self.world.session.accept(self.world.handed[-1])

    # --- GitHub ------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.asked)
    @rule(life=LIVES, refresh_in=st.sampled_from([None, 0.0, 25.0, 1500.0, -1e12, 1e12]))
    def github_gives_a_token(self, life: float, refresh_in: float | None) -> None:
        self._happens(lambda: self.world.answer(life, refresh_in))

    @precondition(lambda self: self.world.asked)
    @rule(failure=FAILURES)
    def github_gives_none(self, failure: Failure) -> None:
        self._happens(lambda: self.world.fail(failure))

    # --- time --------------------------------------------------------------------------------------------------------

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: float) -> None:
        self.world.real += seconds

    @rule(skew=st.sampled_from([-86_400.0, -3600.0, -3.0, 0.0, 3.0, 3600.0, 86_400.0]))
    def the_clock_is_set(self, skew: float) -> None:
        self.world.skew = skew

    # --- others ------------------------------------------------------------------------------------------------------

    @rule(life=LIVES)
    def another_process_writes_a_token(self, life: float) -> None:
        self.world.files.token, self.world.files.new_token = self.world.token(life), True

    @precondition(lambda self: not self.world.files.busy.locked())
    @rule()
    def another_process_takes_the_lock(self) -> None:
        self._run(self.world.files.busy.acquire())
        self.elsewhere = True

    elsewhere = False

    @precondition(lambda self: self.elsewhere)
    @rule()
    def another_process_lets_go(self) -> None:
        self.elsewhere = False
        self._happens(self.world.files.busy.release)

    @rule(name=st.sampled_from(["ghu_fake-login", "ghu_fake-other", "ghp_fake-classic"]))
    def somebody_logs_in(self, name: str) -> None:
        self.world.files.the_login, self.world.files.new_login = login(name), True

    @rule()
    def somebody_logs_out(self) -> None:
        self.world.files.the_login, self.world.files.new_login = None, True

    # --- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def it_can_always_say_how_it_is(self) -> None:
        assert self.world.session.is_usable() in {True, False}
        assert isinstance(self.world.session.trouble(), Failure | None)

    def it_recovers(self) -> None:
        """Every life ends well, once GitHub answers, nobody is in the way, and a while has passed."""
        if self.elsewhere:
            self.another_process_lets_go()
        while self.world.asked:
            self.github_gives_a_token(1800, 1500)
        self.somebody_logs_in("ghu_fake-login")
        self.world.files.new_login = False  # which would have it tried at once
        before, self.world.prompt = len(self.world.handed), True
        for _ in range(2):  # the clock may have been set back so that the first hour is not seen to pass
            self.world.real += LONGEST_PAUSE
            self.requests_come(1)
        self.world.prompt = False
        assert len(self.world.handed) > before

    def teardown(self) -> None:
        self.it_recovers()
        self._run(self.world.close())
        self.runner.close()


async def _made() -> World:
    return World()


TestSession = SessionMachine.TestCase
TestSession.settings = settings(stateful_step_count=40)
