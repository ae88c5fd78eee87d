"""`passenger setup`: a client's own files wired to the user's server, shown first, proven afterwards, and undone."""

import difflib
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import click

from passenger.cli import reach
from passenger.cli.client_names import name_other_command, usual_name
from passenger.cli.command import with_flags
from passenger.cli.outcome import complain
from passenger.cli.person import can_answer, confirm, is_terminal
from passenger.cli.setup.proof import NotProvenError, cost_of, prove
from passenger.cli.team.own_key import OwnKey, prepare_key, revoke_setup_key, setup_key
from passenger.clients.by_hand import BY_HAND
from passenger.clients.find import find_program, run_and_read
from passenger.clients.models import NoModelError, choose_models
from passenger.clients.overrides import overrides
from passenger.clients.plan import Site, machine_of
from passenger.clients.registry import SETUPS
from passenger.clients.setup import Setup
from passenger.config.invocation import Invocation
from passenger.config.loading import Loaded
from passenger.config.login_files import find_team_file, has_team
from passenger.edits.edit import NO_KEY, Edit, key_path
from passenger.edits.files import RefusedError, find_exposure, read
from passenger.edits.journal import Change, Restored, apply, plan, state_of, undo
from passenger.edits.receipts import Receipts
from passenger.errors import Failure, Kind
from passenger.observe.records import RequestRecord
from passenger.observe.redaction import plain
from passenger.private_file import StoreError
from passenger.secret import Secret
from passenger.server.control.client import RunningServer
from passenger.server.process.exit_codes import FAILED, OK, USAGE

WORDS = {
    "restored": "put back",
    "deleted": "deleted: it was ours alone",
    "gone": "is gone already",
    "kept": "left as it is",
    "refused": "not touched",
}


class SetupFlags(NamedTuple):
    """What the user asks of a setup."""

    client: str | None
    action: str
    """One of `SETUP_ACTIONS`."""
    default: bool
    yes: bool
    model: str | None
    small_model: str | None
    as_json: bool


def run(invocation: Invocation, **given: Any) -> int:
    """Do one of the four; exit 0 where it is written and proven, 1 where it is not, 2 where nothing could be asked."""
    flags = SetupFlags(**given)
    name = usual_name(flags.client or "")
    if name not in SETUPS and name not in BY_HAND:
        return _refuse_unknown(name, as_json=flags.as_json)
    receipts = Receipts(invocation.state_dir / "setup" / name)
    try:
        if flags.action == "undo":
            revoke_setup_key(invocation.state_dir / "setup", name)
            return _undo(name, receipts, as_json=flags.as_json)
        if flags.action == "status":
            return _status(name, receipts, as_json=flags.as_json)
        setup = SETUPS.get(name)
        if flags.default and (setup is None or setup.default is None):
            able = " and ".join(one for one, known in SETUPS.items() if known.default is not None)
            return complain(f"--default is for {able}; `passenger setup {name}` alone says what it does", USAGE)
        if setup is None:
            return _by_hand(name, invocation, as_json=flags.as_json)
        return Job(invocation, setup.default if flags.default and setup.default else setup, receipts, flags).run()
    except (RefusedError, StoreError, NoModelError) as error:
        raise Failure(Kind.INTERNAL, str(error)) from error


# --- what needs no server ----------------------------------------------------------------------------------------


def _refuse_unknown(client: str, *, as_json: bool) -> int:
    names = [*SETUPS, *BY_HAND]
    if (known := name_other_command(client)) is not None:
        complain(known)
    elif client:
        near = difflib.get_close_matches(client.casefold(), names, n=3, cutoff=0.4)
        hint = f"; did you mean {' or '.join(near)}?" if near else f": {', '.join(names)}"
        complain(f"no client has the name {client!r}{hint}")
    elif as_json:
        reach.write_json({"clients": names})
    else:
        click.echo("Which client? `passenger setup NAME`:\n", err=True)
        for name in names:
            click.echo(f"  {name:<14} {SETUPS[name].client.title if name in SETUPS else BY_HAND[name].title}", err=True)
    return USAGE


