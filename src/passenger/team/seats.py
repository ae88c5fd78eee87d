"""Which seat a person has: none at first, and one of their own once they have logged in."""

from typing import TYPE_CHECKING

from passenger.errors import Failure, Kind
from passenger.team.audit import Author, note
from passenger.team.users import TeamUser, find_user

if TYPE_CHECKING:
    import sqlite3


def bind_seat(database: "sqlite3.Connection", by: Author, user_id: str, github_login: str) -> TeamUser:
    """Give a person their own seat, that of a login at GitHub. It is named after their id.

    Raises:
        Failure: they were deleted meanwhile, or somebody else has that login's seat.
    """
    user = find_user(database, user_id)
    taken = database.execute(
        "SELECT name FROM user WHERE deleted IS NULL AND seat != '' AND id != ? AND lower(github_login) = lower(?)",
        (user.id, github_login),
    ).fetchone()
    if taken is not None:
        message = f"the seat of {github_login} is {taken[0]}'s already, and one person's alone"
        raise Failure(Kind.FORBIDDEN, message, code="seat_taken")
    database.execute("UPDATE user SET seat = ?, github_login = ? WHERE id = ?", (user.id, github_login, user.id))
    note(database, by, "seats.bind", user.id, name=user.name, github=github_login)
    return find_user(database, user.id)
