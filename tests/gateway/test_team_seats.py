"""A team through the whole gateway: each person's seat pays for them, and tells them what to do where it cannot."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_IMODE

import pytest

from passenger.account.principal import Principal
from passenger.account.token_store import FileTokenStore, token_paths
from passenger.config.loading import load
from passenger.config.login_files import team_file
from passenger.config.seat_files import seat_directory
from passenger.dialects import Request
from passenger.dialects.openai import chat as completions
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway import Gateway
from passenger.secret import Secret
from passenger.server.request_path import Chat
from passenger.simulator import Simulator
from passenger.simulator.account import (
    INSTALLATION_TOKEN,
    LOGIN_TOKEN,
    PERSONAL_INTEGRATION,
    PERSONAL_TOKEN,
    Account,
)
from passenger.team.audit import Author
from passenger.team.seats import bind_seat
from passenger.team.team_file import change
from passenger.team.users import add_user
from passenger.wiring import make_seat_store, open_parts

BY = Author("test", 1_790_000_000)
ASKED = {"model": "claude-opus-4.5", "messages": [{"role": "user", "content": "hello"}]}


@dataclass
class Office:
    """A gateway with its owner, and Ann and Bob, who have accounts at the same GitHub."""

    sim: Simulator
    gateway: Gateway
    state: Path
    accounts: dict[str, Account]
    secrets: list[str] = field(default_factory=list)
    users: dict[str, str] = field(default_factory=lambda: {"owner": ""})

    def add(self, name: str) -> None:
        """Add a person to the team."""
        login = self.accounts[name].login
        self.users[name] = change(team_file(self.state), lambda database: add_user(database, BY, name, login)).id

    def log_in(self, name: str) -> None:
        """Give a person their seat."""
        user, account = self.users[name], self.accounts[name]
        make_seat_store(self.state, user).save_login(Secret(account.login_token), "bearer", "")
        change(team_file(self.state), lambda database: bind_seat(database, BY, user, account.login))

    async def ask(self, name: str) -> Exchange:
        exchange = Exchange("POST", "/", principal=Principal(name, user=self.users[name]))
        with await Chat(self.gateway).answer(
            completions.INBOUND, Request(json.dumps(ASKED).encode()), exchange
        ) as delivery:
            assert isinstance(delivery.content, bytes)
            assert json.loads(delivery.content)["choices"]
        return exchange

    @property
    def bills(self) -> dict[str, int]:
        return {name: account.bill.requests for name, account in self.accounts.items()}


@asynccontextmanager
async def opened(directory: Path, settings: str = "", token: str = LOGIN_TOKEN) -> AsyncIterator[Office]:
    state = directory / "state"
    async with Simulator(login="owner") as sim:
        accounts = {"owner": sim.account, "ann": sim.add_account("ann-gh"), "bob": sim.add_account("bob-gh")}
        (directory / "team.toml").write_text(sim.config_toml() + settings.format(sim.url))
        loaded = load(
            flags={}, config_path=directory / "team.toml", environ={}, cwd=directory, user_dir=directory / "config"
        )
        own = FileTokenStore(token_paths(directory / "config", None), {})
        own.save_login(Secret(token), "bearer", "")
        secrets = list[str]()
        async with open_parts(loaded, own, state, on_secret=secrets.append) as parts:
            office = Office(sim, parts.gateway, state, accounts, secrets)
            for name in ("ann", "bob"):
                office.add(name)
            yield office


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as found:
        yield found


async def test_each_person_is_paid_for_by_their_own_seat(office: Office) -> None:
    office.log_in("ann")
    office.log_in("bob")
    for name in ("ann", "bob", "owner", "ann"):
        assert (await office.ask(name)).seat == (office.users[name] or "own")
    assert office.bills == {"owner": 1, "ann": 2, "bob": 1}


async def test_the_tokens_of_a_seat_are_private_files_in_a_directory_of_its_own(office: Office) -> None:
    office.log_in("ann")
    await office.ask("ann")
    directory = seat_directory(office.state, office.users["ann"])
    assert directory == office.state / "seats" / office.users["ann"]
    for name in ("access_token.json", "token.json"):
        assert S_IMODE((directory / name).stat().st_mode) == 0o600
    assert set(office.accounts["ann"].minted) < {*office.secrets}


async def test_who_has_no_seat_is_refused_and_served_once_they_have_one(office: Office) -> None:
    with pytest.raises(Failure) as refused:
        await office.ask("ann")
    assert (refused.value.status, refused.value.code) == (403, "no_seat")
    office.log_in("ann")
    await office.ask("ann")
    assert office.bills == {"owner": 0, "ann": 1, "bob": 0}


async def test_a_seat_without_a_licence_says_whom_to_ask(tmp_path: Path) -> None:
    async with opened(tmp_path, '[team]\ncontact = "Eve, eve@example.org"\n') as office:
        office.log_in("ann")
        office.accounts["ann"].licensed = False
        with pytest.raises(Failure) as refused:
            await office.ask("ann")
        assert (refused.value.kind, refused.value.code) == (Kind.FORBIDDEN, "no_copilot_access")
        assert refused.value.message.endswith(
            "this is the seat of ann, GitHub login ann-gh: ask Eve, eve@example.org for a Copilot licence"
        )


async def test_a_login_that_github_has_ended_says_how_to_log_in_again(office: Office) -> None:
    office.log_in("ann")
    office.accounts["ann"].login_revoked = True
    with pytest.raises(Failure) as refused:
        await office.ask("ann")
    assert (refused.value.kind, refused.value.code) == (Kind.LOGIN, "login_needed")
    assert "whoever runs this Passenger for a new link (`passenger users invite ann`)" in refused.value.message


async def test_the_owners_seat_serves_others_only_where_that_is_said(tmp_path: Path) -> None:
    async with opened(tmp_path, '[team]\nshare_personal_seat = "i-understand"\n') as office:
        office.log_in("ann")
        assert (await office.ask("bob")).seat == "own"
        assert (await office.ask("ann")).seat == office.users["ann"]
        assert office.bills == {"owner": 1, "ann": 1, "bob": 0}


DIRECT = f"""
[copilot]
api_base_url = "{{}}"
integration_id = "{PERSONAL_INTEGRATION}"
"""


async def test_an_organisations_token_may_serve_people_without_a_seat(tmp_path: Path) -> None:
    async with opened(tmp_path, DIRECT, INSTALLATION_TOKEN) as office:
        office.log_in("ann")
        assert (await office.ask("bob")).seat == "own"
        assert (await office.ask("ann")).seat == office.users["ann"]
        assert office.bills == {"owner": 1, "ann": 1, "bob": 0}


async def test_a_persons_fine_grained_token_serves_that_person_alone(tmp_path: Path) -> None:
    async with opened(tmp_path, DIRECT, PERSONAL_TOKEN) as office:
        assert (await office.ask("owner")).seat == "own"
        with pytest.raises(Failure) as refused:
            await office.ask("bob")
        assert refused.value.code == "no_seat"


async def test_the_owners_login_decides_anew_at_each_request_whether_it_is_shared(tmp_path: Path) -> None:
    async with opened(tmp_path, DIRECT) as office:
        with pytest.raises(Failure):
            await office.ask("bob")
        assert (await office.ask("owner")).seat == "own"
        with pytest.raises(Failure):
            await office.ask("bob")
