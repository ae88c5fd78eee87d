"""Which key belongs to whom."""

import sqlite3

import pytest

from passenger.account.scope_limits import ScopeLimits
from passenger.team.audit import Author
from passenger.team.key_ring import KeyRing, read_key_ring
from passenger.team.keys import KeyGrant, NewKey, create_key, revoke_key, rotate_key
from passenger.team.limits import ALL, LimitChange, set_limits
from passenger.team.users import TeamUser, add_user, delete_user, disable_user


@pytest.fixture
def ann(team: sqlite3.Connection, by: Author) -> TeamUser:
    return add_user(team, by, "ann", "ann-gh")


def knows(ring: KeyRing, key: NewKey, now: float) -> bool:
    return ring.find(key.secret.reveal().encode(), now) is not None


def test_a_key_is_its_persons(team: sqlite3.Connection, by: Author, ann: TeamUser) -> None:
    key = create_key(team, by, ann, KeyGrant("laptop", models=("gpt-*",)))
    set_limits(team, by, ALL, LimitChange(concurrency=4))
    set_limits(team, by, f"key:{key.key.id}", LimitChange(requests_per_minute=9))
    set_limits(team, by, "user:another", LimitChange(requests_per_minute=1))
    held = read_key_ring(team).find(key.secret.reveal().encode(), by.now)
    assert held is not None
    told = held.principal
    assert (told.name, told.user, told.key, told.shown) == ("ann", ann.id, key.key.id, key.key.shown)
    assert told.limits == (ScopeLimits(f"key:{key.key.id}", 9), ScopeLimits(ALL, concurrency=4))
    assert told.scope is not None
    assert not told.scope.allows_model("claude-opus-5")
    assert told.role == "member"
    assert not told.sees_server
    assert told.owner == ann.id
    assert read_key_ring(team).find(b"psgr_nonsense", by.now) is None


def test_an_administrators_key_is_known_as_one(team: sqlite3.Connection, by: Author, ann: TeamUser) -> None:
    key = create_key(team, by, ann, KeyGrant(kind="admin"))
    held = read_key_ring(team).find(key.secret.reveal().encode(), by.now)
    assert held is not None
    assert held.principal.role == "admin"


def test_keys_end(team: sqlite3.Connection, by: Author, ann: TeamUser) -> None:
    expiring = create_key(team, by, ann, KeyGrant(expires=by.at + 10))
    rotated = create_key(team, by, ann, KeyGrant())
    anew = rotate_key(team, by, rotated.key.id, 5)
    revoked = create_key(team, by, ann, KeyGrant())
    revoke_key(team, by, revoked.key.id, cut=True)
    ring = read_key_ring(team)
    assert ring.cut == {revoked.key.id}
    assert [knows(ring, key, by.now) for key in (expiring, rotated, anew, revoked)] == [True, True, True, False]
    assert [knows(ring, key, by.now + 7) for key in (expiring, rotated, anew)] == [True, False, True]
    assert [knows(ring, key, by.now + 10) for key in (expiring, rotated, anew)] == [False, False, True]


@pytest.mark.parametrize("refuse", [disable_user, delete_user])
def test_the_keys_of_who_is_disabled_or_deleted_are_refused(
    team: sqlite3.Connection, by: Author, ann: TeamUser, refuse: object
) -> None:
    key = create_key(team, by, ann, KeyGrant())
    assert knows(read_key_ring(team), key, by.now)
    assert callable(refuse)
    refuse(team, by, "ann")
    assert not knows(read_key_ring(team), key, by.now)
