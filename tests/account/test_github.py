"""GitHub's own endpoints: a redirect of any kind is an answer like others, and nobody is asked in its place."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from passenger.account.github import GitHub
from passenger.account.protocol import EditorHeaders
from passenger.errors import Failure, Kind
from passenger.net.client import client
from passenger.secret import Secret
from passenger.simulator import Fault, Simulator
from passenger.simulator.account import INSTALLATION_TOKEN, PERSONAL_INTEGRATION, PERSONAL_TOKEN
from tests.tunnel import door

STATUSES = (301, 302, 303, 307, 308)
EXCHANGE = "/copilot_internal/v2/token"
EDITOR = EditorHeaders("vscode/1.0", "copilot-chat/1.0", "GitHubCopilotChat/1.0", "vscode-chat", "2026-06-01")


@contextlib.asynccontextmanager
async def canary() -> AsyncIterator[tuple[str, list[bytes]]]:
    """An address that nobody should ask, and what it heard."""
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))

    async with door(hear) as port:
        yield f"http://127.0.0.1:{port}/", heard


@contextlib.asynccontextmanager
async def github(simulator: Simulator) -> AsyncIterator[GitHub]:
    async with client(connect_timeout=10) as http:
        yield GitHub(http, simulator.url + EXCHANGE, EDITOR)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.proves("N13")
async def test_a_redirect_of_the_exchange_is_a_failure_and_the_login_stays_here(
    simulator: Simulator, status: int
) -> None:
    async with canary() as (url, heard), github(simulator) as asked:
        simulator.inject(Fault(redirect=url, status=status), EXCHANGE)
        with pytest.raises(Failure, match=str(status)):
            await asked.exchange(Secret(simulator.login_token))
    assert heard == []


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("path", ["/login/device/code", "/login/oauth/access_token"])
@pytest.mark.proves("N13")
async def test_a_redirect_of_the_device_flow_takes_no_code_elsewhere(
    simulator: Simulator, path: str, status: int
) -> None:
    async with canary() as (url, heard), github(simulator) as asked:
        simulator.inject(Fault(redirect=url, status=status), path)
        await asked.post(simulator.url + path, {"device_code": "made-up"})
    assert heard == []
    assert len(simulator.seen(path)) == 1


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.proves("N13")
async def test_a_redirect_of_the_account_is_a_failure(simulator: Simulator, status: int) -> None:
    async with canary() as (url, heard), github(simulator) as asked:
        simulator.inject(Fault(redirect=url, status=status), None)
        with pytest.raises(Failure, match=str(status)):
            await asked.user(Secret(simulator.login_token))
    assert heard == []


@pytest.mark.parametrize("token", [INSTALLATION_TOKEN, PERSONAL_TOKEN])
async def test_a_token_that_is_never_exchanged_is_shown_to_copilot_alone(simulator: Simulator, token: str) -> None:
    editor = replace(EDITOR, integration_id=PERSONAL_INTEGRATION)
    async with client(connect_timeout=10) as http:
        asked = GitHub(http, simulator.url + EXCHANGE, editor, api=simulator.url)
        grant = await asked.exchange(Secret(token))
    assert grant.token == Secret(token)
    assert [request.route for request in simulator.requests] == ["/models"]


@pytest.mark.parametrize("token", [INSTALLATION_TOKEN, PERSONAL_TOKEN])
async def test_where_no_api_may_have_such_a_token_nobody_is_asked(simulator: Simulator, token: str) -> None:
    async with github(simulator) as asked:
        with pytest.raises(Failure, match="api_base_url") as caught:
            await asked.exchange(Secret(token))
    assert (caught.value.kind, caught.value.code) == (Kind.LOGIN, "login_needed")
    assert simulator.requests == []
