"""`passenger config path` and `passenger config init`: where your config file is, and one to begin with."""

import contextlib
import json as json_text
import os
import secrets
from pathlib import Path

import click

from passenger.cli.exits import FAILED, OK
from passenger.cli.invocation import Invocation
from passenger.config.loading import CONFIG_FILE
from passenger.config.template import template
from passenger.store import PRIVATE_DIRECTORY, PRIVATE_FILE


def path(invocation: Invocation, *, json: bool) -> int:
    """Print where the config file is, or would be; as JSON also our other directories."""
    mine = config_file(invocation)
    facts = {
        "config": str(mine),
        "exists": mine.exists(),
        "config_dir": str(invocation.user_dir),
        "state_dir": str(invocation.state_dir),
    }
    click.echo(json_text.dumps(facts, indent=2) if json else mine)
    return OK


def init(invocation: Invocation) -> int:
    """Write a config file with every setting commented out; exit 1 where there is one, which is left as it is."""
    mine = config_file(invocation)
    try:
        write_new(mine, template())
    except FileExistsError:
        click.echo(f"passenger: {mine} is there already and stays as it is", err=True)
        return FAILED
    click.echo(f"Written: {mine}\nEvery setting is in it, commented out. `passenger config check` looks it over.")
    return OK


def config_file(invocation: Invocation) -> Path:
    """The file that `-c` names, else the user's own."""
    return invocation.config_path or invocation.user_dir / CONFIG_FILE


def write_new(path: Path, text: str) -> None:
    """Write a private file that appears whole or not at all, in the place of none.

    Raises:
        FileExistsError: something stands there, be it a link that leads nowhere.
        OSError: it cannot be written.
    """
    path.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    if os.path.lexists(path):
        raise FileExistsError(path)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with open(fresh, "x", encoding="utf-8", opener=_private) as file:
            file.write(text)
        _put(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, PRIVATE_FILE)


def _put(fresh: Path, path: Path) -> None:
    """Give a file its name if nobody has it; where the file system knows no hard links, by renaming."""
    try:
        os.link(fresh, path)
    except FileExistsError:
        raise
    except OSError:
        with contextlib.suppress(FileNotFoundError):
            path.lstat()
            raise FileExistsError(path) from None
        fresh.rename(path)
