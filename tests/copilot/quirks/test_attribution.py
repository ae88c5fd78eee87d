import json
from typing import Any

import pytest

from passenger.body import Body
from passenger.copilot.quirks.attribution import leave_out_attribution
from passenger.dialects.messages.attribution import NAME

LINE = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.200.1; cch=0a1b2;"}
RULES = {"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}


def left(system: object) -> tuple[Any, tuple[str, ...]]:
    body = Body(json.dumps({"system": system, "model": "m"}).encode())
    dropped = leave_out_attribution(body)
    return json.loads(body.encode()), dropped


@pytest.mark.parametrize(("system", "kept"), [([LINE, RULES], [RULES]), ([RULES, LINE, RULES], [RULES, RULES])])
def test_the_line_is_left_out_and_named(system: object, kept: object) -> None:
    assert left(system) == ({"system": kept, "model": "m"}, (NAME,))


def test_a_system_that_is_nothing_else_is_left_out() -> None:
    assert left([LINE]) == ({"model": "m"}, (NAME,))


@pytest.mark.parametrize(
    "system",
    [
        [RULES],
        [],
        None,
        LINE["text"],
        [{"type": "text", "text": 'Say "x-anthropic-billing-header: a"'}],
        [{"type": "text", "text": "a", "note": LINE["text"]}],
        [LINE["text"], RULES],
        [LINE, {"type": "text", "text": "\ud800"}],
    ],
)
def test_anything_else_keeps_its_bytes(system: object) -> None:
    raw = json.dumps({"system": system}).encode()
    body = Body(raw)
    assert leave_out_attribution(body) == ()
    assert body.encode() is raw
