"""The fields of a request for embeddings; it hides that null says nothing, and what bounds a number of dimensions."""

from collections.abc import Collection

from passenger import decoding
from passenger.chat import JSON
from passenger.decoding import invalid, optional

MAX_DIMENSIONS = 2**31 - 1
"""Far more than any model has: it only keeps the number one that every JSON reader takes."""

read_object = decoding.decode


def word(fields: JSON, name: str) -> str:
    """A string that must be there, and not be empty."""
    value = text(fields, name)
    if not value:
        raise invalid(f"{name} is missing", name)
    return value


def text(fields: JSON, name: str) -> str | None:
    """A string, None where it is absent or null."""
    return optional(fields, name, str)


def flag(fields: JSON, name: str) -> bool | None:
    """A boolean, None where it is absent or null."""
    return optional(fields, name, bool)


def table(fields: JSON, name: str, place: str = "") -> JSON:
    """An object, empty where it is absent or null."""
    return optional(fields, name, dict, place) or {}


def dimensions(fields: JSON, name: str, place: str = "") -> int | None:
    """How many numbers a vector shall have, None where that is not said."""
    value = optional(fields, name, int, place)
    if value is not None and not 1 <= value <= MAX_DIMENSIONS:
        raise invalid(f"{place}{name} must be at least 1 and no more than a model has", f"{place}{name}")
    return value


def others(fields: JSON, known: Collection[str]) -> tuple[str, ...]:
    """The names of the fields that say something and are not known."""
    return tuple(name for name, value in fields.items() if name not in known and value is not None)