def _undo(name: str, receipts: Receipts, *, as_json: bool) -> int:
    restored: Sequence[Restored] = []
    if receipts.directory.is_dir():
        with receipts.lock():
            restored = undo(receipts)
    failed = any(one.state == "refused" for one in restored)
    if as_json:
        reach.write_json({"client": name, "files": restored})
        return FAILED if failed else OK
    if not restored:
        click.echo(f"Nothing of {name} has been written by Passenger.")
    for one in restored:
        _tell(one)
    return FAILED if failed else OK


def _tell(one: Restored) -> None:
    count = f", {len(one.back)} value{'' if len(one.back) == 1 else 's'}" if one.back else ""
    click.echo(f"{one.path}  {WORDS[one.state]}{count}" + (f": {one.reason}" if one.reason else ""))
    for name in one.left:
        click.echo(f"  {name}  left alone: you have changed it since")
    for name in one.withheld:
        click.echo(f"  {name}  taken out; the old key is not put back beside an address that is not its own")


def _status(name: str, receipts: Receipts, *, as_json: bool) -> int:
    found = [(receipt.path, state_of(receipt)) for receipt in receipts.all()]
    if as_json:
        reach.write_json({"client": name, "files": [{"path": path, "state": state} for path, state in found]})
    elif not found:
        click.echo(f"{name} is not set up: `passenger setup {name}` does it.")
    for path, state in found if not as_json else ():
        click.echo(f"{path}  {state}")
    return OK


def _by_hand(name: str, invocation: Invocation, *, as_json: bool) -> int:
    loaded, one = invocation.load(), BY_HAND[name]
    base, key = reach.usual_url(loaded), "of the server" if loaded.api_keys or has_team(invocation, loaded) else NO_KEY
    text = one.text.format(base=base, key=key, port=base.rpartition(":")[2])
    if as_json:
        reach.write_json({"client": name, "title": one.title, "possible": one.can_be, "text": text})
    else:
        click.echo(f"{one.title}\n\n{text}")
    return OK if one.can_be else FAILED


# --- writing -----------------------------------------------------------------------------------------------------


