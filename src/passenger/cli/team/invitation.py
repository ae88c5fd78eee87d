"""`passenger users invite`: a link by which somebody logs in to GitHub and gets their first key."""

from datetime import timedelta

import click

from passenger.cli.team.store import change_team, print_json
from passenger.config.invocation import Invocation
from passenger.config.schema import Config
from passenger.errors import Failure, Kind
from passenger.server.process.exit_codes import OK
from passenger.server.process.listen import reaches_beyond
from passenger.server.scope import JOIN
from passenger.team.invites import LIFETIME, invite_user


def invite(invocation: Invocation, *, name: str, any_github: bool, json: bool) -> int:
    """Print a link for a person; it replaces one that they had."""
    loaded, _ = invocation.begin()
    base = choose_join_url(loaded.config)
    secret = change_team(invocation, lambda database, by: invite_user(database, by, name, any_github=any_github))
    link = f"{base}{JOIN}{secret.reveal()}"
    if json:
        print_json({"user": name, "link": link, "expires_in": LIFETIME, "any_github": any_github})
        return OK
    click.echo(link)
    hours = timedelta(seconds=LIFETIME) // timedelta(hours=1)
    click.echo(f"Give it to {name} alone: it is good for {hours} hours, and once.", err=True)
    if any_github:
        click.echo(f"Any login at GitHub becomes {name}'s: whoever opens it first decides which.", err=True)
    return OK


def choose_join_url(config: Config) -> str:
    """Where a link leads: to the address with TLS, or to this machine if no other can reach the server.

    Raises:
        Failure: others can reach it, and nothing says by which address with TLS.
    """
    server = config.server
    if server.public_url:
        return server.public_url
    if reaches_beyond(server.host, server.port):
        message = (
            f"[server] host = {server.host} is reached by other machines, without TLS: a login and a key must not go "
            'that way. Put TLS before it, and set [server] public_url = "https://..."'
        )
        raise Failure(Kind.INVALID, message, code="no_public_url")
    if not server.port:
        message = "[server] port = 0 is another one at each start: set one, or [server] public_url"
        raise Failure(Kind.INVALID, message, code="no_public_url")
    return f"http://localhost:{server.port}"
