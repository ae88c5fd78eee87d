"""Links: of one person, for a day, for one use; what is stored of them, and of the logins that they begin."""

import sqlite3
from dataclasses import dataclass

import pytest

from passenger.errors import Failure
from passenger.team.audit import Author, list_changes
from passenger.team.invites import (
    LIFETIME,
    MOST_AT_ONCE,
    PATIENCE,
    begin_login,
    check_joined,
    fail_login,
    find_invite,
    finish_login,
    invite_user,
    show_code,
    use_invite,
)
from passenger.team.keys import list_keys
from passenger.team.users import add_user, delete_user, disable_user, find_user
from tests.team.conftest import NOW


@dataclass
class Door:
    """A team with Ann in it, and her link."""

    team: sqlite3.Connection
    by: Author
    secret: str = ""

    def invite(self, name: str = "ann", *, any_github: bool = False) -> str:
        return invite_user(self.team, self.by, name, any_github=any_github).reveal()

    def refused(self, secret: str | None = None, now: float = NOW) -> str | None:
        with pytest.raises(Failure) as refused:
            find_invite(self.team, self.secret if secret is None else secret, now)
        assert refused.value.status == 404
        return refused.value.code


@pytest.fixture
def door(team: sqlite3.Connection, by: Author) -> Door:
    add_user(team, by, "ann", "ann-gh")
    made = Door(team, by)
    made.secret = made.invite()
    return made


def test_a_link_has_32_random_bytes_of_which_a_digest_is_stored(door: Door) -> None:
    assert len(door.secret) == len("psgi_") + 43
    assert door.secret != door.invite()
    dump = "\n".join(door.team.iterdump())
    assert door.secret not in dump
    assert door.secret.removeprefix("psgi_") not in dump
    assert list_changes(door.team)[0].action == "users.invite"


def test_it_is_good_for_a_day(door: Door) -> None:
    assert find_invite(door.team, door.secret, NOW + LIFETIME - 1).name == "ann"
    assert door.refused(now=NOW + LIFETIME) == "no_invite"


@pytest.mark.parametrize("secret", ["", "psgi_", "x", "psgi_" + "a" * 43, "psgi_" + "a" * 44, "psgi_" + "é" * 43, "\0"])
def test_what_was_never_made_is_unknown(door: Door, secret: str) -> None:
    assert door.refused(secret) == "no_invite"


def test_a_new_link_replaces_the_one_before(door: Door) -> None:
    second = door.invite()
    assert door.refused() == "no_invite"
    assert find_invite(door.team, second, NOW).name == "ann"


def test_who_is_disabled_or_deleted_has_none(door: Door) -> None:
    disable_user(door.team, door.by, "ann")
    assert door.refused() == "no_invite"
    with pytest.raises(Failure) as refused:
        door.invite()
    assert refused.value.code == "cannot_invite"
    disable_user(door.team, door.by, "ann", disabled=False)
    assert find_invite(door.team, door.secret, NOW).name == "ann"
    delete_user(door.team, door.by, "ann")
    assert door.refused() == "no_invite"
    with pytest.raises(Failure) as gone:
        door.invite()
    assert gone.value.code == "no_user"


def test_a_login_that_is_under_way_is_not_begun_again(door: Door) -> None:
    invite, is_new = begin_login(door.team, door.secret, NOW)
    assert (invite.phase, is_new, invite.ends) == ("starting", True, NOW + PATIENCE)
    assert begin_login(door.team, door.secret, NOW + 1) == (invite, False)
    assert show_code(door.team, invite, "WORD-1234", "https://github.test/device", NOW + 900)
    again, is_new = begin_login(door.team, door.secret, NOW + 800)
    assert (again.phase, again.code, again.attempt, is_new) == ("waiting", "WORD-1234", invite.attempt, False)


def test_one_whose_code_has_expired_or_that_failed_is_begun_anew(door: Door) -> None:
    first, _ = begin_login(door.team, door.secret, NOW)
    show_code(door.team, first, "WORD-1234", "https://github.test/device", NOW + 900)
    second, is_new = begin_login(door.team, door.secret, NOW + 900)
    assert is_new
    assert (second.attempt != first.attempt, second.code) == (True, "")
    assert not show_code(door.team, first, "LATE-0000", "https://github.test/device", NOW + 999)
    fail_login(door.team, first, "an old one")
    assert find_invite(door.team, door.secret, NOW + 900) == second
    fail_login(door.team, second, "GitHub said no")
    assert find_invite(door.team, door.secret, NOW + 900).error == "GitHub said no"
    assert begin_login(door.team, door.secret, NOW + 900)[1]


def test_only_so_many_log_in_at_once(door: Door) -> None:
    secrets = []
    for number in range(MOST_AT_ONCE):
        add_user(door.team, door.by, f"user{number}", f"gh{number}")
        secrets.append(door.invite(f"user{number}"))
        begin_login(door.team, secrets[-1], NOW)
    with pytest.raises(Failure) as refused:
        begin_login(door.team, door.secret, NOW)
    assert (refused.value.status, refused.value.code) == (503, "too_many_logins")
    fail_login(door.team, find_invite(door.team, secrets[0], NOW), "gave up")
    assert begin_login(door.team, door.secret, NOW)[1]


def test_a_login_gives_the_seat_and_then_the_key_and_uses_the_link_up(door: Door) -> None:
    with pytest.raises(Failure) as early:
        use_invite(door.team, door.by, door.secret)
    assert (early.value.status, early.value.code) == (409, "login_first")
    invite, _ = begin_login(door.team, door.secret, NOW)
    finish_login(door.team, door.by, invite, "Ann-GH")
    ann = find_user(door.team, "ann")
    assert (ann.seat, ann.github_login) == (ann.id, "Ann-GH")
    assert begin_login(door.team, door.secret, NOW)[1] is False
    made = use_invite(door.team, door.by, door.secret)
    assert [key.id for key in list_keys(door.team, ann.id)] == [made.key.id]
    assert door.refused() == "no_invite"
    with pytest.raises(Failure) as replayed:
        use_invite(door.team, door.by, door.secret)
    assert (replayed.value.status, replayed.value.code) == (404, "no_invite")
    assert len(list_keys(door.team, ann.id)) == 1


def test_a_login_whose_link_was_replaced_gives_nothing(door: Door) -> None:
    invite, _ = begin_login(door.team, door.secret, NOW)
    door.invite()
    with pytest.raises(Failure) as refused:
        finish_login(door.team, door.by, invite, "ann-gh")
    assert refused.value.code == "no_invite"
    assert find_user(door.team, "ann").seat == ""


@pytest.mark.parametrize("login", ["ann-gh", "Ann-GH"])
def test_the_login_that_was_named_is_taken(door: Door, login: str) -> None:
    check_joined(find_invite(door.team, door.secret, NOW), login)


def test_another_login_is_refused_unless_any_will_do(door: Door) -> None:
    with pytest.raises(Failure) as refused:
        check_joined(find_invite(door.team, door.secret, NOW), "mallory")
    assert (refused.value.status, refused.value.code) == (403, "wrong_login")
    assert "for ann-gh, and GitHub has logged in mallory: nothing was stored" in refused.value.message
    anybodys = find_invite(door.team, door.invite(any_github=True), NOW)
    check_joined(anybodys, "mallory")
    with pytest.raises(Failure) as nameless:
        check_joined(anybodys, "")
    assert nameless.value.code == "login_failed"
