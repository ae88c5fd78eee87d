"""JSON from others, decoded as strictly as it can be; it hides what the fast decoder refuses and RFC 8259 allows."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

import msgspec

from passenger.errors import Failure, Kind
from passenger.jsontext import outline
from passenger.jsontext.surrogates import without_lone

JSON = dict[str, Any]

T = TypeVar("T")

_SURROGATE = re.compile("[\ud800-\udfff]")

_MOST = 1_000_000
"""Values of a text within a text, which the slow decoder reads; those of a body are counted before."""

_MOST_WITHIN = 400_000
"""Values of a text within an answer: a call's arguments."""

_BLANKS = b" \t\n\r\v\f"
_ALPHABET = bytes.maketrans(b"-_", b"+/")


def invalid(message: str, field: str | None = None, code: str | None = None) -> Failure:
    """The failure of a request that is at fault, in the field that is."""
    return Failure(Kind.INVALID, message, param=field, code=code)


def loads(data: bytes) -> Any:
    """Any JSON value: integers exact, U+FFFD for a lone surrogate.

    Raises:
        ValueError: it is not JSON, or has a number that no float can hold.
        RecursionError: it is nested too deeply.
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _retried(msgspec.json.Decoder(), data) or _mended(data)


def decode_as(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    """A body of this shape.

    Raises:
        Failure: it is not JSON, or of another shape; the field at fault is named.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        _refuse(error)
    except RecursionError as error:
        raise invalid("the body is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _retried(decoder, body) or _decode_mended(decoder, _read(_mended, body))


def decode(body: bytes) -> JSON:
    """A body as plain values; see `loads`.

    Raises:
        Failure: it is no JSON that can be read, or not an object.
    """
    document = _read(loads, body)
    if not isinstance(document, dict):
        raise invalid("the body must be a JSON object")
    return document


def _decode_mended(decoder: "msgspec.json.Decoder[T]", document: object) -> T:
    """The shape from plain values; by way of bytes, because raw fields are made of nothing else."""
    try:
        return decoder.decode(json.dumps(document))
    except msgspec.ValidationError as error:
        _refuse(error)
    except RecursionError as error:
        raise invalid("the body is nested too deeply") from error


def _retried(decoder: "msgspec.json.Decoder[T]", data: bytes) -> T | None:
    """What the fast decoder reads once lone surrogates are out of its way, None where that is not all it minds."""
    whole = without_lone(data)
    try:
        return None if whole is data else decoder.decode(whole)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _mended(data: bytes) -> Any:
    """What msgspec does not take: lone surrogate escapes, and integers of more than 4300 digits stay refused."""
    if outline.values(outline.marks(data)) > _MOST:
        raise ValueError("it has too many values")
    return mend(json.loads(data.decode(), parse_constant=_no_constant, parse_float=_float))


def _read(read: Callable[[bytes], Any], body: bytes) -> Any:
    """What is read of a body; where it cannot be, the request is at fault."""
    try:
        return read(body)
    except RecursionError as error:
        raise invalid("the body is nested too deeply") from error
    except ValueError as error:
        raise invalid(f"the body is not valid JSON: {error}") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _float(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise ValueError(f"the number {text[:20]} is out of range")
    return number


def has_few_values(text: str) -> bool:
    """Whether the JSON of a text within an answer is small enough to be read; a text of no more characters is."""
    return len(text) <= _MOST_WITHIN or not outline.has_more_values(text.encode("utf-8", "replace"), _MOST_WITHIN)


def standard_base64(text: str) -> str | None:
    """Base64 in the usual alphabet, without white space and padding; None where it is surely no base64."""
    return text.encode().translate(_ALPHABET, _BLANKS).rstrip(b"=").decode() if text.isascii() else None


def type_of(data: bytes) -> str:
    """The `type` of an object, whatever the rest of it is; empty where there is none."""
    try:
        document = loads(data)
    except (ValueError, RecursionError):
        return ""
    found = document.get("type") if isinstance(document, dict) else None
    return found if isinstance(found, str) else ""


def dumps(value: Any) -> bytes:
    """JSON of plain values and raw ones; lone surrogates become the escapes that they were."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return _dumps_leniently(value)


def _dumps_leniently(value: Any) -> bytes:
    match value:
        case dict():
            members = (json.dumps(name).encode() + b":" + _dumps_leniently(inner) for name, inner in value.items())
            return b"{" + b",".join(members) + b"}"
        case list():
            return b"[" + b",".join(map(_dumps_leniently, value)) + b"]"
        case msgspec.Raw():
            return bytes(value)
        case _:
            return json.dumps(value).encode()


def mend(value: Any) -> Any:
    """The value with U+FFFD for each lone surrogate in it."""
    match value:
        case str():
            return mended(value)
        case dict():
            return {mended(key): mend(inner) for key, inner in value.items()}
        case list():
            return [mend(inner) for inner in value]
        case _:
            return value


def mended(text: str) -> str:
    """The text with U+FFFD for each lone surrogate."""
    return _SURROGATE.sub("\ufffd", text)


def _refuse(error: msgspec.ValidationError) -> NoReturn:
    """Say in the field's own name what the decoder says with a path."""
    text = str(error)
    if missing := re.search(r"missing required field `(\w+)`", text):
        inside = re.search(r"at `\$\.(.+)`", text)
        raise invalid(text.replace("$.", ""), inside[1] if inside else missing[1]) from error
    field = re.search(r"at `\$\.([\w\[\].]+)`", text)
    raise invalid(text.replace("$.", ""), field[1] if field else None) from error


# --- one value ---------------------------------------------------------------------------------------------------


def expect(value: object, shape: type[T], field: str) -> T:
    """The value where it is of this type; a bool is no number.

    Raises:
        Failure: it is of another.
    """
    if not isinstance(value, shape) or (isinstance(value, bool) and shape is not bool):
        raise invalid(f"{field} must be {_NAMES[shape]}", field)
    return value


def optional(document: JSON, name: str, shape: type[T], place: str = "") -> T | None:
    """The field's value, None where it is absent or null; fails as `expect` does."""
    value = document.get(name)
    return None if value is None else expect(value, shape, f"{place}{name}")


def required(document: JSON, name: str, shape: type[T], place: str = "") -> T:
    """The field's value; fails as `expect` does, and where it is absent."""
    return expect(document.get(name), shape, f"{place}{name}")


def number(document: JSON, name: str) -> float | None:
    """A number, whole or not."""
    value = document.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(f"{name} must be a number", name)
    try:
        return float(value)
    except OverflowError as error:
        raise invalid(f"{name} is out of range", name) from error


def texts(values: Sequence[object], field: str) -> tuple[str, ...]:
    """A list of strings."""
    return tuple(expect(value, str, field) for value in values)


_NAMES: dict[type, str] = {
    str: "a string",
    bool: "true or false",
    int: "an integer",
    dict: "an object",
    list: "an array",
}
