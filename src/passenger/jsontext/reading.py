"""JSON that others have written, as values; whatever is wrong with it is a Failure that names the field."""

import re
from typing import Any, TypeVar

import msgspec

from passenger.errors import Failure, Kind
from passenger.jsontext import structure, surrogates

JSON = dict[str, Any]

T = TypeVar("T")


MAX_INNER_VALUES = 400_000
"""Values of JSON within a string of an answer: a call's arguments."""

_BLANKS = b" \t\n\r\v\f"
_ALPHABET = bytes.maketrans(b"-_", b"+/")


def invalid(message: str, field: str | None = None, code: str | None = None) -> Failure:
    """The failure of a request whose field is at fault."""
    return Failure(Kind.INVALID, message, param=field, code=code)


class AnyObject(msgspec.Struct):
    """Any object; nothing of it is kept."""


_ANY = msgspec.json.Decoder()
OBJECT = msgspec.json.Decoder(AnyObject)


def loads(data: bytes) -> Any:
    """Any JSON value. Integers are exact; a lone surrogate becomes U+FFFD.

    Raises:
        ValueError: it is not JSON, or has a number that no float can hold.
        RecursionError: it is nested too deeply.
    """
    return surrogates.decode(_ANY, data)


def decode_as(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    """A body of the decoder's shape. Fails for others, and names the field at fault."""
    try:
        return surrogates.decode(decoder, body)
    except msgspec.ValidationError as error:
        raise _wrong_shape(error) from error
    except RecursionError as error:
        raise invalid("the body is nested too deeply") from error
    except ValueError as error:
        raise _malformed(error, body) from error


def decode_strictly(decoder: "msgspec.json.Decoder[T]", data: bytes | str | msgspec.Raw) -> T | None:
    """JSON of the decoder's shape, None for anything else and for JSON with lone surrogates."""
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def decode(body: bytes) -> JSON:
    """A JSON object as plain values; see `loads`. Fails for anything else."""
    document = decode_as(_ANY, body)
    if not isinstance(document, dict):
        raise invalid("the body must be a JSON object")
    return document


def has_few_values(text: str) -> bool:
    """Whether JSON within a string of an answer has no more than `MAX_INNER_VALUES` values."""
    return len(text) <= MAX_INNER_VALUES or not structure.has_more_values(
        text.encode("utf-8", "replace"), MAX_INNER_VALUES
    )


def standard_base64(text: str) -> str | None:
    """Base64 in the usual alphabet, without white space and padding; None where it is not ASCII."""
    return text.encode().translate(_ALPHABET, _BLANKS).rstrip(b"=").decode() if text.isascii() else None


def type_of(data: bytes) -> str:
    """The `type` of a JSON object, empty where there is none."""
    document = surrogates.decode_or_none(_ANY, data)
    found = document.get("type") if isinstance(document, dict) else None
    return found if isinstance(found, str) else ""


def _malformed(error: ValueError, body: bytes) -> Failure:
    """The failure of a body that is not JSON. Numbers that JSON lacks are named: the position alone says little."""
    message = f"the body is not valid JSON: {error}"
    if (position := re.search(r"\(byte (\d+)\)", str(error))) and (
        name := re.match(rb"NaN|Infinity", body[int(position[1]) :])
    ):
        message += f": JSON has no {name[0].decode()}"
    return invalid(message)


def _wrong_shape(error: msgspec.ValidationError) -> Failure:
    """The failure of a field whose path the decoder's message ends with."""
    text = str(error)
    if missing := re.search(r"missing required field `(\w+)`", text):
        inside = re.search(r"at `\$\.(.+)`", text)
        return invalid(text.replace("$.", ""), inside[1] if inside else missing[1])
    field = re.search(r"at `\$\.([\w\[\].]+)`", text)
    return invalid(text.replace("$.", ""), field[1] if field else None)


# --- one value ---------------------------------------------------------------------------------------------------


def expect(value: object, shape: type[T], field: str) -> T:
    """A value that must be of this type. A bool is no integer."""
    if not isinstance(value, shape) or (isinstance(value, bool) and shape is not bool):
        raise invalid(f"{field} must be {_NAMES[shape]}", field)
    return value


def number(document: JSON, name: str, field: str = "") -> float | None:
    """A number, whole or not; `field` names it in a Failure."""
    value, field = document.get(name), field or name
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(f"{field} must be a number", field)
    try:
        return float(value)
    except OverflowError as error:
        raise invalid(f"{field} is out of range", field) from error


_NAMES: dict[type, str] = {
    str: "a string",
    bool: "true or false",
    int: "an integer",
    dict: "an object",
    list: "an array",
}
