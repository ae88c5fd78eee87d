"""The keys with which this machine's own commands ask a server that has a team.

Who may write the team's file needs no key; a server asks for one all the same. So commands make their own, in the name
of `local`: one for all that look at the server, one for each run of `launch`, and one for each client of `setup`.
"""

import getpass
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from passenger.errors import Failure
from passenger.private_file import PrivateFile, StoreError
from passenger.secret import Secret
from passenger.team.audit import Author, local_author
from passenger.team.key_format import make_key
from passenger.team.key_ring import read_key_ring
from passenger.team.keys import KeyGrant, create_key, end_run, list_keys, revoke_key
from passenger.team.team_file import change_existing, look_up
from passenger.team.users import local_user

if TYPE_CHECKING:
    import sqlite3

COMMANDS = "commands.json"
"""The file with the key of all commands, beside the team's."""

LONGEST_RUN = 7 * 86_400
"""Seconds after which the key of a run has expired, should the run not end in good order."""


@dataclass(frozen=True)
class OwnKey:
    """A key whose only copy is in a private file of ours."""

    team: Path
    file: PrivateFile
    name: str

    def find(self) -> Secret | None:
        """The key, if there is one that the team accepts."""
        content = self.file.read() or {}
        key = content.get("key")
        if not isinstance(key, str):
            return None
        held = look_up(self.team, read_key_ring).find(key.encode(), time.time())
        return Secret(key) if held is not None else None

    def keep(self, secret: Secret) -> None:
        """Let a key that was made up be accepted from now on, and keep it, in the place of one before."""
        self.revoke()
        self.file.write({"key": secret.reveal(), "team": str(self.team)})
        grant = KeyGrant(self.name)
        change_existing(
            self.team, lambda database: create_key(database, _by(), local_user(database, _by()), grant, secret)
        )

    def revoke(self) -> None:
        """Refuse the key of this name from now on, if there is one, and forget it."""
        with suppress(Failure):
            change_existing(self.team, self._revoke_all)
        self.file.remove()

    def _revoke_all(self, database: "sqlite3.Connection") -> None:
        for key in list_keys(database):
            if key.name == self.name and key.revoked is None:
                revoke_key(database, _by(), key.id, cut=True)


def prepare_key(own: OwnKey) -> tuple[Secret, bool]:
    """The key that is kept, or one that may be; and whether that is new."""
    found = own.find()
    return (found, False) if found is not None else (Secret(make_key("model")), True)


def command_key(team: Path, *, may_make: bool = True) -> Secret | None:
    """The key with which commands look at the server; None where there is none, and none may or can be made."""
    own = OwnKey(team, PrivateFile(team.parent / COMMANDS), f"commands {socket.gethostname()}")
    try:
        secret, is_new = prepare_key(own)
        if is_new and may_make:
            own.keep(secret)
    except (Failure, StoreError, OSError):
        return None
    return secret if may_make or not is_new else None


def setup_key(team: Path, directory: Path, client: str) -> OwnKey:
    """The key that a client's own settings get; `directory` is that of all setups."""
    return OwnKey(team, PrivateFile(directory / "keys" / f"{client}.json"), f"setup {client} {socket.gethostname()}")


def revoke_setup_key(directory: Path, client: str) -> None:
    """Refuse the key that a client's settings were given, if they were given one."""
    file = PrivateFile(directory / "keys" / f"{client}.json")
    content = file.read() or {}
    team = content.get("team")
    if isinstance(team, str):
        setup_key(Path(team), directory, client).revoke()


@contextmanager
def run_key(team: Path, client: str, tag: str) -> Iterator[Secret]:
    """A key for one run of a client, which is refused once that is over. By its tag the run's requests are known."""
    name = f"launch {client} {socket.gethostname()} {tag}"
    grant = KeyGrant(name, expires=int(time.time()) + LONGEST_RUN)

    made = change_existing(team, lambda database: create_key(database, _by(), local_user(database, _by()), grant))
    try:
        yield made.secret
    finally:
        with suppress(Failure):
            change_existing(team, lambda database: end_run(database, _by(), made.key.id))


def _by() -> Author:
    try:
        return local_author(getpass.getuser())
    except (KeyError, OSError):
        return local_author("?")
