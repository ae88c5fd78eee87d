"""`passenger setup`: a client's own files wired to the user's server, shown first, proven afterwards, and undone."""

import difflib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import click

from passenger.cli import reach
from passenger.cli.commands.setup import Flags
from passenger.cli.exits import FAILED, OK, USAGE
from passenger.cli.given_flags import with_flags
from passenger.cli.invocation import Invocation
from passenger.cli.machine import machine_of
from passenger.cli.person import can_answer, confirmed, is_terminal
from passenger.cli.setup_proof import NotProvenError, cost_of, prove
from passenger.clients.find import find, printed
from passenger.clients.models import NoModelError, chosen
from passenger.clients.overrides import overrides
from passenger.clients.plan import Site
from passenger.clients.setups.by_hand import BY_HAND, SAME
from passenger.clients.setups.registry import SETUPS
from passenger.clients.setups.setup import Setup
from passenger.config import Loaded
from passenger.control.client import Server
from passenger.control.records import RequestRecord
from passenger.edits.edit import NO_KEY, Edit, named
from passenger.edits.exposure import exposed
from passenger.edits.files import RefusedError, read
from passenger.edits.journal import Change, Restored, apply, plan, state_of, undo
from passenger.edits.receipts import Receipts
from passenger.errors import Failure, Kind
from passenger.log import plain
from passenger.store import StoreError

WORDS = {
    "restored": "put back",
    "deleted": "deleted: it was ours alone",
    "gone": "is gone already",
    "kept": "left as it is",
    "refused": "not touched",
}


def run(invocation: Invocation, *, flags: Flags) -> int:
    """Do one of the four; exit 0 where it is written and proven, 1 where it is not, 2 where nothing could be asked."""
    name = SAME.get(flags.client or "", flags.client or "")
    if name not in SETUPS and name not in BY_HAND:
        return _unknown(flags.client, as_json=flags.as_json)
    receipts = Receipts(invocation.state_dir / "setup" / name)
    try:
        if flags.action == "undo":
            return _undo(name, receipts, as_json=flags.as_json)
        if flags.action == "status":
            return _status(name, receipts, as_json=flags.as_json)
        setup = SETUPS.get(name)
        if flags.default and (setup is None or setup.default is None):
            return _no_default(name)
        if setup is None:
            return _by_hand(name, invocation, as_json=flags.as_json)
        return Job(invocation, setup.default if flags.default and setup.default else setup, receipts, flags).run()
    except (RefusedError, StoreError, NoModelError) as error:
        raise Failure(Kind.INTERNAL, str(error)) from error


# --- what needs no server ----------------------------------------------------------------------------------------


def _unknown(client: str | None, *, as_json: bool) -> int:
    names = [*SETUPS, *BY_HAND]
    if client:
        near = difflib.get_close_matches(client.casefold(), names, n=3, cutoff=0.4)
        hint = f"; did you mean {' or '.join(near)}?" if near else f": {', '.join(names)}"
        click.echo(f"passenger: no client has the name {client!r}{hint}", err=True)
    elif as_json:
        reach.write_json({"clients": names})
    else:
        click.echo("Which client? `passenger setup NAME`:\n", err=True)
        for name in names:
            click.echo(f"  {name:<14} {SETUPS[name].client.title if name in SETUPS else BY_HAND[name].title}", err=True)
    return USAGE


def _no_default(name: str) -> int:
    able = " and ".join(one for one, setup in SETUPS.items() if setup.default is not None)
    click.echo(f"passenger: --default is for {able}; `passenger setup {name}` alone says what it does", err=True)
    return USAGE


def _undo(name: str, receipts: Receipts, *, as_json: bool) -> int:
    if not receipts.directory.is_dir():
        restored: Sequence[Restored] = []
    else:
        with receipts.locked():
            restored = undo(receipts)
    failed = any(one.state == "refused" for one in restored)
    if as_json:
        reach.write_json({"client": name, "files": [_as_document(one) for one in restored]})
        return FAILED if failed else OK
    if not restored:
        click.echo(f"Nothing of {name} has been written by Passenger.")
    for one in restored:
        _tell(one)
    return FAILED if failed else OK


def _as_document(one: Restored) -> Mapping[str, object]:
    return {
        "path": one.path,
        "state": one.state,
        "back": one.back,
        "left": one.left,
        "withheld": one.withheld,
        "reason": one.reason or None,
    }


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
    server = loaded.config.server
    base = f"http://{server.host}:{server.port}"
    key = "of the server" if loaded.api_keys else NO_KEY
    text = one.text.format(base=base, key=key, port=server.port)
    if as_json:
        reach.write_json({"client": name, "title": one.title, "possible": one.can_be, "text": text})
    else:
        click.echo(f"{one.title}\n\n{text}")
    return OK if one.can_be else FAILED


# --- writing -----------------------------------------------------------------------------------------------------


