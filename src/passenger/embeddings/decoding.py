"""The JSON object of a request, field by field; it hides what the fast decoder refuses and RFC 8259 allows.

A lone surrogate, which no UTF-8 can hold, becomes U+FFFD.
"""

import json
import re
from collections.abc import Collection
from typing import Any, NoReturn

import msgspec

from passenger.chat import JSON
from passenger.errors import Failure, Kind

MAX_DIMENSIONS = 2**31 - 1
"""Far more than any model has: it only keeps the number one that every JSON reader takes."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def invalid(message: str, field: str | None = None) -> Failure:
    """The failure of a request that is at fault, in the field that is."""
    return Failure(Kind.INVALID, message, param=field)


def read_object(body: bytes) -> JSON:
    """The object that a request's body is.

    Raises:
        Failure: it is none.
    """
    try:
        document = _loads(body)
    except RecursionError as error:
        raise invalid("the body is nested too deeply") from error
    except ValueError as error:
        raise invalid(f"the body is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise invalid("the body must be a JSON object")
    return document


def _loads(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.MsgspecError:
        return _mend(json.loads(body.decode(), parse_constant=_no_constant))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _mend(value: Any) -> Any:
    match value:
        case str():
            return _SURROGATE.sub("\ufffd", value)
        case list():
            return [_mend(item) for item in value]
        case dict():
            return {_mend(name): _mend(item) for name, item in value.items()}
        case _:
            return value


# --- one field ---------------------------------------------------------------------------------------------------


def word(fields: JSON, name: str) -> str:
    """A string that must be there, and not be empty."""
    value = text(fields, name)
    if not value:
        raise invalid(f"{name} is missing", name)
    return value


def text(fields: JSON, name: str) -> str | None:
    """A string, None where it is absent or null."""
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(f"{name} must be a string", name)
    return value


def flag(fields: JSON, name: str) -> bool | None:
    """A boolean, None where it is absent or null."""
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid(f"{name} must be true or false", name)
    return value


def table(fields: JSON, name: str, place: str = "") -> JSON:
    """An object, empty where it is absent or null."""
    value = fields.get(name)
    if value is not None and not isinstance(value, dict):
        raise invalid(f"{place}{name} must be an object", f"{place}{name}")
    return value or {}


def dimensions(fields: JSON, name: str, place: str = "") -> int | None:
    """How many numbers a vector shall have, None where that is not said."""
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(f"{place}{name} must be an integer", f"{place}{name}")
    if not 1 <= value <= MAX_DIMENSIONS:
        raise invalid(f"{place}{name} must be at least 1 and no more than a model has", f"{place}{name}")
    return value


def others(fields: JSON, known: Collection[str]) -> tuple[str, ...]:
    """The names of the fields that say something and are not known."""
    return tuple(name for name, value in fields.items() if name not in known and value is not None)
