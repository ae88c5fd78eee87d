from typing import Any

import pytest

from passenger.simulator.filler import fill


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "simulated"),
        ({"type": "string", "maxLength": 3}, "sim"),
        ({"type": "string", "minLength": 12}, "simulated..."),
        ({"type": "string", "format": "date"}, "2026-01-01"),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": 7}, 7),
        ({"default": "d", "type": "string"}, "d"),
        ({"type": ["integer", "null"]}, 1),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "integer", "exclusiveMinimum": 5}, 6),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "integer", "minimum": 5, "multipleOf": 4}, 8),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [1, 1]),
        ({"type": "array", "maxItems": 0}, []),
        ({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "null"}]}, [1, None]),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 1),
        ({"allOf": [{"type": "string"}, {"maxLength": 1}]}, "s"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "boolean"}}}, True),
        ({"type": "object", "properties": {"x": {}, "y": {}}, "required": ["y"]}, {"y": "simulated y"}),
        (True, "simulated"),
    ],
)
def test_a_value_satisfies_its_schema(schema: object, value: object) -> None:
    assert fill(schema) == value


def test_a_recursive_schema_ends() -> None:
    node: dict[str, Any] = {
        "type": "object",
        "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
        "required": ["next"],
    }
    value, depth = fill(node), 0
    while value is not None:
        value, depth = value["next"], depth + 1
    assert 1 < depth < 20


@pytest.mark.parametrize("names", [["a"], ["a", "b"], [str(n) for n in range(50)]])
def test_a_schema_that_no_value_with_an_end_satisfies_gets_a_text(names: list[str]) -> None:
    assert fill({"type": "object", "properties": {name: {"$ref": "#"} for name in names}, "required": names})
    ends: dict[str, Any] = {"anyOf": [{"$ref": "#"}, {"type": "null"}]}
    assert fill({"type": "object", "properties": dict.fromkeys(names, ends), "required": names})


@pytest.mark.parametrize(
    "schema",
    [
        {"anyOf": "x"},
        {"anyOf": [5]},
        {"allOf": [5]},
        {"enum": 5},
        {"$ref": "#/type/x", "type": "object"},
        {"type": "array", "minItems": {}},
        {"type": "array", "minItems": 10**9},
        {"type": "string", "format": [1]},
        {"type": "string", "minLength": "x"},
        {"type": "string", "minLength": 10**15},
        {"type": "object", "required": [{}], "properties": {}},
        {"type": "object", "required": ["a"], "properties": 5},
        {"type": "number", "multipleOf": 0, "minimum": 1},
        {"type": {}},
    ],
)
def test_what_is_no_schema_gets_some_value(schema: object) -> None:
    assert fill(schema) is not None
