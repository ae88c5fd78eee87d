"""Which seat a person has."""

import sqlite3

import pytest

from passenger.errors import Failure
from passenger.team.audit import Author, list_changes
from passenger.team.seats import bind_seat
from passenger.team.users import add_user, delete_user


def test_a_person_has_no_seat_until_they_are_given_one_named_after_their_id(
    team: sqlite3.Connection, by: Author
) -> None:
    ann = add_user(team, by, "ann", "ann-gh")
    assert ann.seat == ""
    bound = bind_seat(team, by, ann.id, "Ann-GH")
    assert (bound.seat, bound.github_login) == (ann.id, "Ann-GH")
    assert [change.action for change in list_changes(team)] == ["seats.bind", "users.add"]


def test_a_seat_is_one_persons_alone(team: sqlite3.Connection, by: Author) -> None:
    ann, bob = add_user(team, by, "ann", "shared"), add_user(team, by, "bob", "shared")
    bind_seat(team, by, ann.id, "shared")
    bind_seat(team, by, ann.id, "shared")
    with pytest.raises(Failure) as refused:
        bind_seat(team, by, bob.id, "Shared")
    assert (refused.value.status, refused.value.code) == (403, "seat_taken")
    assert "ann's already" in refused.value.message
    delete_user(team, by, "ann")
    assert bind_seat(team, by, bob.id, "Shared").seat == bob.id


def test_who_was_deleted_gets_none(team: sqlite3.Connection, by: Author) -> None:
    ann = add_user(team, by, "ann", "ann-gh")
    delete_user(team, by, "ann")
    with pytest.raises(Failure) as refused:
        bind_seat(team, by, ann.id, "ann-gh")
    assert refused.value.code == "no_user"
