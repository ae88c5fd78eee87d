"""Somebody who comes from passenger-rs brings a config.toml and token files, and everything works as before."""

import json
from pathlib import Path

import aiohttp
import pytest

from passenger.simulator import Fault, Simulator
from tests.proxy import STARTED, Proxy, spawn
from tests.tunnel import standing_for_github

CONFIG = """\
[github]
device_code_url = "https://github.com/login/device/code"
oauth_token_url = "https://github.com/login/oauth/access_token"
copilot_token_url = "https://api.github.com/copilot_internal/v2/token"
copilot_models_url = "https://api.githubcopilot.com/models"
client_id = "Iv1.b507a08c87ecfe98"

[copilot]
api_base_url = "https://api.githubcopilot.com"

[server]
port = 0
host = "127.0.0.1"
"""
"""Its keys, all of them, with another port and another list of models."""


def put_tokens(directory: Path, simulator: Simulator) -> None:
    directory.mkdir(parents=True)
    minted = simulator.mint()
    access = {"access_token": simulator.login_token, "token_type": "bearer", "scope": ""}
    copilot = {name: minted[name] for name in ("token", "expires_at", "refresh_in")}
    (directory / "access_token.json").write_text(json.dumps(access, indent=2))
    (directory / "token.json").write_text(json.dumps(copilot, indent=2))


async def address(process: Proxy) -> str:
    found = STARTED.search(await process.said("Passenger serves"))
    assert found
    return f"{found[1]}/v1"


@pytest.mark.parametrize("flag", ["-c", "--config"])
async def test_its_config_and_token_files_work_and_stay_as_they_are(
    simulator: Simulator, home: Path, http: aiohttp.ClientSession, flag: str
) -> None:
    (home / "config.toml").write_text(CONFIG)
    theirs = home / ".config" / "passenger-rs"
    async with standing_for_github(simulator, home) as env:
        put_tokens(theirs, simulator)
        before = {path.name: path.read_bytes() for path in theirs.iterdir()}
        process = await spawn(home, [flag, "config.toml"], env)
        try:
            url = await address(process)
            async with http.get(f"{url}/models") as response:
                models = await response.json()
            async with http.post(
                f"{url}/chat/completions", json={"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
            ) as response:
                answer = await response.json()
            simulator.revoke_tokens()
            async with http.post(
                f"{url}/chat/completions", json={"model": "gpt-4o", "messages": [{"role": "user", "content": "again"}]}
            ) as response:
                assert response.status == 200
        finally:
            process.signal(15)
            assert await process.ended() == 0
    assert models["object"] == "list"
    assert "gpt-4o" in {model["id"] for model in models["data"]}
    assert "hi" in answer["choices"][0]["message"]["content"]
    assert simulator.exchanges == 1
    assert {path.name: path.read_bytes() for path in theirs.iterdir()} == before
    assert (home / ".config" / "passenger" / "token.json").exists()


async def test_a_models_url_of_a_third_party_is_asked_without_any_token(
    simulator: Simulator, home: Path, http: aiohttp.ClientSession
) -> None:
    """passenger-rs asks models.dev for its models, and sends it the Copilot token."""
    simulator.inject(
        Fault(status=200, body='{"github-copilot": {"models": {"gpt-4o": {"id": "gpt-4o"}}}}'), "/api.json"
    )
    settings = home / "settings.toml"
    settings.write_text(f'[github]\ncopilot_models_url = "{simulator.url}/api.json"\n')
    put_tokens(home / ".config" / "passenger-rs", simulator)
    process = await spawn(home, ["-c", str(settings), "--port", "0"])
    try:
        url = await address(process)
        async with http.get(f"{url}/models") as response:
            models = await response.json()
    finally:
        process.signal(15)
        await process.ended()
    assert [model["id"] for model in models["data"]] == ["gpt-4o"]
    assert [request.header("authorization") for request in simulator.seen("/api.json")] == [None]
