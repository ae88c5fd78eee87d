"""One run of a client: its models, the proof that they answer, the client itself, its requests and its bill."""

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click

from passenger import __version__
from passenger.cli.launch import foreground
from passenger.cli.launch.server import LaunchServer
from passenger.cli.outcome import complain
from passenger.cli.table import print_prose
from passenger.clients import proof, stage
from passenger.clients.bill import bill
from passenger.clients.find import run_and_read
from passenger.clients.models import choose_models
from passenger.clients.plan import HIDDEN, Client, Installed, Machine, Plan, Site, as_data, as_shell
from passenger.clients.proof import AGENT, ProofCache
from passenger.config.invocation import Invocation
from passenger.config.login_name import login_hint
from passenger.copilot.model_cards import SETTINGS_PAGE, ModelCard
from passenger.observe.amounts import amount
from passenger.observe.records import LAUNCH_KEY, TAG_LENGTH, RequestRecord
from passenger.server.control.client import ServerError
from passenger.server.process.exit_codes import FAILED, OK

INTERVAL = 20.0
"""Seconds between two looks."""

SETTLING = 0.2
"""Seconds in which the requests end that a client has dropped by ending."""

Requests = Callable[[float | None], Sequence[RequestRecord]]


class RequestMeter:
    """Looks at a server's requests since a Unix time; those with a tag, or all where there is none.

    On leaving the block `records` has them all.
    """

    def __init__(self, requests: Requests, since: float, tag: str | None) -> None:
        self._requests = requests
        self._since = since
        self._tag = tag
        self._found: dict[str, RequestRecord] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "RequestMeter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        threading.Event().wait(SETTLING)
        self.look()

    @property
    def records(self) -> Sequence[RequestRecord]:
        """Those that were found, the oldest first."""
        return list(self._found.values())

    def look(self) -> None:
        """Take what is new; a server that does not answer has nothing new."""
        with suppress(ServerError):
            for record in self._requests(self._since):
                if self._is_ours(record):
                    self._found[record.id] = record
                    self._since = max(self._since, record.ended - 1)

    def _is_ours(self, record: RequestRecord) -> bool:
        if self._tag is not None:
            return record.tag == self._tag
        return not record.user_agent.startswith(AGENT)

    def _watch(self) -> None:
        while not self._over.wait(INTERVAL):
            self.look()


RECORDING = 1.0
"""Seconds that the record of our own request may take to appear."""


class LaunchFlags(NamedTuple):
    """What the user asks of a launch."""

    client: str | None
    arguments: Sequence[str]
    model: str | None
    small_model: str | None
    only_print: bool
    as_json: bool
    no_check: bool
    demo: bool

    @property
    def is_shown(self) -> bool:
        """Whether the run is only shown."""
        return self.only_print or self.as_json


