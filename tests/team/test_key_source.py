"""The team file as a running server sees it."""

import subprocess
import sys
from pathlib import Path

from passenger.team.audit import Author
from passenger.team.key_source import LOOK_INTERVAL, KeySource
from passenger.team.keys import KeyGrant, NewKey, create_key, revoke_key
from passenger.team.team_file import change
from passenger.team.users import local_user


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def make(path: Path, by: Author) -> NewKey:
    return change(path, lambda database: create_key(database, by, local_user(database, by), KeyGrant()))


def knows(source: KeySource, key: NewKey, by: Author) -> bool:
    ring = source.ring()
    return ring is not None and ring.find(key.secret.reveal().encode(), by.now) is not None


def test_a_team_begins_while_the_server_runs(path: Path, by: Author) -> None:
    clock = Clock()
    source = KeySource(path, clock=clock)
    assert source.ring() is None
    assert not path.exists()
    key = make(path, by)
    assert source.ring() is None
    clock.now += LOOK_INTERVAL
    assert knows(source, key, by)
    source.close()


def test_a_change_is_seen_at_the_next_look(path: Path, by: Author) -> None:
    clock = Clock()
    key = make(path, by)
    source = KeySource(path, clock=clock)
    assert knows(source, key, by)
    ring = source.ring()
    clock.now += LOOK_INTERVAL
    assert source.ring() is ring  # nothing has changed, and nothing is read
    change(path, lambda database: revoke_key(database, by, key.key.id))
    assert knows(source, key, by)
    clock.now += LOOK_INTERVAL
    assert not knows(source, key, by)
    source.close()


def test_a_file_that_has_gone_lets_nobody_in(path: Path, by: Author) -> None:
    clock = Clock()
    key = make(path, by)
    source = KeySource(path, clock=clock)
    assert knows(source, key, by)
    path.rename(path.with_name("away"))
    clock.now += LOOK_INTERVAL
    ring = source.ring()
    assert ring is not None
    assert not ring.held
    assert source.trouble is not None
    assert "is not there" in source.trouble
    path.with_name("away").rename(path)
    clock.now += LOOK_INTERVAL
    assert knows(source, key, by)
    assert source.trouble is None
    source.close()


def test_a_file_that_cannot_be_read_is_believed_for_a_while(path: Path, by: Author) -> None:
    clock = Clock()
    key = make(path, by)
    source = KeySource(path, stale=60, clock=clock)
    assert knows(source, key, by)
    path.rename(path.with_name("whole"))
    path.write_bytes(b"damaged" * 100)
    clock.now += 59
    assert knows(source, key, by)
    assert source.trouble is not None
    assert "cannot be read" in source.trouble
    clock.now += 61
    assert not knows(source, key, by)
    path.with_name("whole").replace(path)
    clock.now += LOOK_INTERVAL
    assert knows(source, key, by)
    source.close()


def test_a_team_that_is_required_lets_nobody_in_without_a_file(path: Path) -> None:
    source = KeySource(path, required=True)
    ring = source.ring()
    assert ring is not None
    assert not ring.held


ELSEWHERE = """
import sys
from pathlib import Path
from passenger.team.audit import local_author
from passenger.team.keys import revoke_key
from passenger.team.team_file import change
change(Path(sys.argv[1]), lambda database: revoke_key(database, local_author("ann"), sys.argv[2]))
"""


def test_what_others_change_is_seen_after_a_change_of_our_own(path: Path, by: Author) -> None:
    """A process that closes a plain descriptor of a database loses the locks of its connections."""
    clock = Clock()
    source = KeySource(path, clock=clock)
    keys = [make(path, by), make(path, by)]
    for key in keys:
        clock.now += LOOK_INTERVAL
        assert knows(source, key, by)
        make(path, by)  # as a server does that notes when a key was used
        subprocess.run([sys.executable, "-c", ELSEWHERE, str(path), key.key.id], check=True)
        clock.now += LOOK_INTERVAL
        assert not knows(source, key, by)
    source.close()
