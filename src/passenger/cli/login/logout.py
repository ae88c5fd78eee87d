"""`passenger logout`: remove what a login has left on this machine, and say what is left of it elsewhere."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import click

from passenger.account.token import Login, LoginSource, Token
from passenger.account.token_store import FileTokenStore
from passenger.cli.outcome import complain
from passenger.cli.person import can_answer, confirm
from passenger.config.address import read_address
from passenger.config.credentials import is_github
from passenger.config.invocation import Invocation
from passenger.config.loading import Loaded
from passenger.config.login_files import make_token_store
from passenger.config.login_name import with_login
from passenger.errors import Failure
from passenger.private_file import StoreError, prune
from passenger.secret import Secret
from passenger.server.process.event_loop import run_loop
from passenger.server.process.exit_codes import FAILED, OK, USAGE
from passenger.server.process.signals import heed_interrupts


def run(invocation: Invocation, *, yes: bool) -> int:
    """Log out; exit 2 if no one can be asked, 1 if the answer is no or a file cannot be removed."""
    heed_interrupts()
    loaded, redactor = invocation.begin()
    token_store = make_token_store(invocation, loaded, redactor)
    files = token_store.files()
    if not files:
        click.echo("Nobody is logged in here: there is nothing to remove.")
        _say(_what_stays(token_store))
        return OK
    if not yes and not can_answer():
        command = with_login(invocation, "passenger logout --yes")
        return complain(f"there is no terminal to ask on: run `{command}`", USAGE)
    if not yes and not confirm(f"Remove {_join_paths(files)}?"):
        click.echo("Nothing was removed.", err=True)
        return FAILED
    return _log_out(invocation, loaded, token_store)


def _join_paths(files: list[Path]) -> str:
    return " and ".join(map(str, files))


def _log_out(invocation: Invocation, loaded: Loaded, token_store: FileTokenStore) -> int:
    login, token = _load_known(token_store)
    try:
        removed = run_loop(token_store.forget())
    except StoreError as error:
        return complain(str(error))
    for directory in {path.parent for path in removed}:
        prune(directory, invocation.user_dir)
    click.echo(f"Logged out: removed {_join_paths(removed)}.")
    _say(_what_is_valid(loaded, login, token))
    _say(_what_stays(token_store))
    return OK


def _load_known(token_store: FileTokenStore) -> tuple[Login | None, Token | None]:
    """The login and the token that are removed, as far as they can be read."""
    login = token = None
    with suppress(Failure):
        login = token_store.login_to_replace()
    with suppress(Failure):
        token = token_store.load()
    return login, token


def _say(lines: Iterator[str]) -> None:
    for line in lines:
        click.echo(line)


def _what_is_valid(loaded: Loaded, login: Login | None, token: Token | None) -> Iterator[str]:
    """What other places go on taking."""
    if place := where_to_revoke(loaded.config.github.device_code_url, login.token if login else None):
        yield f"The login itself stays valid for whoever has a copy of it, until you revoke it at {place}"
    if token is not None and token.unexpired(now := time.time()):
        minutes = max(1, round((token.expires_at - now) / 60))
        yield f"The Copilot token that was made with it cannot be revoked. It ends by itself in {minutes} minutes."


def _what_stays(token_store: FileTokenStore) -> Iterator[str]:
    """The login that is used from now on, where one is left."""
    with suppress(Failure):
        if (login := token_store.login()) is None:
            return
        if login.source is LoginSource.SAVED:
            yield f"The login of passenger-rs is used from now on: {login.where}. It was left alone."
        else:
            yield f"You are still logged in by {login.where}, which is set in the environment."


PAGES = {
    "ghu_": "/settings/apps/authorizations",
    "gho_": "/settings/applications",
    "ghp_": "/settings/tokens",
    "github_pat_": "/settings/personal-access-tokens",
}
"""The page for each kind of token, by its prefix.

https://docs.github.com/en/apps/using-github-apps/reviewing-and-revoking-authorization-of-github-apps
"""


def where_to_revoke(device_code_url: str, login: Secret | None) -> str | None:
    """The address of the page; only the host for an unknown GitHub, None for a simulated one."""
    address = read_address(device_code_url)
    if address.is_this_machine:
        return None
    if not is_github(address.host):
        return address.host
    text = login.reveal() if login else ""
    page = next((page for prefix, page in PAGES.items() if text.startswith(prefix)), PAGES["ghu_"])
    return f"https://{urlsplit(device_code_url).netloc}{page}"
