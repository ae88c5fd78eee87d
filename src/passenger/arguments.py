"""A tool call's arguments between a client's object and the hub's JSON text; it hides that either may be the other."""

import msgspec

from passenger.decoding import JSON, decode, decode_as, expect, has_few_values, invalid
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


def write_arguments(text: str, *, custom: bool) -> JSON:
    """The object of what a model has written; a custom tool's text becomes its `input`.

    Raises:
        Failure: it is no object, so the call would mean nothing.
    """
    if custom:
        return {"input": text}
    if not text.strip():
        return {}
    if not has_few_values(text):
        raise Failure(Kind.UPSTREAM, "the model called a tool with arguments of too many values", code="bad_answer")
    try:
        return decode(text.encode("utf-8", "replace"))
    except Failure as failure:
        message = f"the model called a tool with arguments that are not a JSON object: {failure.message}"
        raise Failure(Kind.UPSTREAM, message, code="bad_answer") from failure
