"""One request learns from as many refusals as there are lessons in it, and is sent again for nothing else."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from passenger.chat.capabilities import Capabilities
from passenger.copilot import rejected_fields
from passenger.copilot.call import Call, Operation
from passenger.copilot.learned import Learned
from passenger.copilot.unsupported_fields import ROUNDS, AmendedRequest, UnsupportedFieldFilter
from passenger.copilot.upstream import Reply
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.jsontext.raw_object import RawObject

ANSWER = cast("Reply", object())


@dataclass
class Refusing:
    """An upstream that refuses with these failures, one after the other, and then answers."""

    failures: Iterable[Failure]
    sent: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        self.sent.append(json.loads(call.body))
        self.failures = iter(self.failures)
        for failure in self.failures:
            raise failure
        return ANSWER


def refusal(name: str) -> Failure:
    return Failure(Kind.INVALID, f"Unsupported parameter: '{name}' is not supported with this model.", status=400)


def call(**body: Any) -> Call:
    return Call(Operation.CHAT, "/responses", json.dumps(body).encode(), seat="own", model="m")


def negotiator(upstream: Refusing, *, strict: bool = False) -> tuple[UnsupportedFieldFilter, Exchange]:
    return UnsupportedFieldFilter(upstream, Learned(None, lambda: 0.0), strict=strict), Exchange(
        "POST", "/v1/responses"
    )


FIELDS = [f"field_{number}" for number in range(ROUNDS + 1)]


@pytest.mark.parametrize("lessons", [0, 1, 3, ROUNDS])
async def test_a_request_learns_as_often_as_it_is_refused_for_something_new(lessons: int) -> None:
    upstream = Refusing([refusal(name) for name in FIELDS[:lessons]])
    one, exchange = negotiator(upstream)
    assert await one.send(call(**dict.fromkeys(FIELDS, 1)), exchange) is ANSWER
    assert [len(sent) for sent in upstream.sent] == [len(FIELDS) - number for number in range(lessons + 1)]
    assert exchange.dropped == FIELDS[:lessons]
    assert exchange.retries == ["learned"] * lessons
    await one.send(call(**dict.fromkeys(FIELDS, 1)), exchange)
    assert upstream.sent[-1] == upstream.sent[-2]


async def test_there_is_an_end_to_it() -> None:
    upstream = Refusing([refusal(name) for name in FIELDS])
    one, exchange = negotiator(upstream)
    with pytest.raises(Failure):
        await one.send(call(**dict.fromkeys(FIELDS, 1)), exchange)
    assert len(upstream.sent) == ROUNDS + 1


@pytest.mark.proves("promise 10")
@pytest.mark.parametrize(
    "failure",
    [
        Failure(Kind.UPSTREAM, "Unsupported parameter: 'field_1' is not supported with this model.", status=500),
        Failure(Kind.TIMEOUT, "no answer"),
        Failure(Kind.RATE_LIMIT, "slow down"),
        refusal("field_0"),
        refusal("nothing_of_the_kind"),
        refusal("input"),
        Failure(Kind.INVALID, "no", status=400),
    ],
)
async def test_what_teaches_nothing_new_is_the_clients_to_see_at_once(failure: Failure) -> None:
    upstream = Refusing([refusal("field_0"), failure])
    one, exchange = negotiator(upstream)
    with pytest.raises(Failure) as caught:
        await one.send(call(field_0=1, field_1=1, input="a"), exchange)
    assert caught.value is failure
    assert len(upstream.sent) == 2


async def test_strict_learns_nothing() -> None:
    upstream = Refusing([refusal("field_0")])
    one, exchange = negotiator(upstream, strict=True)
    with pytest.raises(Failure):
        await one.send(call(field_0=1), exchange)
    assert (len(upstream.sent), exchange.retries, exchange.dropped) == (1, [], [])


async def test_a_loss_has_the_clients_name_and_what_it_never_sent_has_none() -> None:
    upstream = Refusing([refusal("top_p"), refusal("include")])
    one, exchange = negotiator(upstream)
    asked = call(top_p=0.5, include=[], input="a")
    named = {"top_p": "generationConfig.topP"}.get
    await one.send(replace(asked, named=named), exchange)
    assert exchange.dropped == ["generationConfig.topP"]
    assert upstream.sent[-1] == {"input": "a"}


ABLE = Capabilities("anthropic", 64000, 1024, 32000, adaptive=True, efforts=("low", "medium", "high", "max"))
MESSAGES = "/v1/messages"


def amended(learned: tuple[str, ...], body: dict[str, Any], path: str = MESSAGES) -> tuple[dict[str, Any], list[str]]:
    """What goes up of a body, and the names of what does not."""
    made = AmendedRequest(learned, json.dumps(body).encode(), {}, ABLE, path)
    return json.loads(made.body), made.dropped


def test_what_was_learned_is_left_out_named_and_everything_else_keeps_its_bytes() -> None:
    body = b'{"model": "m", "top_k":  2, "messages": [ 1.0 ], "max_tokens": 5, "reasoning":{"a": 1.50, "effort":"max"}}'
    lesson = ("top_k", "seed", "max_tokens>max_completion_tokens", "anthropic-beta: b", "reasoning.effort=max>high")
    made = AmendedRequest(lesson, body, {"anthropic-beta": "a,b", "x": "y"}, ABLE, MESSAGES)
    assert made.body == (
        b'{"model":"m","messages":[ 1.0 ],"reasoning":{"a":1.50,"effort":"high"},"max_completion_tokens":5}'
    )
    assert made.headers == {"x": "y", "anthropic-beta": "a"}
    assert made.dropped == ["top_k", "anthropic-beta: b", "reasoning.effort"]


def test_a_body_without_what_was_learned_is_the_very_same() -> None:
    body = b'{"model": "m", "thinking": {"type": "adaptive"}}'
    made = AmendedRequest(("top_k", "thinking.type=enabled>adaptive", "thinking", ""), body, {}, ABLE, MESSAGES)
    assert amended((), json.loads(body)) == (json.loads(body), [])
    assert AmendedRequest(("top_k", "thinking.type=enabled>adaptive"), body, {}, ABLE, MESSAGES).body is body
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
    learned = rejected_fields.read_rejection(failure, RawObject(json.dumps(refused).encode()), {})
    assert learned
    assert amended(learned, following) == (sent, dropped)


def test_a_model_that_takes_neither_form_does_not_think() -> None:
    learned = ("thinking.type=adaptive>enabled", "thinking.type=enabled>adaptive")
    for form in (ADAPTIVE, BUDGET):
        assert amended(learned, {"thinking": form, "max_tokens": 9000}) == ({"max_tokens": 9000}, ["thinking"])


def test_a_budget_between_calls_needs_its_beta() -> None:
    body = json.dumps({"thinking": ADAPTIVE, "max_tokens": 9000, "tools": [{"name": "f"}]}).encode()
    made = AmendedRequest(("thinking.type=adaptive>enabled",), body, {"anthropic-beta": "a"}, ABLE, MESSAGES)
    assert made.headers == {"anthropic-beta": "a,interleaved-thinking-2025-05-14"}


def test_chat_completions_are_told_the_effort_in_their_own_word() -> None:
    learned = ("thinking.type=enabled>adaptive",)
    body, _ = amended(learned, {"thinking": BUDGET}, "/chat/completions")
    assert body == {"thinking": ADAPTIVE, "reasoning_effort": "low"}


def test_the_value_that_needs_a_beta_goes_with_it() -> None:
    beta = "thinking-display-updates-2026-08-18"
    body = json.dumps({"thinking": ADAPTIVE | {"display": "updates"}}).encode()
    made = AmendedRequest((f"anthropic-beta: {beta}",), body, {"anthropic-beta": beta}, ABLE, MESSAGES)
    assert (json.loads(made.body), made.headers, made.dropped) == ({"thinking": ADAPTIVE}, {}, ["thinking.display"])


@given(st.text(max_size=12))
def test_a_row_never_takes_what_carries_meaning(text: str) -> None:
    body = {"model": "m", "messages": [], "tools": [], "text": {"format": {}}, "output_config": {"format": {}}}
    for row in ("messages", "tools", "text", "text.format", "output_config", "output_config.format", "model", text):
        assert amended((row,), body) == (body, [])
