"""Converts a tool call's arguments between a client's object and the JSON text of a `ToolCall`."""

import msgspec

from passenger.chat.fallbacks import wrap_input
from passenger.errors import Failure, Kind
from passenger.jsontext.reading import JSON, OBJECT, decode, decode_as, expect, has_few_values, invalid


def read_arguments(arguments: object, place: str) -> str:
    """The JSON text of arguments, which are an object, or text that holds one and stays as it is. Fails for others."""
    if arguments is None or arguments == "":
        return "{}"
    if isinstance(arguments, str):
        return _check(arguments, place)
    try:
        return msgspec.json.encode(expect(arguments, dict, place)).decode()
    except RecursionError as error:
        raise invalid(f"{place} is nested too deeply", place) from error


def _check(text: str, place: str) -> str:
    try:
        decode_as(OBJECT, text.encode())
    except Failure as failure:
        raise invalid(f"{place} must be an object", place) from failure
    return text


def parse_object(text: str) -> JSON | None:
    """The object in a model's arguments, None where they are none. Fails where it has too many values to be read."""
    if not has_few_values(text):
        raise Failure(Kind.UPSTREAM, "the model called a tool with arguments of too many values", code="bad_answer")
    try:
        return decode(text.encode("utf-8", "replace"))
    except Failure:
        return None


def write_arguments(text: str, *, custom: bool, cut: bool = False) -> JSON | None:
    """The arguments that a model wrote, as an object; a custom tool's text becomes its `input`.

    None where they are no object, or where the answer was `cut` inside a text or before any argument.

    Raises:
        Failure: it has too many values to be read.
    """
    if custom:
        return None if cut else wrap_input(text)
    if not text.strip():
        return None if cut else {}
    return parse_object(text)


def is_unfinished(text: str, *, custom: bool) -> bool:
    """Whether a call in which the answer was cut may lack something; a custom tool's text always may."""
    return custom or not has_few_values(text) or parse_object(text) is None
