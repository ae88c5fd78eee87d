"""One run of a client: its models, the proof that they answer, the client itself, and its bill."""

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from passenger import __version__
from passenger.cli import foreground
from passenger.cli.commands.launch import Flags
from passenger.cli.exits import FAILED, OK
from passenger.cli.invocation import Invocation
from passenger.cli.launch_server import Reached
from passenger.cli.login_hint import login_hint
from passenger.cli.table import print_prose
from passenger.clients import proof, stage
from passenger.clients.bill import bill
from passenger.clients.describe import HIDDEN, as_data, as_shell
from passenger.clients.find import printed
from passenger.clients.meter import Meter
from passenger.clients.models import chosen
from passenger.clients.plan import Client, Installed, Machine, Plan, Site
from passenger.clients.proven import Proven
from passenger.control.cards import SETTINGS_PAGE, ModelCard
from passenger.control.money import amount
from passenger.control.records import LAUNCH_KEY, TAG_LENGTH
from passenger.log import plain

RECORDING = 1.0
"""Seconds that the record of our own request may take to appear."""


@dataclass(frozen=True)
class Run:
    """One run of a client at a server that is reached."""

    invocation: Invocation
    client: Client
    flags: Flags
    machine: Machine
    installed: Installed | None
    directory: Path
    reached: Reached
    tag: str
    where: Path
    """The directory of all launches."""

    def carry_out(self) -> int:
        """Choose the models, prove the way, let the client run, and say what it cost."""
        cards, flags = self.reached.server.models(), self.flags
        model, small = chosen(cards, self.client, self.reached.clients, flags.model, flags.small_model)
        plan = self._plan(cards, model, small)
        if flags.is_shown:
            return self._show(plan, model, small)
        answered = "" if flags.no_check else self._prove(model, cards)
        if answered is None:
            return FAILED
        self._say(self._header(model, small) + answered, *plan.notes)
        return self._run(plan)

    def _say(self, *texts: str) -> None:
        """Say it on stderr, unless the user wants to hear of problems alone."""
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
                ask=partial(printed, self.installed),
            )
        )

    def _key(self, tag: str) -> str:
        """The key that the server wants, else one that tells our requests from others by their tag."""
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
        proven, subject = Proven(self.where / "proven.json"), (self.client.name, model.id, self.reached.name)
        if proven.holds(*subject, time.time()):
            return ""
        dialect = self.client.dialect_for(model)
        asked = proof.model_to_prove(model, cards, dialect)
        tag, began = secrets.token_hex(TAG_LENGTH // 2), time.time()
        try:
            proof.prove(self.reached.server, dialect, asked.id, self._key(tag), __version__)
        except proof.UnprovenError as error:
            self._complain(asked, error)
            return None
        seconds = time.time() - began
        proven.note(*subject, time.time())
        which = "" if asked.id == model.id else f"{asked.id}, which your plan includes, "
        return f": {which}answered in {seconds:.1f} s{self._cost(began, tag)}"

    def _complain(self, asked: ModelCard, error: proof.UnprovenError) -> None:
        what_to_do = remedy(error.status, login_hint(self.invocation))
        click.echo(plain(f"passenger: {asked.id} does not answer: {error}"), err=True)
        click.echo(f"passenger: {what_to_do}; `--no-check` starts {self.client.title} anyway", err=True)

    def _cost(self, since: float, tag: str) -> str:
        """What the proof has cost, empty where it is not told in time."""
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
        with Meter(self.reached.server.requests, time.time(), None if self.reached.key else self.tag) as meter:
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
