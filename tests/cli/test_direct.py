"""Logins that Copilot takes as they are: of a company with data residency, and of apps that may not exchange.

Where they go and what is answered: docs/upstream.md.
"""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import pytest

from passenger.simulator import Fault, Simulator
from passenger.simulator.account import CLIENTS, LOGIN_TOKEN
from tests.cli.test_profiles import passenger
from tests.proxy import running, spawn
from tests.server.bench import asking
from tests.tunnel import OF_TENANT, TENANT, standing_for_github, standing_for_tenant

OPENCODE = CLIENTS["Ov23li8tweQw6odWQebz"]
EXCHANGE = "/copilot_internal/v2/token"
CHAT = "/chat/completions"
OURS = ".config/passenger"


def credentials(simulator: Simulator, path: str) -> set[str]:
    return {request.header("authorization") or "" for request in simulator.seen(path)}


@contextlib.asynccontextmanager
async def serving(home: Path, env: Mapping[str, str], *arguments: str) -> AsyncIterator[str]:
    """The address of a server with these settings, without `/v1`."""
    proxy = await spawn(home, ["--port", "0", "serve", *arguments], env)
    try:
        line = await proxy.said("Passenger serves")
        yield line.partition("serves ")[2].split()[0].removesuffix("/v1")
    finally:
        proxy.process.terminate()
        await proxy.ended()


async def login_state(http: aiohttp.ClientSession) -> dict[str, str]:
    """How far the login is that was begun on the page."""
    async with http.get("/v1/passenger/login") as answer:
        return dict((await answer.json())["login"])


async def serve_and_ask(home: Path, env: Mapping[str, str]) -> int:
    """The status of one answer of a server with these settings."""
    async with (
        serving(home, env) as url,
        aiohttp.ClientSession(url) as http,
        http.post("/v1/chat/completions", json=asking("hi")) as answer,
    ):
        return answer.status


async def test_a_login_of_a_company_with_data_residency_works_without_any_exchange(home: Path) -> None:
    async with (
        Simulator(device_interval=0.01, exchange=False) as simulator,
        standing_for_tenant(simulator, home) as (env, tunnel),
    ):
        code, said = await passenger(home, "login", env=env)
        assert code == 0, said
        assert "Logged in as octo-simulated" in said
        assert await serve_and_ask(home, env) == 200
        assert credentials(simulator, CHAT) == {f"Bearer {LOGIN_TOKEN}"}
        assert simulator.seen(EXCHANGE) == []
        assert set(tunnel.connects) == {f"{host}:443" for host in OF_TENANT}
    directory = home / OURS / "profiles" / TENANT
    assert json.loads((directory / "access_token.json").read_text())["access_token"] == LOGIN_TOKEN
    assert not (directory / "token.json").exists()


@pytest.mark.proves("first login", "profiles")
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_company_s_login_can_be_made_on_the_page(home: Path, workers: str) -> None:
    async with (
        Simulator(device_interval=0.01, exchange=False) as simulator,
        standing_for_tenant(simulator, home) as (env, tunnel),
        serving(home, env, "--await-login", "--workers", workers) as url,
        aiohttp.ClientSession(url, headers={"Origin": url}) as http,
    ):
        async with http.post("/page/login", data={}, allow_redirects=False) as began:
            assert began.status == 303
        while (state := await login_state(http))["phase"] != "done":
            assert state["phase"] == "waiting", state
            assert state["url"] == f"{simulator.url}/login/device"
        for _ in range(4):
            async with http.post("/v1/chat/completions", json=asking("hi")) as answer:
                assert answer.status == 200
        async with http.get("/v1/passenger/status") as answer:
            assert (await answer.json())["account"]["login"] == simulator.account.login
        assert credentials(simulator, CHAT) == {f"Bearer {LOGIN_TOKEN}"}
        assert simulator.seen(EXCHANGE) == []
        assert set(tunnel.connects) == {f"{host}:443" for host in OF_TENANT}
    directory = home / OURS / "profiles" / TENANT
    assert json.loads((directory / "access_token.json").read_text())["access_token"] == LOGIN_TOKEN
    assert not (directory / "token.json").exists()


async def test_a_company_s_login_that_copilot_refuses_is_not_kept_by_the_page(home: Path) -> None:
    async with (
        Simulator(device_interval=0.01, exchange=False) as simulator,
        standing_for_tenant(simulator, home) as (env, _),
        serving(home, env, "--await-login") as url,
        aiohttp.ClientSession(url, headers={"Origin": url}) as http,
    ):
        simulator.inject(Fault(status=401), "/models", times=None)
        async with http.post("/page/login", data={}):
            pass
        while (state := await login_state(http))["phase"] == "waiting":
            pass
        assert (state["phase"], "does not accept this login" in state["error"]) == ("failed", True), state
    assert list((home / OURS).rglob("access_token.json")) == []


async def test_at_github_itself_a_login_that_is_not_exchanged_is_used_as_it_is(home: Path) -> None:
    async with Simulator() as simulator, standing_for_github(simulator, home) as env:
        code, said = await passenger(home, "login", "--token-stdin", stdin=f"{OPENCODE}\n", env=env)
        assert code == 0, said
        assert "as octo-simulated" in said
        code, said = await passenger(home, "refresh", env=env)
        assert (code, "no token to renew" in said) == (0, True), said
        assert await serve_and_ask(home, env) == 200
        assert credentials(simulator, CHAT) == {f"Bearer {OPENCODE}"}
    assert not (home / OURS / "token.json").exists()


async def test_a_login_that_copilot_does_not_take_leaves_the_old_one_in_place(home: Path) -> None:
    async with Simulator() as simulator, standing_for_github(simulator, home) as env:
        assert (await passenger(home, "login", "--token-stdin", stdin=f"{LOGIN_TOKEN}\n", env=env))[0] == 0
        before = (home / OURS / "access_token.json").read_bytes()
        simulator.inject(Fault(status=401), "/models", times=None)
        code, said = await passenger(home, "login", "--token-stdin", stdin=f"{OPENCODE}\n", env=env)
        assert code == 1
        assert "Copilot does not accept this login" in said
    assert (home / OURS / "access_token.json").read_bytes() == before


@pytest.mark.proves("credentials")
async def test_at_a_host_that_is_not_github_no_login_goes_to_copilot_itself(simulator: Simulator, home: Path) -> None:
    settings = home / "settings.toml"
    settings.write_text(simulator.config_toml())
    code, said = await passenger(home, "-c", str(settings), "login", "--token-stdin", stdin=f"{OPENCODE}\n")
    assert code == 1
    assert "GitHub exchanges only logins made by Copilot's own apps" in said
    assert simulator.seen("/models") == []
    assert list((home / ".config").rglob("*.json")) == []


async def test_a_login_that_ends_while_it_is_served_is_a_401_that_says_what_to_do(home: Path) -> None:
    async with Simulator(exchange=False) as simulator:
        api = f'[copilot]\napi_base_url = "{simulator.url}"\n'
        async with running(simulator, home, config=api) as proxy, aiohttp.ClientSession() as http:
            url = f"{proxy.url}/v1/chat/completions"
            async with http.post(url, json=asking("hi")) as answer:
                assert answer.status == 200
            simulator.revoke_login()
            asked = len(simulator.requests)
            for _ in range(5):
                async with http.post(url, json=asking("hi")) as answer:
                    assert answer.status == 401
                    assert "passenger login" in (await answer.json())["error"]["message"]
            assert len(simulator.requests) - asked <= 10
