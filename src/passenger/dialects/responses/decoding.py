"""JSON bytes as Python values; it hides that the fast decoder refuses some of what RFC 8259 allows.

A lone surrogate, which no UTF-8 can hold, becomes U+FFFD.
"""

import json
import math
import re
from typing import Any, NoReturn

import msgspec

from passenger.chat import JSON
from passenger.errors import Failure, Kind

_SURROGATE = re.compile("[\ud800-\udfff]")


def invalid(message: str, param: str | None = None, code: str | None = None) -> Failure:
    """The failure of a request that is at fault."""
    return Failure(Kind.INVALID, message, param=param, code=code)


def read_object(body: bytes) -> JSON:
    """The JSON object that a request's body is.

    Raises:
        Failure: it is none.
    """
    try:
        document = loads(body)
    except RecursionError as error:
        raise invalid("the body is nested too deeply") from error
    except ValueError as error:
        raise invalid(f"the body is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise invalid("the body is not a JSON object")
    return document


def loads(data: bytes) -> Any:
    """Any JSON value.

    Raises:
        ValueError: it is not JSON, or holds a number that is out of range.
    """
    try:
        return msgspec.json.decode(data)
    except msgspec.MsgspecError:
        return scrubbed(json.loads(data.decode(), parse_constant=_no_constant))


def scrubbed(value: Any) -> Any:
    """A decoded JSON value as one that can be encoded again."""
    match value:
        case str():
            return _SURROGATE.sub("\ufffd", value)
        case list():
            return [scrubbed(item) for item in value]
        case dict():
            return {scrubbed(name): scrubbed(item) for name, item in value.items()}
        case float() if not math.isfinite(value):
            raise ValueError("a number is out of range")
        case _:
            return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")
