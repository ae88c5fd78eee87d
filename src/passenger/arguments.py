"""A tool call's arguments between a client's object and the hub's JSON text; it hides that either may be the other."""

import json
import re

import msgspec

from passenger.decoding import JSON, decode, decode_as, expect, has_few_values, invalid, mend, mended
from passenger.errors import Failure, Kind


class _Object(msgspec.Struct):
    """Any object; nothing of it is kept."""


_OBJECT = msgspec.json.Decoder(_Object)


def read_arguments(arguments: object, place: str) -> str:
    """The JSON text of what a client sends: an object, or text that holds one, which stays as it came.

    Raises:
        Failure: it is neither.
    """
    if arguments is None or arguments == "":
        return "{}"
    if isinstance(arguments, str):
        return _checked(arguments, place)
    try:
        return msgspec.json.encode(expect(arguments, dict, place)).decode()
    except RecursionError as error:
        raise invalid(f"{place} is nested too deeply", place) from error


def _checked(text: str, place: str) -> str:
    try:
        decode_as(_OBJECT, text.encode())
    except Failure as failure:
        raise invalid(f"{place} must be an object", place) from failure
    return text


def object_of(text: str) -> JSON | None:
    """The object of what a model has written, None where it is none.

    Raises:
        Failure: it has too many values to be read.
    """
    if not has_few_values(text):
        raise Failure(Kind.UPSTREAM, "the model called a tool with arguments of too many values", code="bad_answer")
    try:
        return decode(text.encode("utf-8", "replace"))
    except Failure:
        return None


def write_arguments(text: str, *, custom: bool, cut: bool = False) -> JSON | None:
    """The object of what a model has written; a custom tool's text becomes its `input`.

    None where the call would mean nothing: what was written is no object, or the answer was `cut` inside it. Nobody
    knows whether a free text is whole that was.

    Raises:
        Failure: it has too many values to be read.
    """
    if custom:
        return None if cut else {"input": text}
    if not text.strip():
        return None if cut else {}
    return object_of(text)


def is_unfinished(text: str, *, custom: bool) -> bool:
    """Whether a call that an answer was cut in lacks something: also a free text might have gone on."""
    return custom or not has_few_values(text) or object_of(text) is None


# --- the text of a custom tool, which a function's arguments wrap -------------------------------------------------

_WRAPPING = re.compile(r'\s*\{\s*"input"\s*:\s*"((?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)')
_HALF_ESCAPE = re.compile(r"(?:\\(?:u[0-9a-fA-F]{0,3})?)?")


def unwrap_input(arguments: str) -> str:
    """The raw text for a custom tool, as far as it has come; all there is where the model left the wrapping out."""
    if not has_few_values(arguments):
        return arguments
    try:
        value = mend(json.loads(arguments, strict=False))
    except (ValueError, RecursionError):
        return _begun(arguments)
    match value:
        case {"input": str(text)}:
            return text
        case {"input": other}:
            return msgspec.json.encode(other).decode()
        case _:
            return arguments


def _begun(arguments: str) -> str:
    """The text of a wrapping that was never closed."""
    found = _WRAPPING.match(arguments)
    if found is None or _HALF_ESCAPE.fullmatch(arguments, found.end()) is None:
        return arguments
    return mended(json.loads(f'"{found[1]}"', strict=False))
