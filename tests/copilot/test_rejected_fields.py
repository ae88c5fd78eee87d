"""What a refusal teaches, and what it never may."""

import json
from typing import Any

import pytest

from passenger.copilot import rejected_fields
from passenger.errors import Failure, Kind
from passenger.jsontext.raw_object import RawObject

FULL = {
    "model": "m",
    "messages": [],
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 2,
    "store": True,
    "seed": 7,
    "thinking": {"type": "adaptive", "display": "updates", "foo": 1},
    "reasoning": {"effort": "minimal", "context": "all"},
    "tools": [],
    "max_tokens": 5,
    "output_config": {"effort": "max", "format": {"type": "json_schema"}},
    "output_format": {"type": "json_schema"},
    "text": {"verbosity": "high", "format": {"type": "text"}},
}
BUDGET = {"thinking": {"type": "enabled", "budget_tokens": 2000}}
EFFORTS = "Supported values are: 'low', 'medium', and 'high'."


def refusal(message: str, param: str | None = None, status: int = 400, code: str | None = None) -> Failure:
    return Failure(Kind.INVALID, message, status=status, param=param, code=code)


def taught(failure: Failure, body: dict[str, Any] | None = None, **headers: str) -> tuple[str, ...]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return rejected_fields.read_rejection(
        failure, RawObject(json.dumps(FULL if body is None else body).encode()), named
    )


REFUSALS: list[tuple[str, str | None, tuple[str, ...]]] = [
    # OpenAI's, on /chat/completions and /responses
    ("Unsupported parameter: 'temperature' is not supported with this model.", "temperature", ("temperature",)),
    ("Unsupported parameter: 'reasoning.effort' is not supported with this model.", None, ("reasoning.effort",)),
    ("Unsupported parameter: 'text.verbosity' is not supported with this model.", None, ("text.verbosity",)),
    (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "max_tokens",
        ("max_tokens>max_completion_tokens",),
    ),
    (
        f"Unsupported value: 'minimal' is not supported with the 'm' model. {EFFORTS}",
        "reasoning.effort",
        ("reasoning.effort=minimal>low",),
    ),
    (f"Unsupported value: 'minimal'. {EFFORTS}", None, ("reasoning.effort=minimal>low",)),
    ("Unsupported value: 'minimal' is not supported with the 'm' model.", None, ("reasoning.effort=minimal",)),
    (
        (
            "Unsupported value: 'temperature' does not support 0.5 with this model. "
            "Only the default (1) value is supported."
        ),
        "temperature",
        ("temperature!=1",),
    ),
    (
        "Unsupported value: 'temperature' does not support 0.5 with this model.",
        "temperature",
        ("temperature=0.5",),
    ),
    ("Unsupported value: 'high' is not supported with the 'm' model.", "text.verbosity", ("text.verbosity=high",)),
    ("Unknown parameter: 'top_k'.", None, ("top_k",)),
    ("Unknown parameter: 'reasoning.context'.", "reasoning.context", ("reasoning.context",)),
    ("Unknown parameter: 'tools[0].max_uses'.", "tools[0].max_uses", ()),
    ("Invalid value: 'web_fetch'. Supported values are: 'function', and 'custom'.", "tools[0].type", ()),
    # Anthropic's
    ("`top_k` is deprecated for this model.", None, ("top_k",)),
    ("`top_k` must be unset when thinking is enabled.", None, ("top_k while thinking",)),
    (
        "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.",
        None,
        ("temperature!=1 while thinking",),
    ),
    (
        "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.",
        None,
        ("top_p=0.9 while thinking",),
    ),
    (
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        None,
        ("top_p while temperature",),
    ),
    ("adaptive thinking is not supported on this model", None, ("thinking.type=adaptive>enabled",)),
    ("This model does not support the effort parameter.", None, ("reasoning.effort", "output_config.effort")),
    (
        "output_config.effort: Input should be 'low', 'medium', 'high'",
        None,
        ("output_config.effort=max>high",),
    ),
    (
        "thinking.adaptive.display: Input should be 'omitted' or 'summarized'",
        None,
        ("thinking.display=updates",),
    ),
    ("thinking.adaptive.foo: Extra inputs are not permitted", None, ("thinking.adaptive.foo",)),
    ("messages.0.foo: Extra inputs are not permitted", None, ()),
    ("system.1.cache_control.ephemeral.scope: Extra inputs are not permitted", None, ()),
    ("messages.0.role: Input should be 'user' or 'assistant'", None, ()),
    ("thinking: Input tag does not match any of the expected tags: 'adaptive', 'disabled', 'enabled'", None, ()),
    ("Thinking may not be enabled when tool_choice forces tool use.", None, ()),
    ("`max_tokens` must be greater than `thinking.budget_tokens`.", None, ()),
    ("Invalid `signature` in `thinking` block", None, ()),
    ("This model does not support assistant message prefill.", None, ()),
    ("The use of the web search tool is not supported.", None, ()),
    ("messages: text content blocks must be non-empty", None, ()),
    # CAPI's
    ("Unsupported parameter: 'tools' is not supported with this model.", None, ()),
    ("Unsupported parameter: 'top_logprobs' is not supported with this model.", None, ()),
    ("output_config: Extra inputs are not permitted", None, ()),
    ("output_format: Extra inputs are not permitted", None, ()),
    ("text.format: Extra inputs are not permitted", None, ()),
    ("missing required Copilot-Vision-Request header for vision requests", None, ()),
    ("The requested model is not supported.", "model", ()),
    ("Invalid JSON format in tool call arguments", None, ()),
    ("prompt is too long: 1000500 tokens > 1000000 maximum", None, ()),
    ("something else entirely", None, ()),
]
"""Each refusal that is known of tuning, word for word, with its `param`, and what it teaches about `FULL`."""


