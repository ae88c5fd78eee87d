"""What a refusal teaches, and what it never may."""

import json

import pytest

from passenger.body import Body
from passenger.copilot import negotiation
from passenger.errors import Failure, Kind

FULL = {
    "model": "m",
    "messages": [],
    "temperature": 1,
    "top_k": 2,
    "store": True,
    "thinking": {"type": "adaptive"},
    "reasoning_effort": "minimal",
    "tools": [],
    "max_tokens": 5,
    "output_config": {"effort": "max"},
}


def refusal(message: str, param: str | None = None, status: int = 400) -> Failure:
    return Failure(Kind.INVALID, message, status=status, param=param)


def taught(failure: Failure, body: dict[str, object] | None = None, **headers: str) -> tuple[str, ...]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return negotiation.lesson(failure, Body(json.dumps(FULL if body is None else body).encode()), named)


@pytest.mark.parametrize(
    ("message", "lesson"),
    [
        ("Unsupported parameter: 'temperature' is not supported with this model.", ("temperature",)),
        ("Unknown parameter: 'top_k'.", ("top_k",)),
        ("`top_k` is deprecated for this model.", ("top_k",)),
        ("store is not supported", ("store",)),
        ("thinking.foo: Extra inputs are not permitted", ("thinking",)),
        ("adaptive thinking is not supported on this model", ("thinking",)),
        ("This model does not support the effort parameter.", ("output_config",)),
        (
            (
                "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead."
            ),
            ("max_tokens>max_completion_tokens",),
        ),
        ("Unsupported parameter: 'tools' is not supported with this model.", ()),
        ("messages.0.foo: Extra inputs are not permitted", ()),
        ("Unsupported parameter: 'top_p' is not supported with this model.", ()),
        ("something else entirely", ()),
    ],
)
def test_a_refusal_names_what_may_be_left_out_if_it_is_there_and_only_tunes(
    message: str, lesson: tuple[str, ...]
) -> None:
    assert taught(refusal(message)) == lesson


def test_a_value_that_is_not_supported_goes_with_its_field() -> None:
    said = "Unsupported value: 'minimal' is not supported with the 'm' model."
    assert taught(refusal(said, "reasoning_effort")) == ("reasoning_effort",)
    assert taught(refusal(said)) == ()


def test_only_a_400_teaches() -> None:
    assert taught(refusal("store is not supported", status=403)) == ()


def test_the_shape_of_an_answer_is_never_left_out() -> None:
    body: dict[str, object] = {"output_config": {"effort": "max", "format": {"type": "json_schema"}}}
    assert taught(refusal("This model does not support the effort parameter."), body) == ()


def test_betas_are_learned_one_by_one_if_they_were_sent() -> None:
    failure = refusal("unsupported beta header(s): one-1, two-2, three-3")
    assert taught(failure, anthropic_beta="one-1, other, two-2") == ("anthropic-beta: one-1", "anthropic-beta: two-2")


def test_what_was_learned_is_left_out_named_and_everything_else_keeps_its_bytes() -> None:
    body = b'{"model": "m", "top_k":  2, "messages": [ 1.0 ], "max_tokens": 5}'
    lesson = ("top_k", "seed", "max_tokens>max_completion_tokens", "anthropic-beta: b")
    changed, headers, dropped = negotiation.apply(lesson, body, {"anthropic-beta": "a,b", "x": "y"})
    assert changed == b'{"model":"m","messages":[ 1.0 ],"max_completion_tokens":5}'
    assert headers == {"x": "y", "anthropic-beta": "a"}
    assert dropped == ("top_k", "anthropic-beta: b")


def test_a_body_without_what_was_learned_is_the_very_same() -> None:
    body = b'{"model": "m"}'
    assert negotiation.apply(("top_k",), body, {}) == (body, {}, ())


@pytest.mark.parametrize(
    "message",
    [
        "prompt token count of 14001 exceeds the limit of 12288",
        "prompt is too long: 1000500 tokens > 1000000 maximum",
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
    ],
)
def test_each_api_says_in_its_own_way_that_a_prompt_is_too_long(message: str) -> None:
    assert negotiation.is_overflow(message, None)
    assert not negotiation.is_overflow("the prompt is empty", "invalid_request_body")
