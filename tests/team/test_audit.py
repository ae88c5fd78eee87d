"""What was changed, when and by whom."""

import sqlite3

from passenger.team.audit import Author, list_changes, local_author, note


def test_changes_are_paged_from_the_newest(team: sqlite3.Connection, by: Author) -> None:
    for number in range(5):
        note(team, by, "test", f"x{number}", number=number, empty=[], nothing=None)
    first = list_changes(team, limit=2)
    assert [change.what for change in first] == ["x4", "x3"]
    assert first[0].details == {"number": 4}
    assert [change.what for change in list_changes(team, after=first[-1].id)] == ["x2", "x1", "x0"]


def test_a_local_author_says_who_typed() -> None:
    assert local_author("ann").name == "cli:ann"
