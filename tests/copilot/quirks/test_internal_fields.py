import json

import pytest

from passenger.body import Body
from passenger.chat import Abilities, Ask, Initiator
from passenger.copilot.quirks import responses
from passenger.copilot.quirks.internal_fields import NAMES, leave_out_internal_fields

ASK = Ask("gpt-5.5", stream=True, initiator=Initiator.AGENT)


@pytest.mark.parametrize("name", NAMES)
def test_an_internal_field_is_left_out_and_the_rest_keeps_its_bytes(name: str) -> None:
    item = Body(b'{"type":"function_call","n":1.10,"%b":{"turn_id":"1"},"arguments":"{}"}' % name.encode())
    leave_out_internal_fields(item)
    assert item.encode() == b'{"type":"function_call","n":1.10,"arguments":"{}"}'


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["message", "reasoning", "function_call", "function_call_output", "compaction", "new"])
def test_it_is_left_out_of_every_item_that_is_relayed_and_not_named(kind: str, name: str) -> None:
    items = [{"role": "user", "content": "hi"}, {"type": kind, name: ["x"], "more": 1}]
    body = Body(json.dumps({"model": "gpt-5.5", "input": items}).encode())
    _, dropped = responses.prepare(body, ASK, Abilities(vendor="openai"))
    assert body.get("input") == [items[0], {"type": kind, "more": 1}]
    assert dropped == ()


@pytest.mark.parametrize("name", NAMES)
def test_words_that_only_speak_of_it_keep_every_byte(name: str) -> None:
    raw = json.dumps({"model": "m", "input": [{"role": "user", "content": f'see "{name}": 1'}]}).encode()
    body = Body(raw)
    responses.prepare(body, ASK, Abilities())
    assert body.encode() == raw
