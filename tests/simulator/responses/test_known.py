from typing import Any

import pytest

from passenger.simulator.responses.history import PARTS as GIVEN
from passenger.simulator.responses.history import REQUIRED
from passenger.simulator.responses.known import ITEMS, PARTS
from tests.simulator.client import Client
from tests.simulator.responses.test_validation import error

LEAST: dict[str, Any] = {
    "arguments": "{}",
    "call_id": "call_1",
    "content": "x",
    "encrypted_content": "x",
    "id": "item_1",
    "input": "x",
    "name": "t",
    "output": "x",
    "role": "user",
    "summary": [],
    "tools": [],
}
FOREIGN = "internal_chat_message_metadata_passthrough"


def test_every_item_and_part_that_there_is_has_its_fields() -> None:
    assert set(ITEMS) == set(REQUIRED)
    assert set(GIVEN) <= set(PARTS)


@pytest.mark.parametrize("kind", sorted(set(ITEMS) - {"item_reference"}))
async def test_a_field_that_an_item_does_not_have_is_unknown(client: Client, kind: str) -> None:
    item = {name: LEAST[name] for name in REQUIRED[kind]} | {"type": kind, FOREIGN: {"turn_id": "1"}}
    assert error(await client.responses([item])) == f"Unknown parameter: 'input[0].{FOREIGN}'."


@pytest.mark.parametrize(
    ("item", "place"),
    [
        ({"role": "user", "content": [{"type": "input_text", "text": "x", "odd": 1}]}, "content[0]"),
        ({"role": "assistant", "content": [{"type": "refusal", "refusal": "x", "odd": 1}]}, "content[0]"),
        ({"type": "reasoning", "summary": [{"type": "summary_text", "text": "x", "odd": 1}]}, "summary[0]"),
        (
            {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "x", "odd": 1}]},
            "content[0]",
        ),
    ],
)
async def test_a_field_that_a_part_does_not_have_is_unknown(client: Client, item: dict[str, Any], place: str) -> None:
    assert error(await client.responses([item])) == f"Unknown parameter: 'input[0].{place}.odd'."
