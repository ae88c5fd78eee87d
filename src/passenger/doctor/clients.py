"""Each client that is installed: its version, how it is wired, and what would lead it elsewhere all the same."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote

from passenger.clients.overrides import overrides
from passenger.clients.plan import Client, Conflict, Machine
from passenger.clients.registry import CLIENTS
from passenger.doctor.facts import Facts
from passenger.doctor.finding import Finding, fail, ok, skip, warn

ID = "client"
STANDING = {"as written", "ours stands, something else has changed"}


async def check(facts: Facts) -> Sequence[Finding]:
    """Those that were asked for, else all that there are."""
    found = [one for name in facts.clients or CLIENTS for one in await _looked(facts, CLIENTS[name])]
    return found or [skip(ID, f"none of {', '.join(client.title for client in CLIENTS.values())} is installed")]


async def _looked(facts: Facts, client: Client) -> Sequence[Finding]:
    installed = await facts.installed(client)
    name = f"{ID}.{client.name}"
    if installed is None:
        missing = fail(name, f"{client.title} is not installed", client.install)
        return [missing] if client.name in facts.clients else []
    version = installed.version or _number(await facts.version_of(installed.path))
    title = " ".join(filter(None, (client.title, version)))
    there = ok(name, f"{title} is {installed.path}{_wired(facts, client)}")
    return [there, *_changed(name, facts, client), *_conflicts(name, client, facts.machine)]


def _number(text: str) -> str:
    """The version in what a program prints for `--version`, empty where there is none."""
    found = re.search(r"\d+\.\d+[\w.+-]*", text)
    return found[0] if found else ""


def _wired(facts: Facts, client: Client) -> str:
    """Whether `setup` has written anything for it."""
    written = [path for path, _ in facts.set_up(client.name)]
    return f", set up in {', '.join(written)}" if written else ", not set up"


def _changed(name: str, facts: Facts, client: Client) -> Iterator[Finding]:
    """What `setup` has written and does not stand any more."""
    for path, state in facts.set_up(client.name):
        if state not in STANDING:
            yield warn(name, f"{path}, which `setup` has written: {state}", f"passenger setup {client.name}")


def _conflicts(name: str, client: Client, machine: Machine) -> Iterator[Finding]:
    own = [one for one in client.conflicts(machine) if one.where.startswith("$") or machine.cwd != machine.home]
    told = {conflict.where: conflict for conflict in (*overrides(client.name, machine), *own)}
    for conflict in told.values():
        yield warn(name, f"{conflict.where} {conflict.what}", _typed(conflict))


def _typed(conflict: Conflict) -> str:
    """What removes it: a variable is unset, a file opened at what its user has to judge."""
    if conflict.where.startswith("$"):
        return f"unset {conflict.where[1:]}"
    return f"${{EDITOR:-vi}} {quote(str(Path(conflict.where)))}"
