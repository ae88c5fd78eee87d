"""Betas that Copilot does not take, and what they leave behind."""

import json
from typing import Any

import pytest

from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import Ask, Initiator
from passenger.dialects import anthropic as messages
from passenger.dialects.anthropic.betas import ACCEPTED, NEEDS, leave_out_betas, move_output_format
from passenger.jsontext.raw_object import RawObject

UPDATES = {"thinking": {"type": "adaptive", "display": "updates"}}


@pytest.mark.parametrize(
    ("beta", "body", "sent", "named"),
    [
        ("thinking-display-updates-2026-08-18", UPDATES, {"thinking": {"type": "adaptive"}}, ("thinking.display",)),
        ("thinking-display-updates-2026-08-18", {"thinking": {"display": "omitted"}}, None, ()),
        ("thinking-display-updates-2026-08-18", {}, None, ()),
        ("fast-mode-2026-02-01", {"speed": "fast"}, {}, ("speed",)),
        ("effort-2025-11-24", {"output_config": {"effort": "low"}}, None, ()),
        ("structured-outputs-2025-11-13", {"output_config": {"format": {}}}, None, ()),
        ("thinking-token-count-2026-05-13", {}, None, ()),
        ("token-counting-2024-11-01", {}, None, ()),
        ("mid-conversation-tool-changes-2026-07-01", {}, None, ()),
        ("message-threads-2026-08-12", {}, None, ()),
        ("output-128k-2025-02-19", {}, None, ("anthropic-beta: output-128k-2025-02-19",)),
        ("context-1m-2025-08-07", UPDATES, None, ("anthropic-beta: context-1m-2025-08-07",)),
    ],
)
def test_what_a_beta_brought_goes_with_it_and_what_goes_up_without_it_is_not_named(
    beta: str, body: dict[str, Any], sent: dict[str, Any] | None, named: tuple[str, ...]
) -> None:
    document = RawObject(json.dumps(body).encode())
    assert leave_out_betas(document, [beta]) == named
    assert json.loads(document.encode()) == (body if sent is None else sent)


def test_no_beta_that_copilot_takes_is_in_the_table_of_the_others() -> None:
    assert not [beta for beta in ACCEPTED for name in NEEDS if beta.startswith(name)]


# --- the older name of a format --------------------------------------------------------------------------------------


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
    body, capabilities = RawObject(json.dumps(SAID | fields).encode()), Capabilities("anthropic", efforts=("low",))
    ask = Ask("m", stream=True, initiator=Initiator.USER, betas=("structured-outputs-2025-11-13",))
    assert messages.OUTBOUND.prepare(body, ask, capabilities) == ({}, ())
    assert json.loads(body.encode()) == SAID | sent


def test_a_shape_that_is_moved_keeps_its_digits() -> None:
    body = RawObject(b'{"output_format":{"minimum": 1.50, "maximum":123456789012345678901234567890}}')
    move_output_format(body)
    assert body.encode() == (
        b'{"output_config":{"format":{"minimum": 1.50, "maximum":123456789012345678901234567890}}}'
    )
