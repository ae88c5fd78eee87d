"""`passenger refresh`, `passenger --refresh-token`: exchange the login for a new Copilot token, always."""

import time

import click

from passenger.cli.exits import OK
from passenger.cli.invocation import Invocation
from passenger.cli.networking import network_of
from passenger.cli.parts import github_of, session_of, vault_of
from passenger.cli.parts import run as run_loop
from passenger.config import Loaded
from passenger.errors import Failure, Kind
from passenger.net.client import client
from passenger.network import Network
from passenger.vault import FileVault
from passenger.web.signals import heed_interrupts


def run(invocation: Invocation) -> int:
    """Exchange and save."""
    loaded, redactor = invocation.begin()
    network = network_of(loaded, invocation.environ, redactor)
    heed_interrupts()
    return run_loop(_refresh(loaded, vault_of(invocation, loaded, redactor), network))


async def _refresh(loaded: Loaded, vault: FileVault, network: Network) -> int:
    async with client(connect_timeout=loaded.config.proxy.connect_timeout, network=network) as http:
        token = await session_of(loaded, vault, github_of(loaded, http)).exchange()
    if token.lasts:
        click.echo("Copilot takes this login as it is: there is no token to renew.")
        return OK
    if vault.unsaved:
        raise Failure(Kind.INTERNAL, f"the new token could not be saved in {vault.unsaved}")
    minutes = (token.expires_at - time.time()) / 60
    click.echo(f"New Copilot token saved, good for {minutes:.0f} minutes.")
    return OK
