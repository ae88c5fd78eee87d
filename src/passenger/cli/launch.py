"""`passenger launch`: run a client wired to Passenger for this one process, and leave nothing behind."""

import difflib
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from passenger import __version__
from passenger.cli import foreground
from passenger.cli.exits import FAILED, OK, USAGE
from passenger.cli.invocation import Invocation
from passenger.cli.launch_server import Reached, reach
from passenger.cli.login_hint import login_hint
from passenger.cli.own_server import NotStartedError
from passenger.cli.person import can_answer, picked
from passenger.cli.reach import KEY_VARIABLE
from passenger.cli.table import print_prose
from passenger.clients import proof, stage
from passenger.clients.bill import bill
from passenger.clients.describe import HIDDEN, as_data, as_shell
from passenger.clients.find import find
from passenger.clients.managed import refused
from passenger.clients.meter import Meter
from passenger.clients.models import NoModelError, choose, wanted
from passenger.clients.plan import Client, Installed, Machine, Plan, Site
from passenger.clients.proven import Proven
from passenger.clients.registry import ALL, CLIENTS
from passenger.control.cards import SETTINGS_PAGE, ModelCard
from passenger.control.client import ServerError
from passenger.control.money import amount
from passenger.control.records import LAUNCH_KEY, TAG_LENGTH
from passenger.log import plain
from passenger.store import StoreError

ASKING = 30.0
"""Seconds that a client's program may take to print something about itself."""

RECORDING = 1.0
"""Seconds that the record of our own request may take to appear."""


@dataclass(frozen=True)
class Wish:
    """What the user has asked for."""

    arguments: Sequence[str]
    model: str | None
    small_model: str | None
    only_print: bool
    as_json: bool
    check: bool
    demo: bool
    quiet: bool

    def say(self, text: str) -> None:
        """A text on stderr, unless the user wants none."""
        if not self.quiet:
            print_prose([text], err=True)


def run(
    invocation: Invocation,
    *,
    client: str | None,
    arguments: Sequence[str],
    model: str | None,
    small_model: str | None,
    only_print: bool,
    as_json: bool,
    check: bool,
    demo: bool,
) -> int:
    """Run a client, and end as it does; 2 where it is none of ours, 1 where it or its model cannot be had."""
    wish = Wish(arguments, model, small_model, only_print, as_json, check, demo, invocation.quiet)
    machine = Machine(Path.home(), os.environ, invocation.cwd, sys.platform)
    name = client or (None if as_json or only_print else _picked(machine))
    if name is None:
        return _list(machine, as_json=as_json)
    return _launch(invocation, name, wish, machine)


# --- which client ------------------------------------------------------------------------------------------------


def _picked(machine: Machine) -> str | None:
    """The client that the user picks from a menu, None where there is no terminal or nothing to pick."""
    there = [one for one in _launchable() if find(one, machine.environ, machine.home)]
    if not (there and can_answer()):
        return None
    for number, one in enumerate(there, 1):
        click.echo(f"{number:>3}  {one.title}", err=True)
    return there[picked("Which", len(there)) - 1].name


def _list(machine: Machine, *, as_json: bool) -> int:
    found = {one.name: find(one, machine.environ, machine.home) for one in _launchable()}
    if as_json:
        click.echo(json.dumps([_described(CLIENTS[name], there) for name, there in found.items()], indent=2))
        return OK
    width = max(map(len, found))
    for name, there in found.items():
        state = f"{there.path}  {there.version}".rstrip() if there else f"not installed: {CLIENTS[name].install}"
        click.echo(f"{name:<{width}}  {state}")
    click.echo("passenger: say which client to launch, as in `passenger launch claude`", err=True)
    return USAGE


def _described(client: Client, there: Installed | None) -> Mapping[str, object]:
    return {
        "name": client.name,
        "title": client.title,
        "path": str(there.path) if there else None,
        "version": there.version if there else None,
        "install": client.install,
        "run": client.is_run,
    }


def _launchable() -> Sequence[Client]:
    return [one for one in ALL if one.launch is not None]


