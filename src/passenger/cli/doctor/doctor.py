"""`passenger doctor`: gathers what the checks look at, and prints what they have found. It mends nothing."""

import asyncio
import json as json_text
import logging
import platform
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import click

from passenger import __version__
from passenger.cli.client_names import name_other_command, usual_name
from passenger.cli.command import with_flags
from passenger.cli.doctor.account import check_login, check_models, check_seat
from passenger.cli.doctor.clients import CLIENTS, check_clients
from passenger.cli.doctor.facts import Facts, open_facts
from passenger.cli.doctor.findings import MARKS, PLAIN, Finding, fail, findings_as_json, has_failed, lines, report
from passenger.cli.doctor.installation import check_clock, check_config, check_files, check_program, unusable
from passenger.cli.doctor.ledger import check_ledger
from passenger.cli.doctor.network import check_proxy, check_upstream
from passenger.cli.doctor.server import check_ollama, check_server
from passenger.cli.doctor.state import check_state
from passenger.cli.doctor.team import check_team
from passenger.config.egress import make_egress
from passenger.config.invocation import Invocation
from passenger.config.loading import Loaded
from passenger.config.problems import ConfigError, nearest
from passenger.errors import Failure
from passenger.net.egress import Egress
from passenger.observe.log import wants_color
from passenger.observe.redaction import Redactor
from passenger.server.process.event_loop import run_loop
from passenger.server.process.exit_codes import FAILED, OK

T = TypeVar("T")


def run(invocation: Invocation, *, client: str | None, json: bool, report: bool) -> int:
    """Look, and print; exit 1 where anything does not work."""
    client = None if client is None else usual_name(client)
    if client is not None and client not in CLIENTS:
        raise click.UsageError(_describe_unknown(client))
    redactor = invocation.start_log()
    if not invocation.verbosity:  # what is odd is told as a finding
        logging.getLogger("passenger").setLevel(logging.CRITICAL)
    found, login = _find(invocation, redactor, [client] if client else [])
    findings = [replace(one, fix=with_flags(invocation, one.fix)) if one.fix else one for one in found]
    _print(findings, invocation, redactor, login, json=json, for_pasting=report)
    return FAILED if has_failed(findings) else OK


def _describe_unknown(client: str) -> str:
    if (known := name_other_command(client)) is not None:
        return f"{known}."
    near = nearest(client, CLIENTS)
    return f"No such client '{client}'." + (f" Did you mean '{near}'?" if near else f" There are {', '.join(CLIENTS)}.")


def _find(invocation: Invocation, redactor: Redactor, clients: Sequence[str]) -> tuple[Sequence[Finding], str]:
    """All findings, and the account's name, empty if it is not known."""
    try:
        loaded = invocation.load()
        network = make_egress(loaded, invocation.environ, redactor)
    except ConfigError as error:
        return list(unusable(error)), ""
    return run_loop(_gather_and_examine(invocation, loaded, network, redactor, clients))


async def _gather_and_examine(
    invocation: Invocation, loaded: Loaded, network: Egress, redactor: Redactor, clients: Sequence[str]
) -> tuple[Sequence[Finding], str]:
    async with open_facts(invocation, loaded, network, redactor, clients) as facts:
        found = await examine(facts)
        try:
            return found, (await facts.seat()).login or ""
        except Failure:
            return found, ""


# --- what is printed ---------------------------------------------------------------------------------------------


def _print(
    findings: Sequence[Finding],
    invocation: Invocation,
    redactor: Redactor,
    login: str,
    *,
    json: bool,
    for_pasting: bool,
) -> None:
    if json:
        text = json_text.dumps(redactor.clean(findings_as_json(findings, __version__)), indent=2)
    elif for_pasting:
        private = {str(Path.home()): "~", login: "LOGIN"}
        text = redactor.redact("\n".join(report(findings, _about(), private)))
    else:
        color = wants_color(sys.stdout, invocation.environ)
        marks = MARKS if _shows(sys.stdout.encoding, MARKS.values()) else PLAIN
        text = redactor.redact("\n".join(lines(findings, color=color, marks=marks)))
    click.echo(text)


def _shows(encoding: str | None, texts: Iterable[str]) -> bool:
    try:
        "".join(texts).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _about() -> Mapping[str, str]:
    """What one asks first who is to help."""
    return {
        "Passenger": __version__,
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


log = logging.getLogger(__name__)

Check = Callable[[Facts], Awaitable[Sequence[Finding]]]

PARTS: Mapping[str, Check] = {
    "program": check_program,
    "config": check_config,
    "server": check_server,
    "files": check_files,
    "ledger": check_ledger,
    "conversations": check_state,
    "team": check_team,
    "login": check_login,
    "seat": check_seat,
    "models": check_models,
    "clock": check_clock,
    "proxy": check_proxy,
    "upstream": check_upstream,
    "ollama": check_ollama,
    "client": check_clients,
}
"""In the order in which they are printed."""

PATIENCE = 30.0
"""Seconds that a check may take; several ask GitHub, each of whose answers may take a while."""


async def examine(facts: Facts, parts: Mapping[str, Check] = PARTS, patience: float = PATIENCE) -> Sequence[Finding]:
    """What all checks have found."""
    found = await asyncio.gather(*(_check(name, check, facts, patience) for name, check in parts.items()))
    return [finding for findings in found for finding in findings]


async def _check(name: str, check: Check, facts: Facts, patience: float) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(patience):
            return await check(facts)
    except TimeoutError:
        return [fail(name, f"nothing could be told within {patience:.0f} s", "passenger doctor")]
    except Exception:
        log.exception("the check %s", name)
        return [fail(name, "Passenger failed to look at it; the log says more", "passenger doctor -v")]
