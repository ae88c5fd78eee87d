"""The fields of Google's requests: either spelling of their names, repeated ones, and what the path says.

Google's JSON is that of protocol buffers (https://protobuf.dev/programming-guides/json/), which takes `camelCase` and
`snake_case` alike. Clients mix them.
"""

from typing import Any

from passenger.dialects import Request
from passenger.jsontext.node import JsonNode
from passenger.jsontext.reading import JSON, decode, invalid
from passenger.jsontext.surrogates import replace_surrogates

_OPAQUE = frozenset(
    {"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "labels"}
)
"""Fields whose keys belong to the client: they are not renamed."""


def read_body(request: Request) -> JSON:
    """The body, all of Google's field names in `camelCase`. Fails where it is no JSON object."""
    document = decode(request.body)
    try:
        return to_camel_case(document)
    except RecursionError as error:
        raise invalid("the body is nested too deeply") from error


def to_camel_case(fields: JSON) -> JSON:
    """The fields with their names in `camelCase`. Of two spellings of one name `camelCase` wins, unless it is null."""
    named = {camel_case(name): name for name in fields}
    if len(named) < len(fields):
        named |= {camel_case(name): name for name in sorted(fields, key=lambda name: _rank(name, fields[name]))}
    return {new: fields[old] if new in _OPAQUE else _rename(fields[old]) for new, old in named.items()}


def _rank(name: str, value: object) -> tuple[bool, bool]:
    return value is not None, "_" not in name


def _rename(value: Any) -> Any:
    match value:
        case dict():
            return to_camel_case(value)
        case list():
            return [_rename(inner) for inner in value]
        case _:
            return value


def camel_case(name: str) -> str:
    """`max_output_tokens` becomes `maxOutputTokens`. A leading underscore, which some clients send, is left out."""
    first, *rest = name.strip("_").split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def read_model(request: Request) -> str:
    """The model in the path, with or without `models/` before it. Fails where there is none."""
    model = request.path_params.get("model", "").removeprefix("models/")
    if not model:
        raise invalid("the path must name a model: models/MODEL:ACTION", "model")
    return replace_surrogates(model)


def is_streamed(request: Request) -> bool:
    """Whether the path asks for a stream."""
    return request.path_params.get("action") == "streamGenerateContent"


# --- repeated fields ---------------------------------------------------------------------------------------------


def read_repeated(node: JsonNode, name: str) -> list[JsonNode]:
    """The objects of a repeated field, none if it is absent. A single one may lack its brackets, as with Google."""
    value = node.get(name)
    return [JsonNode(value, f"{node.at(name)}[0]")] if isinstance(value, dict) else node.nodes(name)