@dataclass(frozen=True)
class Run:
    """One run of a client at a server that is reached."""

    invocation: Invocation
    client: Client
    flags: LaunchFlags
    machine: Machine
    installed: Installed | None
    directory: Path
    reached: LaunchServer
    tag: str
    where: Path
    """The directory of all launches."""

    def carry_out(self) -> int:
        """Choose the models, prove the way, let the client run, and say what it cost."""
        cards, flags = self.reached.server.models(), self.flags
        model, small = choose_models(cards, self.client, self.reached.clients, flags.model, flags.small_model)
        plan = self._plan(cards, model, small)
        if flags.is_shown:
            return self._show(plan, model, small)
        answered = "" if flags.no_check else self._prove(model, cards)
        if answered is None:
            return FAILED
        self._say(self._header(model, small) + answered, *plan.notes)
        return self._run(plan)

    def _say(self, *texts: str) -> None:
        """Print texts on stderr, unless --quiet was given."""
        if not self.invocation.quiet:
            print_prose(texts, err=True)

    def _header(self, model: ModelCard, small: ModelCard) -> str:
        title = f"{self.client.title} {self.installed.version if self.installed else ''}".rstrip()
        jobs = f" (small jobs: {small.id})" if self.client.takes_small and small.id != model.id else ""
        return f"{title} with {model.id}{jobs} at {self.reached.server.url}"

    # -- the plan

    def _plan(self, cards: Sequence[ModelCard], model: ModelCard, small: ModelCard) -> Plan:
        assert self.client.launch is not None  # noqa: S101 - only such clients come here
        return self.client.launch(
            Site(
                base=self.reached.usual if self.flags.is_shown else self.reached.server.url,
                key=HIDDEN if self.flags.is_shown else self._key(self.tag),
                model=model,
                small=small,
                catalog=cards,
                directory=self.directory,
                kept=self._kept,
                machine=self.machine,
                installed=self.installed,
                ask=partial(run_and_read, self.installed),
            )
        )

    def _key(self, tag: str) -> str:
        """The server's API key, else a made-up one with a tag by which this run's requests are recognized."""
        return self.reached.key.reveal() if self.reached.key else LAUNCH_KEY + tag

    @property
    def _kept(self) -> Path:
        return self.where / self.client.name / stage.KEPT

    def _show(self, plan: Plan, model: ModelCard, small: ModelCard) -> int:
        arguments, key = self.flags.arguments, self._key(self.tag)
        if self.flags.as_json:
            names = {"client": self.client.name, "model": model.id, "small_model": small.id}
            shown = {**names, "server": self.reached.usual, **as_data(plan, arguments, key)}
            click.echo(json.dumps(shown, indent=2))
        else:
            click.echo(as_shell(plan, arguments, key))
        return OK

    # -- the proof

    def _prove(self, model: ModelCard, cards: Sequence[ModelCard]) -> str | None:
        """That the model answers, as a part of a sentence; None where it does not, which is said."""
        proven, subject = ProofCache(self.where / "proven.json"), (self.client.name, model.id, self.reached.name)
        if proven.holds(*subject, time.time()):
            return ""
        dialect = self.client.dialect_for(model)
        asked = proof.model_to_prove(model, cards, dialect)
        tag, began = secrets.token_hex(TAG_LENGTH // 2), time.time()
        try:
            proof.prove(self.reached.server.post, dialect, asked.id, self._key(tag), __version__)
        except proof.UnprovenError as error:
            complain(f"{asked.id} does not answer: {error}")
            what_to_do = remedy(error.status, login_hint(self.invocation))
            complain(f"{what_to_do}; `--no-check` starts {self.client.title} anyway")
            return None
        seconds = time.time() - began
        proven.note(*subject, time.time())
        which = "" if asked.id == model.id else f"{asked.id}, which your plan includes, "
        return f": {which}answered in {seconds:.1f} s{self._cost(began, tag)}"

    def _cost(self, since: float, tag: str) -> str:
        """What the proof has cost; empty if the server does not record it in time."""
        until = time.monotonic() + RECORDING
        while time.monotonic() < until:
            records = [one for one in self.reached.server.requests(since) if one.user_agent.startswith(proof.AGENT)]
            found = [one for one in records if self.reached.key or one.tag == tag]
            if found:
                return f", {amount(found[-1].credits)}" if found[-1].credits is not None else ""
            time.sleep(0.05)
        return ""

    # -- the client

    def _run(self, plan: Plan) -> int:
        assert self.installed is not None  # noqa: S101 - without it a launch is only shown
        stage.put(plan, self._kept)
        command = [str(self.installed.path), *plan.argv[1:], *self.flags.arguments]
        tag = None if self.reached.key and not self.reached.is_tagged else self.tag
        with RequestMeter(self.reached.server.requests, time.time(), tag) as meter:
            code = foreground.run(command, environment(self.machine.environ, plan))
        self._say(bill(self.client.title, meter.records))
        return code


def environment(given: Mapping[str, str], plan: Plan) -> dict[str, str]:
    """The client's environment: the user's with ours above it, and no proxy between the client and this machine."""
    kept = {name: value for name, value in given.items() if name not in plan.unset}
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(filter(None, (kept.get(name), "127.0.0.1,localhost,::1")))
    return {**kept, **plan.env}


def remedy(status: int, log_in: str) -> str:
    """What to do about a model that does not answer; `log_in` says how to log in."""
    match status:
        case 401 | 403:
            return f"{log_in}, or see your models at {SETTINGS_PAGE}"
        case 404:
            return "`passenger models` lists what your account has"
        case 402 | 429:
            return "your plan's limit is reached, or GitHub asks to wait"
        case _:
            return "try again, or another model with --model"
