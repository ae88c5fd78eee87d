"""Names in Google's API: fields in either spelling, and the model and the action in the path.

Google's JSON is that of protocol buffers, which takes `camelCase` and `snake_case` alike; clients mix them.
"""

from typing import Any

from passenger.decoding import JSON, decode, invalid, mended
from passenger.dialects import Request

_OPAQUE = frozenset(
    {"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "labels"}
)
"""Fields whose own keys are the client's, and stay as they are."""


def body_of(request: Request) -> JSON:
    """The body with every field of Google's in `camelCase`.

    Raises:
        Failure: it is not a JSON object, or nested too deeply.
    """
    document = decode(request.body)
    try:
        return camel_fields(document)
    except RecursionError as error:
        raise invalid("the body is nested too deeply") from error


def camel_fields(fields: JSON) -> JSON:
    """The same fields in `camelCase`; where both spellings are there, that one wins unless it is null."""
    named = {camel(name): name for name in fields}
    if len(named) < len(fields):
        named |= {camel(name): name for name in sorted(fields, key=lambda name: _rank(name, fields[name]))}
    return {new: fields[old] if new in _OPAQUE else _renamed(fields[old]) for new, old in named.items()}


def _rank(name: str, value: object) -> tuple[bool, bool]:
    return value is not None, "_" not in name


def _renamed(value: Any) -> Any:
    match value:
        case dict():
            return camel_fields(value)
        case list():
            return [_renamed(inner) for inner in value]
        case _:
            return value


def camel(name: str) -> str:
    """`max_output_tokens` as `maxOutputTokens`; a leading underscore, which some clients write, is left out."""
    first, *rest = name.strip("_").split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def model_of(request: Request) -> str:
    """The model that the path names, `models/` before it or not.

    Raises:
        Failure: it names none.
    """
    model = request.path_params.get("model", "").removeprefix("models/")
    if not model:
        raise invalid("the path must name a model: models/MODEL:ACTION", "model")
    return mended(model)


def is_streamed(request: Request) -> bool:
    """Whether the path asks for a stream."""
    return request.path_params.get("action") == "streamGenerateContent"
