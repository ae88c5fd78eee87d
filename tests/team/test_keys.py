"""The keys of a team's people."""

import sqlite3

import pytest

from passenger.errors import Failure
from passenger.team.audit import Author, list_changes
from passenger.team.key_format import digest_of, is_well_formed
from passenger.team.keys import KeyGrant, create_key, find_key, list_keys, note_used, revoke_key, rotate_key
from passenger.team.users import TeamUser, add_user


@pytest.fixture
def ann(team: sqlite3.Connection, by: Author) -> TeamUser:
    return add_user(team, by, "ann", "ann-gh")


def digests(team: sqlite3.Connection) -> dict[bytes, int | None]:
    return dict(team.execute("SELECT digest, until FROM key_digest").fetchall())


def test_of_a_key_only_its_digest_is_stored(team: sqlite3.Connection, by: Author, ann: TeamUser) -> None:
    made = create_key(team, by, ann, KeyGrant("laptop", models=("gpt-*",), networks=("192.0.2.0/24",), expires=2**31))
    secret = made.secret.reveal()
    assert is_well_formed(secret.encode())
    assert digests(team) == {digest_of(secret.encode()): None}
    assert list_keys(team, "ann") == [made.key]
    assert made.key.scope.allows_model("gpt-5.5")
    assert not made.key.scope.allows_address("198.51.100.1")
    assert secret not in "\n".join(team.iterdump())
    assert secret[5:] not in repr(list_changes(team))


@pytest.mark.parametrize(
    "grant",
    [
        KeyGrant("x" * 101),
        KeyGrant("a\nb"),
        KeyGrant(operations=("chat", "mine")),
        KeyGrant(networks=("192.0.2.0/99",)),
        KeyGrant(networks=("example.org",)),
        KeyGrant(expires=1),
    ],
)
def test_a_grant_that_cannot_be_is_refused(
    team: sqlite3.Connection, by: Author, ann: TeamUser, grant: KeyGrant
) -> None:
    with pytest.raises(Failure):
        create_key(team, by, ann, grant)
    assert list_keys(team) == []


def test_a_key_is_found_by_what_is_unique(team: sqlite3.Connection, by: Author, ann: TeamUser) -> None:
    one = create_key(team, by, ann, KeyGrant("laptop")).key
    assert find_key(team, one.id) == find_key(team, one.shown) == find_key(team, "laptop") == one
    create_key(team, by, ann, KeyGrant("laptop"))
    with pytest.raises(Failure) as unclear:
        find_key(team, "laptop")
    assert unclear.value.code == "ambiguous_key"
    with pytest.raises(Failure) as unknown:
        find_key(team, "desktop")
    assert unknown.value.code == "no_key"


def test_a_rotation_keeps_the_key_and_ends_the_secret_before(
    team: sqlite3.Connection, by: Author, ann: TeamUser
) -> None:
    first = create_key(team, by, ann, KeyGrant("laptop"))
    second = rotate_key(team, by, "laptop", 60)
    third = rotate_key(team, by, "laptop", 3600)
    assert third.key.id == first.key.id
    known = digests(team)
    assert known[digest_of(first.secret.reveal().encode())] == by.at + 60
    assert known[digest_of(second.secret.reveal().encode())] == by.at + 3600
    assert known[digest_of(third.secret.reveal().encode())] is None
    rotate_key(team, Author("cli:ann", by.now + 61), "laptop", 0)
    assert digest_of(first.secret.reveal().encode()) not in digests(team)


def test_a_revoked_key_stays_revoked(team: sqlite3.Connection, by: Author, ann: TeamUser) -> None:
    key = create_key(team, by, ann, KeyGrant()).key
    assert revoke_key(team, by, key.id).cut is False
    later = revoke_key(team, Author("x", by.now + 5), key.id, cut=True)
    assert (later.revoked, later.cut, later.state(by.now)) == (by.at, True, "revoked")
    with pytest.raises(Failure) as refused:
        rotate_key(team, by, key.id, 0)
    assert refused.value.code == "key_not_active"


def test_when_a_key_was_used_never_goes_back(team: sqlite3.Connection, by: Author, ann: TeamUser) -> None:
    key = create_key(team, by, ann, KeyGrant()).key
    note_used(team, [(key.id, 50), (key.id, 40)])
    assert find_key(team, key.id).last_used == 50
