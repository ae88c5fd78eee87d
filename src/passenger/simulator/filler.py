"""Values that satisfy a JSON schema, plausible and always the same."""

from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 8
MOST = 20_000
"""Values in one, and characters of a text: what needs more has no end, or is meant to have none."""

FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "email": "octo@simulated.example",
    "time": "00:00:00Z",
    "uri": "https://simulated.example/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}

Schema = Mapping[str, Any]


class _Root:
    """The whole schema, and how many values may still be made for it."""

    def __init__(self, schema: object) -> None:
        self.schema = schema
        self.left = MOST

    def take(self) -> None:
        """Note one more value; raises ValueError where no end is in sight."""
        self.left -= 1
        if self.left < 0:
            raise ValueError("the schema has no value that ends")


def fill(schema: object) -> Any:  # Any: the JSON edge
    """A value for a schema; a text for one that is none, or that only a value without an end satisfies."""
    try:
        return _fill(schema, "", _Root(schema), 0)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return "simulated"


def _fill(schema: object, name: str, root: _Root, depth: int) -> Any:  # Any: the JSON edge
    """A value for one schema of it; `name` is the property it is for, and shows up in strings."""
    root.take()
    if not isinstance(schema, Mapping):
        return "simulated"
    schema = _resolve(schema, root, depth)
    if "const" in schema:
        return schema["const"]
    if enum := schema.get("enum"):
        return enum[0]
    if "default" in schema:
        return schema["default"]
    return _typed(schema, name, root, depth)


def _resolve(schema: Schema, root: _Root, depth: int) -> Schema:
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


def _lookup(ref: str, root: _Root) -> Schema:
    place: Any = root.schema
    for step in ref.removeprefix("#").strip("/").split("/"):
        if step:
            place = place.get(step.replace("~1", "/").replace("~0", "~"), {})
    return place if isinstance(place, Mapping) else {}


def _typed(schema: Schema, name: str, root: _Root, depth: int) -> Any:  # Any: the JSON edge
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


def _object(schema: Schema, root: _Root, depth: int) -> dict[str, Any]:
    properties = schema.get("properties", {})
    wanted = schema.get("required", [])
    return {key: _fill(properties.get(key, {}), key, root, depth + 1) for key in wanted}


def _array(schema: Schema, name: str, root: _Root, depth: int) -> list[Any]:
    least = int(schema.get("minItems", 0))
    count = max(least, 1) if depth < MAX_DEPTH and schema.get("maxItems", 1) else least
    if "prefixItems" in schema:
        return [_fill(item, name, root, depth + 1) for item in schema["prefixItems"]]
    return [_fill(schema.get("items", {}), name, root, depth + 1) for _ in range(count)]


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
    return text.ljust(min(schema.get("minLength", 0), MOST), ".")
