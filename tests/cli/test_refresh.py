"""`passenger refresh`, `passenger --refresh-token`, as processes."""

import json
from pathlib import Path

import pytest

from passenger.simulator import Fault, Simulator
from tests.proxy import Proxy, profile_of, spawn


async def refreshed(simulator: Simulator, home: Path, *arguments: str, token: str | None = None) -> tuple[int, Proxy]:
    settings = home / "settings.toml"
    settings.write_text(simulator.config_toml())
    env = {"COPILOT_GITHUB_TOKEN": simulator.login_token if token is None else token}
    process = await spawn(home, ["-c", str(settings), *arguments], env)
    return await process.ended(), process


@pytest.mark.parametrize("command", ["refresh", "--refresh-token"])
async def test_a_refresh_always_exchanges(simulator: Simulator, home: Path, command: str) -> None:
    for count in (1, 2):
        code, process = await refreshed(simulator, home, command)
        assert code == 0, process.lines
        assert simulator.exchanges == count
    kept = json.loads((profile_of(simulator, home / ".config" / "passenger") / "token.json").read_text())
    assert kept["token"].startswith("tid=")


async def test_a_refresh_without_a_login_needs_one(simulator: Simulator, home: Path) -> None:
    code, process = await refreshed(simulator, home, "refresh", token="")
    assert code == 4
    assert process.logged("passenger login")


async def test_a_refresh_that_github_refuses_says_why(simulator: Simulator, home: Path) -> None:
    simulator.inject(Fault(status=403, code="no_copilot_access"), "/copilot_internal/v2/token")
    code, process = await refreshed(simulator, home, "refresh")
    assert code == 1
    assert process.logged("no Copilot token")
