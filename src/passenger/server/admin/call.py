"""One request to the administration: who asks, for what, under which conditions."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from passenger.account.principal import Principal
from passenger.errors import Failure, Kind
from passenger.team.audit import Author

T = TypeVar("T")

DEFAULT, MOST = 50, 500
"""Entries of a page."""


class AdminCall(Struct, frozen=True):
    """A request, read."""

    principal: Principal
    method: str
    path: str
    parameters: Mapping[str, str]
    """Those of the path."""
    query: Mapping[str, str]
    body: bytes
    if_match: str | None
    """The version that is to be changed, and no other."""
    idempotency_key: str | None
    now: float

    @property
    def author(self) -> Author:
        """Who makes a change: the shown form of the key and its person."""
        return Author(f"{self.principal.shown} ({self.principal.name})", self.now)

    def read(self, kind: type[T]) -> T:
        """The body.

        Raises:
            Failure: it is no such object; the message names the field.
        """
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Failure(Kind.INVALID, f"the body cannot be used: {error}", code="bad_body") from error

    def limit(self) -> int:
        """Entries that a page is to have.

        Raises:
            Failure: it is no number from 1 to `MOST`.
        """
        return self.number("limit", DEFAULT, 1, MOST)

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number of the query.

        Raises:
            Failure: it is none, or beyond its bounds.
        """
        text = self.query.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdecimal() and len(text) < 19 and least <= int(text) <= most):
            message = f"{name} must be a whole number from {least} to {most}"
            raise Failure(Kind.INVALID, message, code="bad_query", param=name)
        return int(text)


class TeamPlaces(Struct, frozen=True):
    """Where the team and the ledger are; None where none is kept."""

    team: Path
    ledger: Path | None


class AdminAnswer(Struct, frozen=True):
    """What is answered: an object that becomes JSON."""

    content: object
    status: int = 200
    hidden: object | None = None
    """What a repetition of the request is told instead, where the content has a secret."""
    removed_seat: str = ""
    """A seat whose files are to go, once the change is made."""
