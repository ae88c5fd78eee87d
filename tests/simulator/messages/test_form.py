from typing import Any

import pytest

from passenger.simulator.messages.errors import VendorRefusal
from passenger.simulator.messages.form import check_format
from passenger.simulator.refusals import RefusedError

OPEN = {"type": "object", "properties": {}}
CLOSED = OPEN | {"additionalProperties": False}


def refused(schema: Any) -> str:
    with pytest.raises(RefusedError) as caught:
        check_format({"type": "json_schema", "schema": schema})
    assert isinstance(caught.value.refusal, VendorRefusal)
    return caught.value.refusal.message


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 0}, "For 'integer' type, property 'minimum' is not supported"),
        (OPEN, "For 'object' type, 'additionalProperties' must be explicitly set to false"),
        ({"type": "array", "items": OPEN}, "For 'object' type, 'additionalProperties'"),
        ({"type": "array", "minItems": 2}, "For 'array' type, 'minItems' values other than 0 or 1"),
        ({"type": "string", "format": "regex"}, "For 'string' type, 'format' value 'regex' is not supported"),
        ({"anyOf": [{"oneOf": []}]}, "Schema type 'oneOf' is not supported"),
        (CLOSED | {"$defs": {"a": {"type": "x"}}}, "Schema type 'x' is not supported"),
        ({"description": "d"}, "Schema must have a 'type'"),
        (CLOSED | {"properties": {"a": True}}, "Schemas should be dictionaries"),
    ],
)
def test_what_anthropic_does_not_enforce_is_refused_wherever_it_stands(schema: Any, words: str) -> None:
    assert refused(schema).startswith(f"output_config.format.schema: {words}")


@pytest.mark.parametrize(
    "schema",
    [
        CLOSED | {"properties": {"a": {"type": "string", "format": "date"}}, "required": ["a"]},
        {"$defs": {"a": {"enum": ["x"]}}, "$ref": "#/$defs/a"},
        {"type": ["string", "null"], "description": "d"},
        {"type": "array", "items": {"const": 1}, "minItems": 1},
    ],
)
def test_what_it_enforces_is_taken(schema: Any) -> None:
    check_format({"type": "json_schema", "schema": schema})
