"""Check of each client that is installed: its version, its wiring, and what wins over that."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote

from passenger.cli.doctor.facts import Facts
from passenger.cli.doctor.findings import Finding, fail, ok, skip, warn
from passenger.clients.overrides import overrides
from passenger.clients.plan import Client, Conflict, Machine
from passenger.clients.registry import CLIENTS as LAUNCHED
from passenger.clients.registry import SETUPS

CLIENT = "client"
STANDING = {"as written", "ours stands, something else has changed"}
LARGEST = 1024 * 1024
"""Bytes of a file in which our address is looked for."""

CLIENTS: Mapping[str, Client] = {**{name: setup.client for name, setup in SETUPS.items()}, **LAUNCHED}
"""All that can be launched or set up, by the name that a user types."""


async def check_clients(facts: Facts) -> Sequence[Finding]:
    """Those that were asked for, else all that there are."""
    found = [one for name in facts.clients or CLIENTS for one in await _check_client(facts, CLIENTS[name])]
    return found or [skip(CLIENT, "no client is installed that `passenger launch` or `passenger setup` knows")]


async def _check_client(facts: Facts, client: Client) -> Sequence[Finding]:
    installed = await facts.installed(client)
    name = f"{CLIENT}.{client.name}"
    if installed is None:
        return list(_missing(name, facts, client))
    version = installed.version or _number(await facts.version_of(installed.path))
    title = " ".join(filter(None, (client.title, version)))
    written = ", ".join(path for path, _ in facts.set_up(client.name))
    there = ok(name, f"{title} is {installed.path}, {f'set up in {written}' if written else 'not set up'}")
    wiring = (*_find_changes(name, facts, client), *_elsewhere(name, facts, client))
    return [there, *wiring, *_conflicts(name, client, facts.machine)]


def _missing(name: str, facts: Facts, client: Client) -> Iterator[Finding]:
    """A finding that the client is not installed, if it was asked for by name or is set up."""
    if client.name in facts.clients:
        yield fail(name, f"{client.title} is not installed", client.install)
    elif written := [path for path, _ in facts.set_up(client.name)]:
        text = f"{client.title} is not installed, and is still set up in {', '.join(written)}"
        yield warn(name, text, f"passenger setup {client.name} --undo")


def _number(text: str) -> str:
    """The version in what a program prints for `--version`, empty where there is none."""
    found = re.search(r"\d+\.\d+[\w.+-]*", text)
    return found[0] if found else ""


def _find_changes(name: str, facts: Facts, client: Client) -> Iterator[Finding]:
    """What `setup` has written and does not stand any more."""
    for path, state in facts.set_up(client.name):
        if state not in STANDING:
            yield warn(name, f"{path}, which `setup` has written: {state}", _again(client, [path]))


def _elsewhere(name: str, facts: Facts, client: Client) -> Iterator[Finding]:
    """Files that lead to another port than that of the settings."""
    port = facts.loaded.config.server.port
    paths = [path for path, state in facts.set_up(client.name) if state in STANDING]
    ports = {
        int(found)
        for text in map(_text, paths)
        for found in re.findall(r"https?://[\w.:\[\]-]+?:(\d{1,5})(?!\d)", text)
    }
    if port and ports and port not in ports:
        yield warn(name, f"it is set up for another address than {facts.address}", _again(client, paths))


def _again(client: Client, paths: Iterable[str]) -> str:
    """The command that has written these files."""
    setup = SETUPS.get(client.name)
    is_default = setup is not None and setup.default_file in {Path(path).name for path in paths}
    return f"passenger setup {client.name}{' --default' if is_default else ''}"


def _text(path: str) -> str:
    with suppress(OSError), Path(path).open("rb") as file:
        return file.read(LARGEST).decode("utf-8", "replace")
    return ""


def _conflicts(name: str, client: Client, machine: Machine) -> Iterator[Finding]:
    told = {conflict.where: conflict for conflict in overrides(client.name, machine)}
    for conflict in told.values():
        yield warn(name, f"{conflict.where} {conflict.what}", _command_against(conflict))


def _command_against(conflict: Conflict) -> str:
    """What removes it: a variable is unset, a file opened at what its user has to judge."""
    if conflict.where.startswith("$"):
        return f"unset {conflict.where[1:]}"
    return f"${{EDITOR:-vi}} {quote(str(Path(conflict.where)))}"
