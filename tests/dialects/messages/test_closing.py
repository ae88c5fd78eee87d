from typing import Any

import pytest

from passenger.dialects.messages.closing import closed

OBJECT = {"type": "object", "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "object"}, OBJECT),
        ({"type": ["object", "null"]}, {"type": ["object", "null"], "additionalProperties": False}),
        ({"properties": {}}, {"properties": {}, "additionalProperties": False}),
        ({"type": "object", "additionalProperties": True}, {"type": "object", "additionalProperties": True}),
        ({"type": "string", "enum": [{"type": "object"}]}, {"type": "string", "enum": [{"type": "object"}]}),
        ({"type": "array", "items": {"type": "object"}}, {"type": "array", "items": OBJECT}),
        ({"anyOf": [{"type": "object"}, True]}, {"anyOf": [OBJECT, True]}),
        ({"$defs": {"a": {"type": "object"}}}, {"$defs": {"a": OBJECT}}),
        (
            {"type": "object", "properties": {"properties": {"type": "object"}}},
            {"type": "object", "properties": {"properties": OBJECT}, "additionalProperties": False},
        ),
    ],
)
def test_objects_are_closed_wherever_they_stand(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert closed(schema) == expected
