"""`passenger logout`: remove what a login has left on this machine, and say what is left of it elsewhere."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click

from passenger.accounts import Login, Source, Token
from passenger.cli.exits import FAILED, OK, USAGE
from passenger.cli.invocation import Invocation
from passenger.cli.login_hint import with_login
from passenger.cli.parts import run as run_loop
from passenger.cli.parts import vault_of
from passenger.cli.person import can_answer, confirmed
from passenger.cli.revoking import where_to_revoke
from passenger.config import Loaded
from passenger.errors import Failure
from passenger.store import StoreError, prune
from passenger.vault import FileVault
from passenger.web.signals import heed_interrupts


def run(invocation: Invocation, *, yes: bool) -> int:
    """Log out; exit 2 where nobody can be asked, 1 where somebody said no or a file cannot be removed."""
    heed_interrupts()
    loaded, redactor = invocation.begin()
    vault = vault_of(invocation, loaded, redactor)
    files = vault.files()
    if not files:
        return _nothing(vault)
    if not yes and not can_answer():
        command = with_login(invocation, "passenger logout --yes")
        click.echo(f"passenger: there is no terminal to ask on: run `{command}`", err=True)
        return USAGE
    if not yes and not confirmed(f"Remove {_listed(files)}?"):
        click.echo("Nothing was removed.", err=True)
        return FAILED
    return _log_out(invocation, loaded, vault)


def _listed(files: list[Path]) -> str:
    return " and ".join(map(str, files))


def _nothing(vault: FileVault) -> int:
    click.echo("Nobody is logged in here: there is nothing to remove.")
    _say(_what_stays(vault))
    return OK


def _log_out(invocation: Invocation, loaded: Loaded, vault: FileVault) -> int:
    login, token = _known(vault)
    try:
        removed = run_loop(vault.forget())
    except StoreError as error:
        click.echo(f"passenger: {error}", err=True)
        return FAILED
    for directory in {path.parent for path in removed}:
        prune(directory, invocation.user_dir)
    click.echo(f"Logged out: removed {_listed(removed)}.")
    _say(_what_is_valid(loaded, login, token))
    _say(_what_stays(vault))
    return OK


def _known(vault: FileVault) -> tuple[Login | None, Token | None]:
    """The login and the token that are removed, as far as they can be read."""
    login = token = None
    with suppress(Failure):
        login = vault.login_to_replace()
    with suppress(Failure):
        token = vault.load()
    return login, token


def _say(lines: Iterator[str]) -> None:
    for line in lines:
        click.echo(line)


def _what_is_valid(loaded: Loaded, login: Login | None, token: Token | None) -> Iterator[str]:
    """What other places go on taking."""
    if place := where_to_revoke(loaded.config.github.device_code_url, login.token if login else None):
        yield f"The login itself stays valid for whoever has a copy of it, until you revoke it at {place}"
    if token is not None and token.good(now := time.time()):
        minutes = max(1, round((token.expires_at - now) / 60))
        yield f"The Copilot token that was made with it cannot be revoked. It ends by itself in {minutes} minutes."


def _what_stays(vault: FileVault) -> Iterator[str]:
    """The login that is used from now on, where one is left."""
    with suppress(Failure):
        if (login := vault.login()) is None:
            return
        if login.source is Source.SAVED:
            yield f"The login of passenger-rs is used from now on: {login.where}. It was left alone."
        else:
            yield f"You are still logged in by {login.where}, which is set in the environment."
