"""The proof of a setup: the client itself asks one question, and the server has seen it."""

import os
import re
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from passenger.clients.plan import Site
from passenger.clients.setup import Setup, needs_key
from passenger.edits.concealing import mask_secret
from passenger.observe.amounts import amount
from passenger.observe.records import LAUNCH_KEY, TAG_LENGTH, RequestRecord
from passenger.server.control.client import RunningServer, ServerError

PATIENCE = 120.0
"""Seconds that a client may take for one question."""

LOOK = 0.25
"""Seconds between two looks."""

LATE = 5.0
"""Seconds after the client's end in which the server may still record its request."""


class NotProvenError(Exception):
    """No request of the client has been seen; the message says what was."""


def cost_of(setup: Setup, site: Site) -> str:
    """What one question will cost, by the size that such a question has."""
    card = next((card for card in site.chat if card.id == setup.model_asked(site)), site.small)
    tokens = f"about {setup.prompt:,} tokens"
    if card.prices and card.prices.input is not None:
        price = max(card.prices.input, card.prices.written or 0.0)
        return f"{tokens}, some {amount(setup.prompt * price / 1_000_000)}"
    if card.multiplier is not None:
        what = f"{card.multiplier:g} premium requests" if card.multiplier else "included in your plan"
        return f"{tokens}, {what}"
    return f"{tokens}; Copilot does not tell its price"


def prove(setup: Setup, site: Site, server: RunningServer) -> RequestRecord:
    """Run the client, and find its request among the server's.

    Raises:
        NotProvenError: there is no such request, or it failed.
    """
    if setup.probe is None:
        raise NotProvenError(f"{setup.client.title} asks nothing without a person")
    if site.installed is None:
        raise NotProvenError(f"{setup.client.title} is not installed here: {setup.client.install}")
    since, tag = time.time(), secrets.token_hex(TAG_LENGTH // 2) if setup.key_flag and not needs_key(site) else ""
    key = [setup.key_flag, LAUNCH_KEY + tag] if tag else []
    with tempfile.TemporaryDirectory(prefix="passenger-proof-") as directory:
        command = [str(site.installed.path), *key, *setup.probe(site)[1:]]
        code, said = _run_client(command, {**site.machine.environ, **setup.environ(site)}, directory)
    until = time.monotonic() + LATE
    while True:
        seen = list(_of(setup, site, server, since, tag))
        if good := [one for one in seen if one.status == 200 and one.outcome == "ok"]:
            return good[-1]
        if seen or time.monotonic() > until:
            said = mask_secret(said, site.key, "***") if needs_key(site) else said  # the word for no key may be said
            raise NotProvenError(_why(setup, seen, code, said))
        time.sleep(LOOK)


def _run_client(command: Sequence[str], environ: Mapping[str, str], directory: str) -> tuple[int | None, str]:
    """Its exit code, None where it took too long, and the last that it said. It ends with all that it has started."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603 - the user's own program
            command,
            cwd=directory,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
        output.seek(0)
        lines = output.read()[-4000:].decode("utf-8", "replace").strip().splitlines()
    return code, lines[-1] if lines else ""


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL) if os.name == "posix" else process.kill()
    process.wait()


def _of(setup: Setup, site: Site, server: RunningServer, since: float, tag: str) -> Iterator[RequestRecord]:
    """The requests that ask the model of the proof, by the client's name and, where it was given one, the tag."""
    try:
        records = server.requests(since)
    except ServerError as error:
        raise NotProvenError(str(error)) from error
    for record in records:
        asks = setup.model_asked(site) in {record.asked, record.model}
        if asks and record.tag == tag and is_of(setup.agents, record.user_agent):
            yield record


def is_of(agents: Sequence[str], user_agent: str) -> bool:
    """Whether a product in a User-Agent begins as one of these does."""
    products = re.split(r"[\s()]+", user_agent.casefold())
    return any(
        agent in product if agent.startswith("/") else product.startswith(agent)
        for product in products
        for agent in agents
    )


def _why(setup: Setup, seen: Sequence[RequestRecord], code: int | None, said: str) -> str:
    if seen:
        last = seen[-1]
        return f"its request {last.id} ended with {last.status} ({last.error_message or last.outcome})"
    ended = "did not end" if code is None else f"ended with code {code}"
    words = f"; it said: {said[:300]}" if said else ""
    return f"{setup.client.title} {ended}, and no request of it has been seen{words}"
