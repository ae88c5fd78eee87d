"""A request without what was learned: exactly that, named, and every other byte as it was."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.body import Body
from passenger.chat import Abilities
from passenger.copilot import negotiation
from passenger.copilot.amending import Amended
from passenger.errors import Failure, Kind

ABLE = Abilities("anthropic", 64000, 1024, 32000, adaptive=True, efforts=("low", "medium", "high", "max"))
MESSAGES = "/v1/messages"


def amended(learned: tuple[str, ...], body: dict[str, Any], path: str = MESSAGES) -> tuple[dict[str, Any], list[str]]:
    """What goes up of a body, and the names of what does not."""
    made = Amended(learned, json.dumps(body).encode(), {}, ABLE, path)
    return json.loads(made.body), made.dropped


def test_what_was_learned_is_left_out_named_and_everything_else_keeps_its_bytes() -> None:
    body = b'{"model": "m", "top_k":  2, "messages": [ 1.0 ], "max_tokens": 5, "reasoning":{"a": 1.50, "effort":"max"}}'
    lesson = ("top_k", "seed", "max_tokens>max_completion_tokens", "anthropic-beta: b", "reasoning.effort=max>high")
    made = Amended(lesson, body, {"anthropic-beta": "a,b", "x": "y"}, ABLE, MESSAGES)
    assert made.body == (
        b'{"model":"m","messages":[ 1.0 ],"reasoning":{"a":1.50,"effort":"high"},"max_completion_tokens":5}'
    )
    assert made.headers == {"x": "y", "anthropic-beta": "a"}
    assert made.dropped == ["top_k", "anthropic-beta: b", "reasoning.effort"]


def test_a_body_without_what_was_learned_is_the_very_same() -> None:
    body = b'{"model": "m", "thinking": {"type": "adaptive"}}'
    made = Amended(("top_k", "thinking.type=enabled>adaptive", "thinking", ""), body, {}, ABLE, MESSAGES)
    assert amended((), json.loads(body)) == (json.loads(body), [])
    assert Amended(("top_k", "thinking.type=enabled>adaptive"), body, {}, ABLE, MESSAGES).body is body
    assert json.loads(made.body) == {"model": "m"}


ADAPTIVE, BUDGET = {"type": "adaptive"}, {"type": "enabled", "budget_tokens": 2000}
MINIMAL = "Unsupported value: 'minimal' is not supported with the 'm' model. Supported values are: 'low', and 'high'."
ENABLED = '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" instead.'


@pytest.mark.parametrize(
    ("message", "refused", "following", "sent", "dropped"),
    [
        (ENABLED, {"thinking": BUDGET}, {"thinking": ADAPTIVE}, {"thinking": ADAPTIVE}, []),
        (
            ENABLED,
            {"thinking": BUDGET},
            {"thinking": BUDGET | {"display": "omitted"}},
            {"thinking": ADAPTIVE | {"display": "omitted"}, "output_config": {"effort": "low"}},
            [],
        ),
        (
            ENABLED,
            {"thinking": BUDGET},
            {"thinking": BUDGET, "output_config": {"effort": "max"}},
            {"thinking": ADAPTIVE, "output_config": {"effort": "max"}},
            [],
        ),
        (
            "adaptive thinking is not supported on this model",
            {"thinking": ADAPTIVE},
            {"thinking": BUDGET},
            {"thinking": BUDGET},
            [],
        ),
        (
            "adaptive thinking is not supported on this model",
            {"thinking": ADAPTIVE},
            {"thinking": ADAPTIVE, "max_tokens": 9000},
            {"thinking": {"type": "enabled", "budget_tokens": 8192}, "max_tokens": 9000},
            [],
        ),
        (
            "adaptive thinking is not supported on this model",
            {"thinking": ADAPTIVE},
            {"thinking": ADAPTIVE, "max_tokens": 1000},
            {"max_tokens": 1000},
            ["thinking"],
        ),
        (
            MINIMAL,
            {"reasoning": {"effort": "minimal"}},
            {"reasoning": {"effort": "high", "summary": "auto"}},
            {"reasoning": {"effort": "high", "summary": "auto"}},
            [],
        ),
        (
            MINIMAL,
            {"reasoning": {"effort": "minimal"}},
            {"reasoning": {"effort": "minimal", "summary": "auto"}},
            {"reasoning": {"effort": "low", "summary": "auto"}},
            ["reasoning.effort"],
        ),
        (
            "thinking.adaptive.display: Input should be 'omitted' or 'summarized'",
            {"thinking": ADAPTIVE | {"display": "updates"}},
            {"thinking": ADAPTIVE | {"display": "summarized"}},
            {"thinking": ADAPTIVE | {"display": "summarized"}},
            [],
        ),
        (
            "thinking.adaptive.display: Input should be 'omitted' or 'summarized'",
            {"thinking": ADAPTIVE | {"display": "updates"}},
            {"thinking": BUDGET | {"display": "updates"}},
            {"thinking": BUDGET},
            ["thinking.display"],
        ),
        (
            "thinking.adaptive.budget_tokens: Extra inputs are not permitted",
            {"thinking": ADAPTIVE | {"budget_tokens": 2000}},
            {"thinking": BUDGET},
            {"thinking": BUDGET},
            [],
        ),
        (
            "`top_k` must be unset when thinking is enabled.",
            {"thinking": ADAPTIVE, "top_k": 64},
            {"top_k": 64},
            {"top_k": 64},
            [],
        ),
        (
            "This model does not support the effort parameter.",
            {"output_config": {"effort": "low"}},
            {"output_config": {"effort": "high", "format": {"type": "json_schema"}}},
            {"output_config": {"format": {"type": "json_schema"}}},
            ["output_config.effort"],
        ),
        (
            "This model does not support the effort parameter.",
            {"output_config": {"effort": "low"}},
            {"output_config": {"effort": "high"}},
            {},
            ["output_config.effort"],
        ),
        (
            "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1) is supported.",
            {"temperature": 0.5},
            {"temperature": 1},
            {"temperature": 1},
            [],
        ),
    ],
)
def test_what_one_request_was_refused_for_is_all_that_the_next_one_goes_without(
    message: str, refused: dict[str, Any], following: dict[str, Any], sent: dict[str, Any], dropped: list[str]
) -> None:
    failure = Failure(Kind.INVALID, message, status=400)
    learned = negotiation.lesson(failure, Body(json.dumps(refused).encode()), {})
    assert learned
    assert amended(learned, following) == (sent, dropped)


def test_a_model_that_takes_neither_form_does_not_think() -> None:
    learned = ("thinking.type=adaptive>enabled", "thinking.type=enabled>adaptive")
    for form in (ADAPTIVE, BUDGET):
        assert amended(learned, {"thinking": form, "max_tokens": 9000}) == ({"max_tokens": 9000}, ["thinking"])


def test_a_budget_between_calls_needs_its_beta() -> None:
    body = json.dumps({"thinking": ADAPTIVE, "max_tokens": 9000, "tools": [{"name": "f"}]}).encode()
    made = Amended(("thinking.type=adaptive>enabled",), body, {"anthropic-beta": "a"}, ABLE, MESSAGES)
    assert made.headers == {"anthropic-beta": "a,interleaved-thinking-2025-05-14"}


def test_chat_completions_are_told_the_effort_in_their_own_word() -> None:
    learned = ("thinking.type=enabled>adaptive",)
    body, _ = amended(learned, {"thinking": BUDGET}, "/chat/completions")
    assert body == {"thinking": ADAPTIVE, "reasoning_effort": "low"}


def test_the_value_that_needs_a_beta_goes_with_it() -> None:
    beta = "thinking-display-updates-2026-08-18"
    body = json.dumps({"thinking": ADAPTIVE | {"display": "updates"}}).encode()
    made = Amended((f"anthropic-beta: {beta}",), body, {"anthropic-beta": beta}, ABLE, MESSAGES)
    assert (json.loads(made.body), made.headers, made.dropped) == ({"thinking": ADAPTIVE}, {}, ["thinking.display"])


@given(st.text(max_size=12))
def test_a_row_never_takes_what_carries_meaning(text: str) -> None:
    body = {"model": "m", "messages": [], "tools": [], "text": {"format": {}}, "output_config": {"format": {}}}
    for row in ("messages", "tools", "text", "text.format", "output_config", "output_config.format", "model", text):
        assert amended((row,), body) == (body, [])
