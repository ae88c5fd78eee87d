"""The gateway in this very process, for a command that finds no server: the same way, login and files."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from passenger.cli.invocation import Invocation
from passenger.cli.networking import network_of
from passenger.cli.parts import gateway_of, state_dir_of, vault_of
from passenger.config import Loaded
from passenger.gateway import Gateway
from passenger.log import Redactor


@asynccontextmanager
async def own_gateway(invocation: Invocation, loaded: Loaded, redactor: Redactor) -> AsyncIterator[Gateway]:
    """The gateway on the user's login.

    Raises:
        ConfigError: the settings of the network cannot be used.
    """
    network = network_of(loaded, invocation.environ, redactor)
    vault = vault_of(invocation, loaded, redactor)
    async with gateway_of(loaded, vault, state_dir_of(invocation, loaded), network) as gateway:
        yield gateway
