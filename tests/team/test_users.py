"""The people of a team."""

import sqlite3

import pytest

from passenger.errors import Failure
from passenger.team.audit import Author, list_changes
from passenger.team.keys import KeyGrant, create_key, list_keys, revoke_key
from passenger.team.users import add_user, delete_user, disable_user, find_user, list_users, local_user


def test_people_are_added_and_listed_by_name(team: sqlite3.Connection, by: Author) -> None:
    bob = add_user(team, by, "bob", "bob-gh", ["web", "web", "core"])
    ann = add_user(team, by, "ann", "ann_acme")
    assert list_users(team) == [ann, bob]
    assert bob.tags == ["core", "web"]
    assert find_user(team, bob.id) == find_user(team, "bob") == bob
    assert [change.action for change in list_changes(team)] == ["users.add", "users.add"]


@pytest.mark.parametrize("name", ["", " ", "-x", "a b", "a\n", "x" * 65, "é", "local"])
def test_a_name_that_cannot_be_is_refused(team: sqlite3.Connection, by: Author, name: str) -> None:
    with pytest.raises(Failure) as refused:
        add_user(team, by, name, "x")
    assert refused.value.code == "bad_name"
    assert list_users(team) == []
    assert list_changes(team) == []


@pytest.mark.parametrize("login", ["", "a b", "-x", "x-", "x/y", "x" * 101])
def test_a_login_that_cannot_be_is_refused(team: sqlite3.Connection, by: Author, login: str) -> None:
    with pytest.raises(Failure) as refused:
        add_user(team, by, "ann", login)
    assert refused.value.code == "bad_name"


def test_a_name_is_given_once(team: sqlite3.Connection, by: Author) -> None:
    add_user(team, by, "ann", "x")
    with pytest.raises(Failure) as refused:
        add_user(team, by, "ann", "y")
    assert (refused.value.status, refused.value.code) == (409, "name_taken")


def test_who_is_deleted_leaves_the_name_and_no_key(team: sqlite3.Connection, by: Author) -> None:
    ann = add_user(team, by, "ann", "x")
    create_key(team, by, ann, KeyGrant())
    delete_user(team, by, "ann")
    with pytest.raises(Failure) as unknown:
        find_user(team, "ann")
    assert unknown.value.code == "no_user"
    (key,) = list_keys(team)
    assert (key.state(by.now), key.cut) == ("revoked", True)
    again = add_user(team, by, "ann", "x")
    assert again.id != ann.id
    assert list_keys(team, "ann") == []


def test_the_answers_of_a_deleted_person_end_also_those_of_a_key_that_was_revoked_before(
    team: sqlite3.Connection, by: Author
) -> None:
    key = create_key(team, by, add_user(team, by, "ann", "x"), KeyGrant()).key
    before = revoke_key(team, by, key.id)
    delete_user(team, Author("cli:ann", by.now + 60), "ann")
    (after,) = list_keys(team)
    assert (before.cut, after.cut) == (False, True)
    assert after.revoked == before.revoked


def test_who_is_disabled_is_enabled_again(team: sqlite3.Connection, by: Author) -> None:
    add_user(team, by, "ann", "x")
    assert disable_user(team, by, "ann").state == "disabled"
    assert disable_user(team, by, "ann", disabled=False).state == "active"


def test_the_local_user_is_there_once_it_is_asked_for(team: sqlite3.Connection, by: Author) -> None:
    assert local_user(team, by) == local_user(team, by)
    assert [user.name for user in list_users(team)] == ["local"]
