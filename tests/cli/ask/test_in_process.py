"""The gateway in a command's own process: the same login and settings as a server's."""

from dataclasses import replace
from pathlib import Path

from passenger.account.principal import ANYONE
from passenger.cli.ask.in_process import own_gateway
from passenger.config.invocation import Invocation
from passenger.simulator import Simulator


async def test_it_asks_with_the_users_login_and_settings(simulator: Simulator, home: Path) -> None:
    (home / "mine.toml").write_text(simulator.config_toml())
    environ = {"COPILOT_GITHUB_TOKEN": simulator.login_token, "HOME": str(home)}
    invocation = replace(
        Invocation(config_path=home / "mine.toml", quiet=True, environ=environ),
        access_token_path=home / "login.json",
        copilot_token_path=home / "token.json",
    )
    loaded, redactor = invocation.begin()
    async with own_gateway(invocation, loaded, redactor) as gateway:
        catalog = await gateway.models(ANYONE)
    assert "gpt-5.5" in catalog.models
    assert (home / "token.json").is_file()
