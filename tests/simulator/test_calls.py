import json

from passenger.simulator.calls import filled


def test_a_call_is_filled_as_its_schema_wants() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    assert json.loads(filled("count", schema).arguments) == {"n": 1}


def test_a_tool_without_a_schema_takes_free_text() -> None:
    assert filled("apply_patch", None).arguments == "simulated input"