class Job:
    """One setup of one client."""

    def __init__(self, invocation: Invocation, setup: Setup, receipts: Receipts, flags: Flags) -> None:
        self._invocation = replace(invocation, quiet=not invocation.verbosity)
        self._machine = machine_of(invocation)
        self._setup = setup
        self._receipts = receipts
        self._flags = flags
        self._can_ask = can_answer() and is_terminal(sys.stdout) and not flags.as_json and not flags.yes

    def run(self) -> int:
        """Show it; where it is to be written: ask, write and prove."""
        server, needs_key, loaded = self._server()
        site = self._site(server, loaded, needs_key=needs_key)
        with self._receipts.locked():
            changes = plan(self._safe(self._setup.edits(site), needs_key=needs_key), self._receipts)
            self._show(changes, site)
            if not changes:
                return OK
            if self._flags.action != "write":
                return self._end(OK, changes, "nothing is written")
            if not self._may_write(changes, site):
                return USAGE if not self._can_ask else FAILED
            apply(changes, self._receipts)
        return self._proven(server, site, changes)

    def _server(self) -> tuple[Server, bool, Loaded]:
        loaded = self._invocation.begin()[0]
        found = reach.look(self._invocation, loaded)
        if found.state == "nothing":
            serve = with_flags(self._invocation, "passenger serve")
            message = f"no Passenger runs at {found.server.url}: start one with `{serve}`"
            raise Failure(Kind.UPSTREAM, message)
        if found.state != "ours":
            raise Failure(Kind.UPSTREAM, reach.stranger(found) or "somebody else listens there")
        return found.server, reach.ask(found.server.status).needs_key, loaded

    def _site(self, server: Server, loaded: Loaded, *, needs_key: bool) -> Site:
        client, flags, cards = self._setup.client, self._flags, reach.ask(server.models)
        model, small = chosen(cards, client, loaded.config.clients, flags.model, flags.small_model)
        installed = find(client, self._machine.environ, self._machine.home)
        directory = self._invocation.state_dir / "setup" / "files"
        return Site(
            base=server.url,
            key=server.key.reveal() if needs_key and server.key else NO_KEY,
            model=model,
            small=small,
            catalog=cards,
            directory=directory,
            kept=directory,
            machine=self._machine,
            installed=installed,
            ask=partial(printed, installed),
        )

    # A real key never goes where others could get it.

    def _safe(self, edits: Sequence[Edit], *, needs_key: bool) -> Sequence[Edit]:
        return [self._safe_one(edit) if edit.secret and needs_key else edit for edit in edits]

    def _safe_one(self, edit: Edit) -> Edit:
        how = exposed(read(edit.file))
        if how is None:
            return edit
        if edit.variable is not None:
            self._say(f"{edit.file}: {how}; it gets the name of a variable, PASSENGER_KEY, in place of the key.")
            return replace(edit, value=edit.variable)
        message = f"{edit.file} would hold your server's key, and {how}"
        if self._can_ask and confirmed(f"{message}. Write the key all the same?"):
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
            self._say(f"\nThe proof asks {self._setup.asked(site)} one question: {cost_of(self._setup, site)}.")
        if self._flags.yes:
            return True
        if not self._can_ask:
            click.echo("passenger: nothing is written without a yes: add --yes, or run it on a terminal", err=True)
            return False
        question = "Write it?" if not all(change.is_none for change in changes) else "Prove it again?"
        return confirmed(question)

    def _proven(self, server: Server, site: Site, changes: Sequence[Change]) -> int:
        try:
            record = prove(self._setup, site, server)
        except NotProvenError as error:
            return self._end(FAILED, changes, f"written, not proven: {error}")
        return self._end(OK, changes, _answered(self._setup, record), record)

    def _end(self, code: int, changes: Sequence[Change], said: str, record: RequestRecord | None = None) -> int:
        if self._flags.as_json:
            files = [
                {
                    "path": str(change.path),
                    "changed": not change.is_none,
                    "values": [named(edit.keys) for edit in change.edits],
                    "diff": change.diff(),
                }
                for change in changes
            ]
            request = record.id if record else None
            reach.write_json(
                {
                    "client": self._setup.client.name,
                    "files": files,
                    "request": request,
                    "outcome": said,
                    "ok": code == OK,
                }
            )
        else:
            for conflict in overrides(self._setup.client.name, self._machine):
                click.echo(f"Note: {conflict.where} {conflict.what}. Fix: {conflict.fix}")
            click.echo(plain(said))
        return code

    def _say(self, text: str) -> None:
        if not self._flags.as_json:
            click.echo(text)


def _answered(setup: Setup, record: RequestRecord) -> str:
    return (
        f"Written and proven: {setup.client.title} itself asked {record.model or record.asked}, and it answered "
        f"(request {record.id}, {record.seconds:.1f} s). `passenger setup {setup.client.name} --undo` takes it back."
    )
