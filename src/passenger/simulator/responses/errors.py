"""How `/responses` says no: OpenAI's words in CAPI's envelope."""

from collections.abc import Iterable
from typing import NoReturn

from passenger.simulator.refusals import Refusal, RefusedError


def refuse(message: str, code: str = "invalid_request_body", param: str | None = None) -> NoReturn:
    """Raise CAPI's 400 with that message."""
    raise RefusedError(Refusal(400, message, code, param))


def not_supported(field: str) -> NoReturn:
    """Raise the 400 for a field that CAPI does not let through."""
    refuse(f"{field} is not supported", "unsupported_value", field)


def unknown(place: str) -> NoReturn:
    """Raise the 400 for a field that there is not."""
    refuse(f"Unknown parameter: '{place}'.")


def missing(place: str) -> NoReturn:
    """Raise the 400 for a field that must be there."""
    refuse(f"Missing required parameter: '{place}'.")


def wrong_value(value: object, known: Iterable[str]) -> NoReturn:
    """Raise the 400 for a value that is none of those that are known."""
    refuse(f"Invalid value: '{value}'. Supported values are: {listed(known)}.")


def wrong_type(place: str, wanted: str, value: object) -> NoReturn:
    """Raise the 400 for a value of another type."""
    got = "null" if value is None else NAMES.get(type(value), "an unknown type")
    refuse(f"Invalid type for '{place}': expected {wanted}, but got {got} instead.")


def listed(values: Iterable[str]) -> str:
    """Values as OpenAI lists them: quoted, the last after "and"."""
    quoted = [f"'{value}'" for value in values]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])}, and {quoted[-1]}"


NAMES = {
    bool: "a boolean",
    dict: "an object",
    float: "a decimal number",
    int: "an integer",
    list: "an array",
    str: "a string",
}
