"""A JSON Schema whose objects take no properties beyond those they name, which Anthropic demands of an answer's."""

from typing import Any

JSON = dict[str, Any]

_ONE = frozenset({"items", "not"})
_MANY = frozenset({"anyOf", "allOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"properties", "$defs", "definitions", "patternProperties"})


def closed(schema: JSON) -> JSON:
    """The schema, closed where it does not say itself: what matches it still matches the client's own."""
    written = {name: _inside(name, value) for name, value in schema.items()}
    if _is_object(schema):
        written.setdefault("additionalProperties", False)
    return written


def _is_object(schema: JSON) -> bool:
    match schema.get("type"):
        case [*kinds]:
            return "object" in kinds
        case None:
            return "properties" in schema
        case kind:
            return bool(kind == "object")


def _inside(name: str, value: Any) -> Any:
    match value:
        case dict() if name in _NAMED:
            return {key: _schema(inner) for key, inner in value.items()}
        case dict() if name in _ONE:
            return _schema(value)
        case list() if name in _MANY:
            return [_schema(inner) for inner in value]
        case _:
            return value


def _schema(value: Any) -> Any:
    return closed(value) if isinstance(value, dict) else value
