"""What GitHub says of the seat: asked once, believed for five minutes, worth no failure and no long wait."""

import asyncio

import pytest

from passenger.account.copilot_user import LIFETIME, RETRY, CopilotUserCache, plan_name
from passenger.account.protocol import CopilotUser
from passenger.account.token import Login, LoginSource
from passenger.cli.serve.panel import Told
from passenger.cli.serve.panel import facts as panel
from passenger.cli.status import facts as status_lines
from passenger.errors import Failure, Kind
from passenger.secret import Secret
from passenger.server.control.status import SeatAccount, ServerStatus
from passenger.server.pages.client_commands import PageAddress
from passenger.server.pages.overview import overview
from passenger.simulator.account import SKUS
from tests.fakes import Clock, login


class World:
    """A GitHub that answers as it is told, once `open` is set, and the cache that asks it."""

    def __init__(self) -> None:
        self.clock, self.open = Clock(), asyncio.Event()
        self.open.set()
        self.login: Login | Failure | None = login()
        self.answer: CopilotUser | Exception = CopilotUser("octo")
        self.asked: list[str] = []
        self.told: list[CopilotUser] = []
        self.cache = CopilotUserCache(self._login, self._ask, clock=self.clock, tell=self.told.append)

    def _login(self) -> Login | None:
        if isinstance(self.login, Failure):
            raise self.login
        return self.login

    async def _ask(self, token: Secret) -> CopilotUser:
        self.asked.append(token.reveal())
        await self.open.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_all_who_ask_at_once_share_one_question() -> None:
    world = World()
    found = await asyncio.gather(*(world.cache.get() for _ in range(5)))
    assert [seat.login for seat in found if seat] == ["octo"] * 5
    assert len(world.asked) == 1


async def test_an_answer_is_believed_for_five_minutes() -> None:
    world = World()
    await world.cache.get()
    world.clock.now += LIFETIME - 1
    await world.cache.get()
    assert len(world.asked) == 1
    world.clock.now += 1
    await world.cache.get()
    assert len(world.asked) == 2


async def test_without_a_login_nobody_is_asked() -> None:
    world = World()
    for world.login in (None, Failure(Kind.LOGIN, "cannot be read")):
        assert await world.cache.get() is None
    assert not world.asked


async def test_a_failure_is_no_answer_and_not_asked_for_again_at_once() -> None:
    world = World()
    for world.answer in (Failure(Kind.UNAVAILABLE, "away"), ZeroDivisionError()):
        world.clock.now += LIFETIME
        assert await world.cache.get() is None
        assert await world.cache.get() is None
    assert len(world.asked) == 2


async def test_after_a_failure_github_is_asked_again_in_a_minute() -> None:
    world = World()
    world.answer = Failure(Kind.UNAVAILABLE, "away")
    await world.cache.get()
    world.clock.now += RETRY - 1
    await world.cache.get()
    assert len(world.asked) == 1
    world.clock.now += 1
    world.answer = CopilotUser("octo")
    assert await world.cache.get() == CopilotUser("octo")


async def test_each_answer_is_told_and_a_failure_is_not() -> None:
    world = World()
    await world.cache.get()
    await world.cache.get()
    world.answer = Failure(Kind.UNAVAILABLE, "away")
    world.clock.now += LIFETIME
    await world.cache.get()
    assert world.told == [CopilotUser("octo")]


async def test_it_can_be_asked_without_a_wait_if_the_last_answer_is_old() -> None:
    world = World()
    world.cache.ask_soon()
    world.cache.ask_soon()
    assert await world.cache.get() == CopilotUser("octo")
    world.cache.ask_soon()
    assert len(world.asked) == 1
    world.login = None
    world.cache.ask_soon()
    assert len(world.asked) == 1


async def test_a_question_ends_with_the_server() -> None:
    world = World()
    world.open.clear()
    world.cache.ask_soon()
    await world.cache.aclose()
    await world.cache.aclose()
    assert world.told == []


async def test_while_github_is_away_the_last_answer_stands() -> None:
    world = World()
    await world.cache.get()
    world.answer = Failure(Kind.UNAVAILABLE, "away")
    world.clock.now += LIFETIME
    assert await world.cache.get() == CopilotUser("octo")


async def test_another_login_is_never_told_the_seat_of_the_one_before() -> None:
    world = World()
    await world.cache.get()
    world.login = Login(Secret("ghu_another"), LoginSource.SAVED, "a test")
    world.answer = Failure(Kind.UNAVAILABLE, "away")
    assert await world.cache.get() is None
    assert world.asked == ["ghu_fake-login", "ghu_another"]


async def test_who_is_out_of_patience_gets_nothing_and_the_next_one_the_answer() -> None:
    world = World()
    world.open.clear()
    assert await world.cache.get(patience=0) is None
    world.open.set()
    assert await world.cache.get() == CopilotUser("octo")
    assert len(world.asked) == 1


async def test_a_question_for_the_login_before_does_not_answer_for_the_new_one() -> None:
    world = World()
    world.open.clear()
    await world.cache.get(patience=0)
    world.login = Login(Secret("ghu_another"), LoginSource.SAVED, "a test")
    world.open.set()
    await world.cache.get()
    assert world.asked == ["ghu_fake-login"]
    world.answer = CopilotUser("another")
    assert await world.cache.get() == CopilotUser("another")


# --- plans ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "name"),
    [
        (None, ""),
        ("", ""),
        ("  ", ""),
        ("individual", "Copilot Pro"),
        ("individual_pro", "Copilot Pro+"),
        ("some_new_plan", "Copilot some new plan"),
    ],
)
def test_a_plan_is_called_what_its_vendor_calls_it(plan: str | None, name: str) -> None:
    assert plan_name(plan) == name


@pytest.mark.parametrize("plan", SKUS)
def test_the_panel_the_page_and_status_call_it_the_same(plan: str) -> None:
    status = ServerStatus("1", 1, 0.0, ["http://h"], account=SeatAccount("me", plan))
    name = plan_name(plan)
    assert dict(panel(Told(status.account)))["Account"] == f"me, {name}"
    assert dict(status_lines(status, "http://h", 1.0, "passenger login"))["account"] == f"me, {name}"
    assert overview(status, [], [], PageAddress("http://h", "key", 1), 1.0).plan == name
