"""Two seats in one process: what one writes, learns or is refused is nothing to the other."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from passenger.account.principal import Principal
from passenger.account.token_store import FileTokenStore, token_paths
from passenger.config.loading import Loaded, load
from passenger.config.seat_files import seat_directory
from passenger.copilot.known_names import FILE as NAMES_OF_MODELS
from passenger.dialects import Request
from passenger.dialects.openai import chat as completions
from passenger.errors import Failure
from passenger.exchange import Exchange
from passenger.gateway import Gateway, Seat
from passenger.net.client import client
from passenger.secret import Secret
from passenger.server.request_path import Chat
from passenger.simulator import Fault, Simulator
from passenger.wiring import make_policy, open_counter, open_seat
from tests.fakes import Clock

NAMES = ("own", "another")
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
THINKER = "gemini-3-pro-preview"
REFUSING = Fault(unsupported=("top_p",))


@dataclass(frozen=True)
class House:
    """A gateway for two people, each with a seat and a Copilot, on one state directory."""

    state: Path
    config: Path
    sims: Mapping[str, Simulator]
    seats: dict[str, Seat] = field(default_factory=dict)

    def of(self, principal: Principal) -> Seat:
        return self.seats[principal.name]

    def files(self, seat: str) -> dict[str, bytes]:
        """What a seat's files hold: those of the other are in none of its directories."""
        found = dict[str, bytes]()
        for root in (self.state, self.config):
            directory = seat_directory(root, seat)
            paths = [path for path in directory.rglob("*") if path.is_file()]
            others = root / "seats"
            mine = [path for path in paths if seat != "own" or others not in path.parents]
            found |= {str(path.relative_to(directory)): path.read_bytes() for path in mine}
        return {name: data for name, data in found.items() if not name.endswith(("-wal", "-shm"))}


@dataclass(frozen=True)
class Talk:
    """One of the two, who asks the gateway."""

    house: House
    gateway: Gateway
    name: str

    @property
    def sim(self) -> Simulator:
        return self.house.sims[self.name]

    async def ask(self, **body: Any) -> dict[str, Any]:
        asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}], **body}
        exchange = Exchange("POST", "/", principal=Principal(self.name))
        with await Chat(self.gateway).answer(
            completions.INBOUND, Request(json.dumps(asked).encode()), exchange
        ) as delivery:
            assert isinstance(delivery.content, bytes)
            answer: dict[str, Any] = json.loads(delivery.content)
        assert exchange.seat == self.name
        return answer

    def sent(self, path: str = "/chat/completions") -> Any:
        """What reached Copilot last."""
        return self.sim.seen(path)[-1].json()


@dataclass(frozen=True)
class Pair:
    one: Talk
    other: Talk
    house: House
    gateway: Gateway


def settings(directory: Path, name: str, sim: Simulator) -> Loaded:
    path = directory / f"{name}.toml"
    path.write_text(sim.config_toml() + "[server]\nworkers = 2\n")  # so that the list of models is kept in a file
    return load(flags={}, config_path=path, environ={}, cwd=directory, user_dir=directory)


@asynccontextmanager
async def housed(directory: Path, sims: Mapping[str, Simulator]) -> AsyncIterator[Pair]:
    house = House(directory / "state", directory / "config", sims)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(client(connect_timeout=10.0))
        for name, sim in sims.items():
            token_store = FileTokenStore(token_paths(seat_directory(house.config, name), None), {})
            token_store.save_login(Secret(sim.login_token), "bearer", "")
            loaded = settings(directory, name, sim)
            seat = open_seat(name, loaded, token_store, http, house.state)
            house.seats[name] = await stack.enter_async_context(seat)
        counter = await stack.enter_async_context(open_counter(house.state))
        gateway = Gateway(house, clock=Clock(), counter=counter, policy=make_policy(loaded.config))
        one, other = (Talk(house, gateway, name) for name in NAMES)
        yield Pair(one, other, house, gateway)


@pytest.fixture
async def sims() -> AsyncIterator[dict[str, Simulator]]:
    async with Simulator() as one, Simulator() as other:
        yield dict(zip(NAMES, (one, other), strict=True))


