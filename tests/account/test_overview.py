"""What GitHub says of the seat: asked once, believed for a minute, worth no failure and no long wait."""

import asyncio

from passenger.account.overview import LIFETIME, Overview
from passenger.accounts import Login, Source
from passenger.copilot.protocol import CopilotUser
from passenger.errors import Failure, Kind
from passenger.secret import Secret
from tests.fakes import Clock, login


class World:
    """A GitHub that answers as it is told, once `open` is set, and the overview that asks it."""

    def __init__(self) -> None:
        self.clock, self.open = Clock(), asyncio.Event()
        self.open.set()
        self.login: Login | Failure | None = login()
        self.answer: CopilotUser | Exception = CopilotUser("octo")
        self.asked: list[str] = []
        self.overview = Overview(self._login, self._ask, clock=self.clock)

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
    found = await asyncio.gather(*(world.overview.seat() for _ in range(5)))
    assert [seat.login for seat in found if seat] == ["octo"] * 5
    assert len(world.asked) == 1


async def test_an_answer_is_believed_for_a_minute() -> None:
    world = World()
    await world.overview.seat()
    world.clock.now += LIFETIME - 1
    await world.overview.seat()
    assert len(world.asked) == 1
    world.clock.now += 1
    await world.overview.seat()
    assert len(world.asked) == 2


async def test_without_a_login_nobody_is_asked() -> None:
    world = World()
    for world.login in (None, Failure(Kind.LOGIN, "cannot be read")):
        assert await world.overview.seat() is None
    assert not world.asked


async def test_a_failure_is_no_answer_and_not_asked_for_again_at_once() -> None:
    world = World()
    for world.answer in (Failure(Kind.UNAVAILABLE, "away"), ZeroDivisionError()):
        world.clock.now += LIFETIME
        assert await world.overview.seat() is None
        assert await world.overview.seat() is None
    assert len(world.asked) == 2


async def test_while_github_is_away_the_last_answer_stands() -> None:
    world = World()
    await world.overview.seat()
    world.answer = Failure(Kind.UNAVAILABLE, "away")
    world.clock.now += LIFETIME
    assert await world.overview.seat() == CopilotUser("octo")


async def test_another_login_is_never_told_the_seat_of_the_one_before() -> None:
    world = World()
    await world.overview.seat()
    world.login = Login(Secret("ghu_another"), Source.SAVED, "a test")
    world.answer = Failure(Kind.UNAVAILABLE, "away")
    assert await world.overview.seat() is None
    assert world.asked == ["ghu_fake-login", "ghu_another"]


async def test_who_is_out_of_patience_gets_nothing_and_the_next_one_the_answer() -> None:
    world = World()
    world.open.clear()
    assert await world.overview.seat(patience=0) is None
    world.open.set()
    assert await world.overview.seat() == CopilotUser("octo")
    assert len(world.asked) == 1


async def test_a_question_for_the_login_before_does_not_answer_for_the_new_one() -> None:
    world = World()
    world.open.clear()
    await world.overview.seat(patience=0)
    world.login = Login(Secret("ghu_another"), Source.SAVED, "a test")
    world.open.set()
    await world.overview.seat()
    assert world.asked == ["ghu_fake-login"]
    world.answer = CopilotUser("another")
    assert await world.overview.seat() == CopilotUser("another")
