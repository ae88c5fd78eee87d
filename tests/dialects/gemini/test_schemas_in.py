"""Google's schemas as JSON Schema."""

from typing import Any

import pytest

from passenger.dialects.gemini.schemas_in import json_schema


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "OBJECT"}, {"type": "object"}),
        ({"type": ["STRING", "NULL"]}, {"type": ["string", "null"]}),
        ({"type": "MyType"}, {"type": "MyType"}),
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "STRING", "nullable": False}, {"type": "string"}),
        (
            {"type": "STRING", "nullable": True, "format": "enum", "enum": ["A"]},
            {"type": ["string", "null"], "enum": ["A", None]},
        ),
        ({"anyOf": [{"type": "STRING"}], "nullable": True}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"any_of": [{"type": "INTEGER"}]}, {"anyOf": [{"type": "integer"}]}),
        ({"minItems": "2", "max_length": 3}, {"minItems": 2, "maxLength": 3}),
        ({"propertyOrdering": ["a"], "title": "T"}, {"title": "T"}),
        ({"items": {"type": "NUMBER"}}, {"items": {"type": "number"}}),
        (
            {"properties": {"a": {"ref": "#/defs/P"}, "ref": {"type": "STRING"}}, "defs": {"P": {"type": "OBJECT"}}},
            {
                "properties": {"a": {"$ref": "#/$defs/P"}, "ref": {"type": "string"}},
                "$defs": {"P": {"type": "object"}},
            },
        ),
        ({"$ref": "#/definitions/P"}, {"$ref": "#/definitions/P"}),
        ({"items": True, "additionalProperties": False}, {"items": True, "additionalProperties": False}),
        ({"enum": ["OBJECT"], "default": {"type": "OBJECT"}}, {"enum": ["OBJECT"], "default": {"type": "OBJECT"}}),
    ],
)
def test_it_says_the_same_in_json_schemas_words(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert json_schema(given) == expected


def test_the_names_of_properties_are_the_clients_own() -> None:
    given = {"type": "OBJECT", "properties": {"any_of": {"type": "STRING"}, "nullable": {"type": "BOOLEAN"}}}
    assert json_schema(given) == {
        "type": "object",
        "properties": {"any_of": {"type": "string"}, "nullable": {"type": "boolean"}},
    }
