"""Values that satisfy a JSON schema, plausible and always the same; it hides the schema language."""

from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 8
FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "email": "octo@simulated.example",
    "time": "00:00:00Z",
    "uri": "https://simulated.example/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}

Schema = Mapping[str, Any]


def fill(schema: object, name: str = "", root: Schema | None = None, depth: int = 0) -> Any:  # Any: the JSON edge
    """A value for a schema; `name` is the property it is for, and shows up in strings."""
    if not isinstance(schema, Mapping):
        return "simulated"
    top = schema if root is None else root
    schema = _resolve(schema, top, depth)
    if "const" in schema:
        return schema["const"]
    if enum := schema.get("enum"):
        return enum[0]
    if "default" in schema:
        return schema["default"]
    return _typed(schema, name, top, depth)


def _resolve(schema: Schema, root: Schema, depth: int) -> Schema:
    """The schema behind references and alternatives; a deep place takes the alternative that ends: null."""
    for _ in range(32):
        if ref := schema.get("$ref"):
            schema = _lookup(str(ref), root)
        elif choices := schema.get("anyOf") or schema.get("oneOf"):
            ends = [choice for choice in choices if choice.get("type") == "null"]
            schema = ends[0] if ends and depth >= MAX_DEPTH else choices[0]
        elif parts := schema.get("allOf"):
            schema = {key: value for part in parts for key, value in _resolve(part, root, depth).items()}
        else:
            return schema
    return {}


def _lookup(ref: str, root: Schema) -> Schema:
    place: Any = root
    for step in ref.removeprefix("#").strip("/").split("/"):
        if step:
            place = place.get(step.replace("~1", "/").replace("~0", "~"), {})
    return place if isinstance(place, Mapping) else {}


def _typed(schema: Schema, name: str, root: Schema, depth: int) -> Any:  # Any: the JSON edge
    kind = schema.get("type", "object" if "properties" in schema else "string")
    match next(iter(kind), "string") if isinstance(kind, list) else kind:
        case "object":
            return _object(schema, root, depth)
        case "array":
            return _array(schema, name, root, depth)
        case "integer":
            return int(_number(schema))
        case "number":
            return _number(schema)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return _string(schema, name)


def _object(schema: Schema, root: Schema, depth: int) -> dict[str, Any]:
    properties = schema.get("properties", {})
    wanted = schema.get("required", [])
    return {key: fill(properties.get(key, {}), key, root, depth + 1) for key in wanted}


def _array(schema: Schema, name: str, root: Schema, depth: int) -> list[Any]:
    least = int(schema.get("minItems", 0))
    count = max(least, 1) if depth < MAX_DEPTH and schema.get("maxItems", 1) else least
    if "prefixItems" in schema:
        return [fill(item, name, root, depth + 1) for item in schema["prefixItems"]]
    return [fill(schema.get("items", {}), name, root, depth + 1) for _ in range(count)]


def _number(schema: Schema) -> int | float:
    step = schema.get("multipleOf", 1)
    low = schema.get("minimum", schema.get("exclusiveMinimum", None))
    high = schema.get("maximum", schema.get("exclusiveMaximum", None))
    value = 1 if low is None else low
    if "exclusiveMinimum" in schema:
        value = max(value, schema["exclusiveMinimum"] + step)
    if high is not None and low is None and value >= high:
        value = high - step if "exclusiveMaximum" in schema else high
    return -(-value // step) * step if "multipleOf" in schema else value


def _string(schema: Schema, name: str) -> str:
    text = FORMATS.get(schema.get("format", ""), f"simulated {name}".strip())
    text = text[: schema.get("maxLength", len(text))]
    return text.ljust(schema.get("minLength", 0), ".")