@pytest.mark.parametrize(("message", "param", "lesson"), REFUSALS)
def test_a_refusal_teaches_what_was_refused_if_it_is_there_and_only_tunes(
    message: str, param: str | None, lesson: tuple[str, ...]
) -> None:
    assert taught(refusal(message, param)) == lesson


def test_a_form_of_thinking_is_refused_in_favour_of_the_other() -> None:
    said = (
        '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
        '"output_config.effort" to control thinking behavior.'
    )
    assert taught(refusal(said), BUDGET) == ("thinking.type=enabled>adaptive",)
    assert taught(refusal(said)) == ()


def test_a_value_that_copilot_does_not_support_is_no_field_that_it_does_not() -> None:
    store = refusal("store is not supported", "store", code="unsupported_value")
    assert taught(store) == ("store=true",)
    assert taught(refusal("store is not supported")) == ("store",)


def test_a_word_that_is_no_effort_is_the_clients_own_mistake() -> None:
    said = refusal(f"Unsupported value: 'hgih' is not supported with the 'm' model. {EFFORTS}", "reasoning.effort")
    assert taught(said, {"reasoning": {"effort": "hgih"}}) == ()


@pytest.mark.parametrize("value", [["a"], {"b": 1}, None, "x" * 65, "a b", "a>b", "a=b"])
def test_a_value_that_no_row_can_hold_teaches_nothing(value: object) -> None:
    said = refusal("Unsupported value: 'x' does not support that with this model.", "x")
    assert taught(said, {"x": value}) == ()
    assert taught(refusal("x is not supported", "x", code="unsupported_value"), {"x": value}) == ("x",)


def test_only_a_400_teaches() -> None:
    assert taught(refusal("store is not supported", status=403)) == ()


@pytest.mark.parametrize("field", ["output_config", "text"])
def test_what_holds_the_shape_of_an_answer_goes_only_where_there_is_none(field: str) -> None:
    said = refusal(f"{field}: Extra inputs are not permitted")
    assert taught(said, {field: {"format": {"type": "json_schema"}, "effort": "low"}}) == ()
    assert taught(said, {field: {"effort": "low"}}) == (field,)


def test_betas_are_learned_one_by_one_if_they_were_sent() -> None:
    failure = refusal("unsupported beta header(s): one-1, two-2, three-3")
    assert taught(failure, anthropic_beta="one-1, other, two-2") == ("anthropic-beta: one-1", "anthropic-beta: two-2")
