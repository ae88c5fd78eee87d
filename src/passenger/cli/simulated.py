"""The profile `simulated`: a login at `passenger simulate`, which is started for the login where none is running."""

import errno
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from passenger.cli.command import LOOPBACK, SIMULATE_PORT
from passenger.config import Config
from passenger.config.address import read_address
from passenger.simulator import Simulator, config_toml

HINT = "This login is simulated. To use it: `passenger simulate`, and beside it `passenger --profile simulated`."


def settings() -> Mapping[str, object]:
    """The settings that lead to the simulator at its usual address, by `section.key`."""
    return flags_of(config_toml(f"http://{LOOPBACK}:{SIMULATE_PORT}"))


def leads_to_one(config: Config) -> bool:
    """Whether the settings lead to this machine already, where no GitHub can be but a simulated one."""
    github = config.github
    urls = (github.device_code_url, github.oauth_token_url, github.copilot_token_url)
    return all(read_address(url).is_loopback for url in urls)


def flags_of(toml: str) -> Mapping[str, object]:
    """The settings of a TOML text as flags would give them."""
    tables: dict[str, dict[str, object]] = tomllib.loads(toml)
    return {f"{section}.{key}": value for section, table in tables.items() for key, value in table.items()}


@asynccontextmanager
async def simulator_at_hand(url: str) -> AsyncIterator[None]:
    """A block in which a simulator is at the address in a URL; one that is there already is left as it is."""
    simulator = Simulator(LOOPBACK, urlsplit(url).port or SIMULATE_PORT)
    try:
        await simulator.__aenter__()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        yield
        return
    try:
        yield
    finally:
        await simulator.__aexit__(None, None, None)