def _unknown(name: str) -> str:
    names = [one.name for one in _launchable()]
    near = difflib.get_close_matches(name.casefold(), names, n=3, cutoff=0.4)
    if (known := CLIENTS.get(name)) is not None:
        return f"{known.title} cannot be launched; try `passenger setup {name}`"
    return f"there is no client {name!r}; " + (f"did you mean {' or '.join(near)}?" if near else ", ".join(names))


# --- one run -----------------------------------------------------------------------------------------------------


def _launch(invocation: Invocation, name: str, wish: Wish, machine: Machine) -> int:
    client = CLIENTS.get(name)
    if client is None or client.launch is None:
        return _fail(_unknown(name), USAGE)
    if (flag := refused(client.managed, wish.arguments)) is not None:
        return _fail(f"`{flag}` is set by the launch itself{_instead(flag)}", USAGE)
    installed = find(client, machine.environ, machine.home)
    if installed is None and not (wish.only_print or wish.as_json):
        return _fail(f"{client.title} is not installed; this installs it: {client.install}", FAILED)
    return _carry_out(invocation, client, wish, machine, installed)


def _carry_out(
    invocation: Invocation, client: Client, wish: Wish, machine: Machine, installed: Installed | None
) -> int:
    where, tag = invocation.state_dir / "launch", secrets.token_hex(TAG_LENGTH // 2)
    try:
        stage.make(where / client.name)
        with (
            stage.directory_for(where / client.name, tag) as directory,
            reach(invocation, where / f"server-{tag}.log", demo=wish.demo, quiet=wish.quiet) as reached,
        ):
            return Run(
                client, wish, machine, installed, directory, reached, tag, where, login_hint(invocation)
            ).carry_out()
    except NotStartedError as error:
        return _fail(f"no server could be started: {error}", error.code)
    except ServerError as error:
        key = f": put one of its API keys into {KEY_VARIABLE}" if error.status == 401 else ""
        return _fail(f"{error}{key}", FAILED)
    except NoModelError as error:
        return _fail(str(error), USAGE)
    except StoreError as error:
        return _fail(str(error), FAILED)
    except OSError as error:
        hint = "; set XDG_STATE_HOME to a directory of yours" if str(where) in str(error.filename) else ""
        return _fail(f"{error.filename or 'it'} cannot be used: {error.strerror or error}{hint}", FAILED)


def _instead(flag: str) -> str:
    return ": use `passenger launch ... --model`" if flag in {"-m", "--model", "-c model"} else ""


def _fail(text: str, code: int) -> int:
    click.echo(plain(f"passenger: {text}"), err=True)
    return code


@dataclass(frozen=True)
class Run:
    """One run of a client at a server that is reached."""

    client: Client
    wish: Wish
    machine: Machine
    installed: Installed | None
    directory: Path
    reached: Reached
    tag: str
    where: Path
    log_in: str
    """What to do without a login."""

    def carry_out(self) -> int:
        """Choose the models, prove the way, let the client run, and say what it cost."""
        cards = self.reached.server.models()
        model, small = self._choose(cards)
        plan = self._plan(cards, model, small)
        if self.wish.only_print or self.wish.as_json:
            return self._print(plan, model, small)
        answered = self._prove(model, cards) if self.wish.check else ""
        if answered is None:
            return FAILED
        title = f"{self.client.title} {self.installed.version if self.installed else ''}".rstrip()
        jobs = f" (small jobs: {small.id})" if self.client.takes_small and small.id != model.id else ""
        self.wish.say(f"{title} with {model.id}{jobs} at {self.reached.server.url}{answered}")
        for note in plan.notes:
            self.wish.say(note)
        return self._run(plan)

    def _choose(self, cards: Sequence[ModelCard]) -> tuple[ModelCard, ModelCard]:
        named = self.reached.clients
        model = wanted(self.client, self.wish.model, named.model, "model")
        return choose(
            cards, self.client, model, wanted(self.client, self.wish.small_model, named.small_model, "small_model")
        )

    def _plan(self, cards: Sequence[ModelCard], model: ModelCard, small: ModelCard) -> Plan:
        kept = self.where / self.client.name / stage.KEPT
        is_shown = self.wish.only_print or self.wish.as_json
        assert self.client.launch is not None  # noqa: S101 - it was looked at before
        return self.client.launch(
            Site(
                base=self.reached.usual if is_shown else self.reached.server.url,
                key=HIDDEN if is_shown else self._key,
                model=model,
                small=small,
                catalog=cards,
                directory=self.directory,
                kept=kept,
                machine=self.machine,
                installed=self.installed,
                ask=self._ask,
            )
        )

    @property
    def _key(self) -> str:
        return self.reached.key.reveal() if self.reached.key else LAUNCH_KEY + self.tag

    def _ask(self, arguments: Sequence[str]) -> str:
        if self.installed is None:
            raise FileNotFoundError(2, "is not installed", self.client.binaries[0])
        try:
            done = subprocess.run(  # noqa: S603 - the client that the user named
                [str(self.installed.path), *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=ASKING,
                check=True,
            )
        except subprocess.SubprocessError as error:
            raise OSError(5, str(error), str(self.installed.path)) from error
        return done.stdout.decode("utf-8", "replace")

    def _print(self, plan: Plan, model: ModelCard, small: ModelCard) -> int:
        shown = as_data(plan, self.wish.arguments, self._key)
        head = {"client": self.client.name, "model": model.id, "small_model": small.id, "server": self.reached.usual}
        text = as_shell(plan, self.wish.arguments, self._key)
        click.echo(json.dumps({**head, **shown}, indent=2) if self.wish.as_json else text)
        return OK

    # -- the proof

    def _prove(self, model: ModelCard, cards: Sequence[ModelCard]) -> str | None:
        """That the model answers, as a part of a sentence; None where it does not, which is said."""
        proven, dialect = Proven(self.where / "proven.json"), self.client.dialect_for(model)
        if proven.holds(self.client.name, model.id, self.reached.name, time.time()):
            return ""
        asked, tag, began = proof.model_to_prove(model, cards, dialect), secrets.token_hex(TAG_LENGTH // 2), time.time()
        key = self.reached.key.reveal() if self.reached.key else LAUNCH_KEY + tag
        try:
            proof.prove(self.reached.server, dialect, asked.id, key, __version__)
        except proof.UnprovenError as error:
            remedy = _remedy(error.status, self.log_in)
            click.echo(plain(f"passenger: {asked.id} does not answer: {error}"), err=True)
            click.echo(f"passenger: {remedy}; `--no-check` starts {self.client.title} anyway", err=True)
            return None
        seconds = time.time() - began
        proven.note(self.client.name, model.id, self.reached.name, time.time())
        which = "" if asked.id == model.id else f"{asked.id}, which your plan includes, "
        return f": {which}answered in {seconds:.1f} s{self._cost(began, tag)}"

    def _cost(self, since: float, tag: str) -> str:
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
        assert self.installed is not None  # noqa: S101 - it was looked at before
        stage.put(plan, self.where / self.client.name / stage.KEPT)
        command = [str(self.installed.path), *plan.argv[1:], *self.wish.arguments]
        server = self.reached.server
        with Meter(server.requests, time.time(), None if self.reached.key else self.tag) as meter:
            code = foreground.run(command, environment(self.machine.environ, plan))
        self.wish.say(bill(self.client.title, meter.records))
        return code


def environment(given: Mapping[str, str], plan: Plan) -> dict[str, str]:
    """The client's environment: the user's with ours above it, and no proxy between the client and this machine."""
    kept = {name: value for name, value in given.items() if name not in plan.unset}
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(filter(None, (kept.get(name), "127.0.0.1,localhost,::1")))
    return {**kept, **plan.env}


def _remedy(status: int, log_in: str) -> str:
    match status:
        case 401 | 403:
            return f"{log_in}, or see your models at {SETTINGS_PAGE}"
        case 404:
            return "`passenger models` lists what your account has"
        case 402 | 429:
            return "your plan's limit is reached, or GitHub asks to wait"
        case _:
            return "try again, or another model with --model"
