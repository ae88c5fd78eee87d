"""The older place of an answer's shape."""

import json
from typing import Any

import pytest

from passenger.body import Body
from passenger.chat import Abilities, Ask, Initiator
from passenger.copilot.quirks import messages
from passenger.copilot.quirks.output_format import move_output_format

FORM = {"type": "json_schema", "schema": {"type": "object", "minimum": 1}}
OTHER = {"type": "json_schema", "schema": {"type": "string"}}
SAID: dict[str, Any] = {"max_tokens": 5, "messages": [{"role": "user", "content": "go"}]}


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({"output_format": FORM}, {"output_config": {"format": FORM}}),
        ({"output_format": FORM, "output_config": {}}, {"output_config": {"format": FORM}}),
        (
            {"output_config": {"effort": "low"}, "output_format": FORM},
            {"output_config": {"effort": "low", "format": FORM}},
        ),
        ({"output_format": FORM, "output_config": {"format": OTHER}}, {"output_config": {"format": OTHER}}),
        ({"output_format": None}, {"output_format": None}),
        ({"output_format": "json"}, {"output_format": "json"}),
    ],
)
def test_move_output_format(fields: dict[str, Any], sent: dict[str, Any]) -> None:
    body, able = Body(json.dumps(SAID | fields).encode()), Abilities("anthropic", efforts=("low",))
    ask = Ask("m", stream=True, initiator=Initiator.USER, betas=("structured-outputs-2025-11-13",))
    assert messages.prepare(body, ask, able) == ({}, ())
    assert json.loads(body.encode()) == SAID | sent


def test_a_shape_that_is_moved_keeps_its_digits() -> None:
    body = Body(b'{"output_format":{"minimum": 1.50, "maximum":123456789012345678901234567890}}')
    move_output_format(body)
    assert body.encode() == (
        b'{"output_config":{"format":{"minimum": 1.50, "maximum":123456789012345678901234567890}}}'
    )