@pytest.fixture
async def pair(tmp_path: Path, sims: dict[str, Simulator]) -> AsyncIterator[Pair]:
    async with housed(tmp_path, sims) as found:
        yield found


@pytest.fixture(params=[False, True], ids=["own first", "another first"])
async def either(pair: Pair, request: pytest.FixtureRequest) -> Pair:
    """Whoever of the two comes first."""
    return replace(pair, one=pair.other, other=pair.one) if request.param else pair


async def use(talk: Talk) -> None:
    """Use all that leaves something behind."""
    talk.sim.inject(REFUSING)
    await talk.ask(top_p=0.5)
    call = await talk.ask(
        model=THINKER, tools=[TOOL], messages=[{"role": "user", "content": "[[think]] [[call look {}]]"}]
    )
    assert call["choices"][0]["message"]["tool_calls"]


KEPT = {"access_token.json", "token.json", "models.json", NAMES_OF_MODELS, "learned.json", "reasoning.sqlite"}


async def test_each_has_files_of_its_own_and_writes_none_of_the_others(either: Pair) -> None:
    one, other, house = either.one, either.other, either.house
    fresh = house.files(other.name)
    await use(one)
    assert house.files(other.name) == fresh
    before = house.files(one.name)
    await use(other)
    assert house.files(one.name) == before
    for name in NAMES:
        assert {file for file in house.files(name) if not file.endswith(".lock")} >= KEPT


async def test_what_one_is_refused_is_nothing_to_the_other(either: Pair) -> None:
    either.one.sim.inject(REFUSING)
    for talk, goes_up in ((either.one, False), (either.other, True), (either.one, False)):
        await talk.ask(top_p=0.5)
        assert ("top_p" in talk.sent()) is goes_up


async def test_reasoning_goes_back_to_whoever_had_it_alone(either: Pair) -> None:
    said = [{"role": "user", "content": "[[think]] [[call look {}]]"}]
    answer = (await either.one.ask(model=THINKER, tools=[TOOL], messages=said))["choices"][0]["message"]
    (call,) = answer["tool_calls"]
    result = {"role": "tool", "tool_call_id": call["id"], "content": "42"}
    kept = [*said, {"role": "assistant", "content": None, "tool_calls": [call]}, result]
    for talk, goes_back in ((either.other, False), (either.one, True)):
        await talk.ask(model=THINKER, tools=[TOOL], messages=kept)
        assert ("reasoning_opaque" in talk.sent()["messages"][1]) is goes_back


async def test_a_list_that_one_cannot_have_is_nothing_to_the_other(either: Pair) -> None:
    either.one.sim.inject(Fault(status=500), "/models", times=None)
    with pytest.raises(Failure):
        await either.gateway.models(Principal(either.one.name))
    assert (await either.gateway.models(Principal(either.other.name))).models
    assert either.one.house.seats[either.one.name].models_trouble() is not None
    assert either.one.house.seats[either.other.name].models_trouble() is None


async def test_a_login_that_one_has_lost_is_nothing_to_the_other(either: Pair) -> None:
    await either.other.ask()
    either.one.sim.revoke_login()
    with pytest.raises(Failure) as caught:
        await either.one.ask()
    assert caught.value.code == "login_needed"
    await either.other.ask()
    seats = either.house.seats
    assert (seats[either.one.name].trouble() is None, seats[either.other.name].trouble()) == (False, None)


async def test_each_asks_its_own_copilot_with_its_own_token(either: Pair) -> None:
    for talk in (either.one, either.other):
        await talk.ask()
        (token,) = talk.sim.account.minted
        assert talk.sim.requests[-1].header("authorization") == f"Bearer {token}"
        held = json.loads(either.house.files(talk.name)["token.json"])
        assert held["token"] == token


async def test_a_restart_finds_the_same_of_each(tmp_path: Path, sims: dict[str, Simulator]) -> None:
    async with housed(tmp_path, sims) as before:
        before.one.sim.inject(REFUSING)
        await before.one.ask(top_p=0.5)
    async with housed(tmp_path, sims) as after:
        for talk, goes_up in ((after.one, False), (after.other, True)):
            await talk.ask(top_p=0.5)
            assert ("top_p" in talk.sent()) is goes_up
