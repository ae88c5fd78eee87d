"""The login that a server makes for its page: one at a time, and each end of it told."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from passenger.account.device_flow import DeviceFlow, Granted, device_flow
from passenger.account.device_login import EXPIRED, PATIENCE, DeviceLogin
from passenger.account.login_state import LoginState, SharedLoginState
from passenger.errors import Failure, Kind
from tests.fakes import NOON, Clock
from tests.proxy import eventually

CODE = {"device_code": "d", "user_code": "AAAA-BBBB", "verification_uri": "https://github.com/login/device"}
TOKEN = {"access_token": "ghu_fake", "token_type": "bearer", "scope": ""}


class World:
    """A GitHub that gives a code and, once a person has entered it, what `outcome` says."""

    def __init__(self, login_states: SharedLoginState | None = None, code: Mapping[str, object] | None = None) -> None:
        self.clock, self.entered = Clock(), asyncio.Event()
        self.code: Mapping[str, object] = {**CODE, "interval": 0, **(code or {})}
        self.outcome: Mapping[str, object] = TOKEN
        self.begun = self.asked = 0
        self.kept: list[str] = []
        self.refusal: Exception | None = None
        self.login = DeviceLogin(
            self._flow,
            self._send,
            self._keep,
            needed=lambda: not self.kept,
            clock=self.clock,
            login_states=login_states,
        )

    def _flow(self) -> DeviceFlow:
        self.begun += 1
        return device_flow(client_id="id", device_code_url="code", oauth_token_url="token")

    async def _send(self, url: str, _form: Mapping[str, str]) -> bytes:
        if url == "code":
            return msgspec.json.encode(self.code)
        self.asked += 1
        await self.entered.wait()
        return msgspec.json.encode(self.outcome)

    async def _keep(self, granted: Granted) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.kept.append(granted.token.reveal())

    async def ended(self) -> LoginState:
        self.entered.set()
        return await eventually(lambda: None if (state := self.login.state()).under_way else state)


class Silent(World):
    """A GitHub that keeps everybody waiting for a code."""

    async def _send(self, url: str, form: Mapping[str, str]) -> bytes:
        self.asked += 1
        await self.entered.wait()
        return await super()._send(url, form)


async def test_a_login_shows_its_code_and_is_kept_once_it_was_entered() -> None:
    world = World()
    state = await world.login.start()
    assert (state.phase, state.code, state.url) == ("waiting", CODE["user_code"], CODE["verification_uri"])
    assert state.expires == NOON + 900
    assert (await world.ended()).phase == "done"
    assert world.kept == ["ghu_fake"]


async def test_who_begins_a_login_and_leaves_keeps_nothing_waiting() -> None:
    world, before = Silent(), asyncio.all_tasks()
    starting = asyncio.create_task(world.login.start())
    await eventually(lambda: world.asked)
    starting.cancel()
    await asyncio.wait([starting])
    await asyncio.sleep(0)
    assert {task.get_name() for task in asyncio.all_tasks() - before} == {"device-login"}
    await world.ended()


async def test_all_who_begin_at_once_share_one_login() -> None:
    world = World()
    states = await asyncio.gather(*(world.login.start() for _ in range(5)))
    assert {state.code for state in states} == {CODE["user_code"]}
    assert world.begun == 1
    await world.ended()


async def test_workers_share_one_login_and_any_of_them_ends_it() -> None:
    login_states = SharedLoginState()
    first, second = World(login_states), World(login_states)
    begun = await first.login.start()
    assert await second.login.start() == begun == second.login.state()
    assert second.begun == 0
    second.login.cancel()
    assert first.login.state() == LoginState()
    first.outcome = {"error": "authorization_pending"}
    first.entered.set()
    task: Any = first.login._task
    await asyncio.wait_for(task, PATIENCE)
    assert not first.kept


async def test_a_login_that_another_worker_has_given_up_is_not_kept_though_github_grants_it() -> None:
    """The grant is on its way when it is given up."""
    login_states = SharedLoginState()
    first, second = World(login_states), World(login_states)
    await first.login.start()
    await eventually(lambda: first.asked or None)
    second.login.cancel()
    first.entered.set()
    task: Any = first.login._task
    await asyncio.wait_for(task, PATIENCE)
    assert not first.kept
    assert first.login.state() == LoginState()


async def test_no_login_begins_where_somebody_is_logged_in() -> None:
    world = World()
    world.kept.append("another")
    with pytest.raises(Failure) as caught:
        await world.login.start()
    assert (caught.value.status, caught.value.code) == (409, "logged_in")
    assert world.begun == 0


async def test_a_login_that_was_made_elsewhere_meanwhile_is_not_replaced() -> None:
    world = World()
    await world.login.start()
    world.kept.append("another")
    assert (await world.ended()).phase == "done"
    assert world.kept == ["another"]


@pytest.mark.parametrize(
    ("code", "outcome", "said"),
    [
        ({}, {"error": "access_denied"}, "cancelled"),
        ({}, {"error": "expired_token"}, "expired"),
        ({"user_code": 7}, {}, "no device code"),
        ({"verification_uri": "javascript:alert(1)"}, {}, "no address"),
    ],
)
async def test_each_end_without_a_login_is_told(code: dict[str, object], outcome: dict[str, object], said: str) -> None:
    world = World(code=code)
    world.outcome = outcome
    await world.login.start()
    state = await world.ended()
    assert (state.phase, state.code, state.url) == ("failed", None, None)
    assert said in (state.error or "")
    assert not world.kept


@pytest.mark.parametrize("refusal", [Failure(Kind.FORBIDDEN, "no seat"), ZeroDivisionError()])
async def test_a_login_that_cannot_be_kept_is_told_and_another_may_begin(refusal: Exception) -> None:
    world = World()
    world.refusal = refusal
    await world.login.start()
    assert (await world.ended()).phase == "failed"
    world.refusal = None
    await world.login.start()
    assert (await world.ended()).phase == "done"


async def test_a_cancelled_login_makes_room_for_the_next() -> None:
    world = World()
    await world.login.start()
    assert world.login.cancel() == LoginState()
    assert (await world.login.start()).phase == "waiting"
    assert (await world.ended()).phase == "done"


async def test_a_code_that_nobody_enters_is_over_though_its_worker_has_died() -> None:
    world = World()
    await world.login.start()
    world.clock.now += 901
    state = world.login.state()
    assert (state.phase, state.error) == ("failed", EXPIRED)
    world.login.cancel()