class Job:
    """One setup of one client."""

    def __init__(self, invocation: Invocation, setup: Setup, receipts: Receipts, flags: SetupFlags) -> None:
        self._invocation = replace(invocation, quiet=not invocation.verbosity)
        self._machine = machine_of(invocation)
        self._setup = setup
        self._receipts = receipts
        self._own: OwnKey | None = None
        self._flags = flags
        self._can_ask = can_answer() and is_terminal(sys.stdout) and not flags.as_json and not flags.yes

    def run(self) -> int:
        """Show it; where it is to be written: ask, write and prove."""
        server, needs_key, loaded = self._server()
        site = self._site(server, loaded, needs_key=needs_key)
        with self._receipts.lock():
            edits = [self._safe(one) if one.secret and needs_key else one for one in self._setup.edits(site)]
            changes = plan(edits, self._receipts)
            self._show(changes, site)
            if not changes:
                return OK
            if self._flags.action != "write":
                return self._end(OK, changes, "nothing is written")
            if not self._may_write(changes, site):
                return USAGE if not self._can_ask else FAILED
            self._keep_key(site)
            apply(changes, self._receipts)
        return self._proven(server, site, changes)

    def _server(self) -> tuple[RunningServer, bool, Loaded]:
        loaded = self._invocation.begin()[0]
        found = reach.look(self._invocation, loaded)
        if found.state == "nothing":
            serve = with_flags(self._invocation, "passenger serve")
            raise Failure(Kind.UPSTREAM, f"no Passenger runs at {found.server.url}: start one with `{serve}`")
        if found.state != "ours":
            raise Failure(Kind.UPSTREAM, reach.stranger(found) or "somebody else listens there")
        return found.server, reach.ask(found.server.status).needs_key, loaded

    def _site(self, server: RunningServer, loaded: Loaded, *, needs_key: bool) -> Site:
        client, flags, cards = self._setup.client, self._flags, reach.ask(server.models)
        model, small = choose_models(cards, client, loaded.config.clients, flags.model, flags.small_model)
        installed = find_program(client, self._machine.environ, self._machine.home)
        directory = self._invocation.state_dir / "setup" / "files"
        self._own = self._own_key(loaded) if needs_key else None
        key = prepare_key(self._own)[0] if self._own else server.key
        return Site(
            base=server.url,
            key=key.reveal() if needs_key and key else NO_KEY,
            model=model,
            small=small,
            catalog=cards,
            directory=directory,
            kept=directory,
            machine=self._machine,
            installed=installed,
            ask=partial(run_and_read, installed),
        )

    def _own_key(self, loaded: Loaded) -> OwnKey | None:
        """The key of this client's own, where there is a team and no key was named."""
        team = find_team_file(self._invocation, loaded)
        if reach.key_of(loaded, self._invocation.environ) is not None or not team.exists():
            return None
        return setup_key(team, self._invocation.state_dir / "setup", self._setup.client.name)

    def _keep_key(self, site: Site) -> None:
        if self._own is not None and self._own.find() is None:
            self._own.keep(Secret(site.key))

    # A real key never goes where others could get it.

    def _safe(self, edit: Edit) -> Edit:
        how = find_exposure(read(edit.file))
        if how is None:
            return edit
        if edit.variable is not None:
            self._say(f"{edit.file}: {how}; it gets the name of a variable, PASSENGER_KEY, in place of the key.")
            return replace(edit, value=edit.variable)
        message = f"{edit.file} would hold your server's key, and {how}"
        if self._can_ask and confirm(f"{message}. Write the key all the same?"):
            return edit
        raise RefusedError(f"{message}. Make it private (chmod 600, .gitignore) and try again")

    def _show(self, changes: Sequence[Change], site: Site) -> None:
        for change in changes:
            self._say(change.diff() or f"{change.path}  is as it should be")
        for note in self._setup.notes(site):
            self._say(note)

    def _may_write(self, changes: Sequence[Change], site: Site) -> bool:
        """Ask, with what the proof will cost."""
        if self._setup.probe and site.installed:
            self._say(f"\nThe proof asks {self._setup.model_asked(site)} one question: {cost_of(self._setup, site)}.")
        if self._flags.yes:
            return True
        if not self._can_ask:
            complain("nothing is written without a yes: add --yes, or run it on a terminal")
            return False
        return confirm("Prove it again?" if all(change.is_none for change in changes) else "Write it?")

    def _proven(self, server: RunningServer, site: Site, changes: Sequence[Change]) -> int:
        try:
            record = prove(self._setup, site, server)
        except NotProvenError as error:
            return self._end(FAILED, changes, f"written, not proven: {error}")
        client = self._setup.client
        said = (
            f"Written and proven: {client.title} itself asked {record.model or record.asked}, and it answered "
            f"(request {record.id}, {record.seconds:.1f} s). `passenger setup {client.name} --undo` takes it back."
        )
        return self._end(OK, changes, said, record)

    def _end(self, code: int, changes: Sequence[Change], said: str, record: RequestRecord | None = None) -> int:
        if self._flags.as_json:
            files = [
                {
                    "path": str(change.path),
                    "changed": not change.is_none,
                    "values": [key_path(edit.keys) for edit in change.edits],
                    "diff": change.diff(),
                }
                for change in changes
            ]
            found = {"client": self._setup.client.name, "files": files, "request": record.id if record else None}
            reach.write_json({**found, "outcome": said, "ok": code == OK})
        else:
            for conflict in overrides(self._setup.client.name, self._machine):
                click.echo(f"Note: {conflict.where} {conflict.what}. Fix: {conflict.fix}")
            click.echo(plain(said))
        return code

    def _say(self, text: str) -> None:
        if not self._flags.as_json:
            click.echo(text)
