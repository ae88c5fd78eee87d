"""The settings of the profile `simulated`, whose GitHub and Copilot are `passenger simulate` on this machine."""

import tomllib
from collections.abc import Mapping

from passenger.config.address import read_address
from passenger.config.invocation import SIMULATOR_PORT
from passenger.config.schema import Config
from passenger.simulator import config_toml


def settings() -> Mapping[str, object]:
    """The settings that lead to the simulator at its usual address, by `section.key`."""
    return flags_of(config_toml(f"http://127.0.0.1:{SIMULATOR_PORT}"))


def leads_to_one(config: Config) -> bool:
    """Whether the settings lead to this machine already, where no GitHub can be but a simulated one."""
    return all(read_address(url).is_this_machine for url in config.github.login_urls)


def flags_of(toml: str) -> Mapping[str, object]:
    """The settings of a TOML text as flags would give them."""
    tables: dict[str, dict[str, object]] = tomllib.loads(toml)
    return {f"{section}.{key}": value for section, table in tables.items() for key, value in table.items()}
