"""Ids of what a team has."""

from passenger.team.ids import new_id_of


def test_ids_say_their_kind_and_differ() -> None:
    assert new_id_of("usr") != new_id_of("usr")
    assert new_id_of("key").startswith("key_")
