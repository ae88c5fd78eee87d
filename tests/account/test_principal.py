"""Who asks."""

from passenger.account.principal import ANYONE, STRANGER, Principal


def test_who_needs_no_team_owns_things_by_the_name() -> None:
    assert ANYONE.owner == "anyone"
    assert ANYONE.sees_server
    assert not STRANGER.sees_server


def test_a_person_owns_things_with_any_of_their_keys() -> None:
    one, two = (Principal("ann", user="usr_1", key=key, role="member") for key in ("key_1", "key_2"))
    assert one.owner == two.owner == "usr_1"
    assert not one.sees_server
