"""A wish to think, said as the model can: by the catalogue, before it is refused."""

import json
from typing import Any

import pytest

from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import Ask, Initiator
from passenger.dialects import anthropic as messages
from passenger.dialects.anthropic.quirks import fix_thinking, may_need_thinking_fix
from passenger.dialects.openai.chat import quirks as completions
from passenger.dialects.openai.responses import quirks as responses
from passenger.jsontext.raw_object import RawObject

EFFORTS = ("low", "medium", "high", "max")
BUDGETS = Capabilities("anthropic", 64000, 1024, 32000)
ADAPTS = Capabilities("anthropic", 64000, adaptive=True, efforts=EFFORTS)
BOTH = Capabilities("anthropic", 64000, 1024, 32000, adaptive=True, efforts=EFFORTS)
UNKNOWN = Capabilities()
USER = {"role": "user", "content": "go"}
ADAPTIVE: dict[str, Any] = {"type": "adaptive"}
BUDGET: dict[str, Any] = {"type": "enabled", "budget_tokens": 2000}
LOST = {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]}
F = {"name": "f", "input_schema": {"type": "object"}}


def prepared(capabilities: Capabilities, **fields: Any) -> tuple[dict[str, Any], str | None, tuple[str, ...]]:
    """What goes up of a message beside what each has, its betas, and the names of what does not."""
    raw = json.dumps({"model": "m", "max_tokens": 9000, "messages": [USER], **fields}).encode()
    body, ask = RawObject(raw), Ask("m", stream=True, initiator=Initiator.USER, wants_reasoning="thinking" in fields)
    headers, dropped = messages.OUTBOUND.prepare(body, ask, capabilities)
    sent = {name: value for name, value in json.loads(body.encode()).items() if name not in {"model", "messages"}}
    if sent["max_tokens"] == 9000:
        del sent["max_tokens"]
    return sent, headers.get("anthropic-beta"), dropped


@pytest.mark.parametrize(
    ("capabilities", "fields", "sent", "dropped"),
    [
        # the form, by the catalogue
        (BUDGETS, {"thinking": BUDGET}, {"thinking": BUDGET}, ()),
        (BUDGETS, {"thinking": ADAPTIVE}, {"thinking": {"type": "enabled", "budget_tokens": 8192}}, ()),
        (
            BUDGETS,
            {"thinking": ADAPTIVE | {"display": "omitted"}, "output_config": {"effort": "low"}},
            {"thinking": {"type": "enabled", "budget_tokens": 2048, "display": "omitted"}},
            (),
        ),
        (BUDGETS, {"thinking": ADAPTIVE, "max_tokens": 1000}, {"max_tokens": 1000}, ("thinking",)),
        (BUDGETS, {"thinking": ADAPTIVE, "messages": [USER, LOST, USER]}, {}, ("thinking",)),
        (ADAPTS, {"thinking": ADAPTIVE}, {"thinking": ADAPTIVE}, ()),
        (ADAPTS, {"thinking": BUDGET}, {"thinking": ADAPTIVE, "output_config": {"effort": "low"}}, ()),
        (
            ADAPTS,
            {"thinking": BUDGET, "output_config": {"effort": "max", "format": {"a": 1}}},
            {"thinking": ADAPTIVE, "output_config": {"effort": "max", "format": {"a": 1}}},
            (),
        ),
        (
            ADAPTS,
            {"thinking": BUDGET, "output_config": {"effort": "xhigh"}},
            {"thinking": ADAPTIVE, "output_config": {"effort": "high"}},
            ("output_config.effort",),
        ),
        # a model that lists both keeps what the client says
        (BOTH, {"thinking": BUDGET}, {"thinking": BUDGET}, ()),
        (BOTH, {"thinking": ADAPTIVE}, {"thinking": ADAPTIVE}, ()),
        (UNKNOWN, {"thinking": BUDGET}, {"thinking": BUDGET}, ()),
        (UNKNOWN, {"thinking": ADAPTIVE}, {"thinking": ADAPTIVE}, ()),
        (BUDGETS, {"thinking": {"type": "disabled"}}, {"thinking": {"type": "disabled"}}, ()),
        (BUDGETS, {"thinking": {"type": "on"}}, {"thinking": {"type": "on"}}, ()),
        # the effort, by the list
        (BOTH, {"output_config": {"effort": "max"}}, {"output_config": {"effort": "max"}}, ()),
        (
            BOTH,
            {"output_config": {"effort": "minimal"}},
            {"output_config": {"effort": "low"}},
            ("output_config.effort",),
        ),
        (BOTH, {"output_config": {"effort": "ultra"}}, {"output_config": {"effort": "ultra"}}, ()),
        (BUDGETS, {"output_config": {"effort": "low"}}, {}, ("output_config.effort",)),
        (
            BUDGETS,
            {"output_config": {"effort": "low", "format": {"a": 1.50}}},
            {"output_config": {"format": {"a": 1.50}}},
            ("output_config.effort",),
        ),
        (UNKNOWN, {"output_config": {"effort": "low"}}, {"output_config": {"effort": "low"}}, ()),
        # what does not go with thinking
        (BOTH, {"thinking": ADAPTIVE, "top_k": 64, "top_p": 0.95, "temperature": 1}, None, ("top_k",)),
        (BUDGETS, {"thinking": BUDGET, "temperature": 0.5}, {"thinking": BUDGET}, ("temperature",)),
        (BUDGETS, {"thinking": BUDGET, "top_p": 0.5}, {"thinking": BUDGET}, ("top_p",)),
        (BUDGETS, {"top_k": 64, "temperature": 0.5}, {"top_k": 64, "temperature": 0.5}, ()),
        (
            BOTH,
            {"thinking": ADAPTIVE, "tools": [F], "tool_choice": {"type": "any"}, "top_k": 5},
            {"tools": [F], "tool_choice": {"type": "any"}, "top_k": 5},
            ("thinking",),
        ),
    ],
)
def test_a_message_thinks_as_the_model_can(
    capabilities: Capabilities, fields: dict[str, Any], sent: dict[str, Any] | None, dropped: tuple[str, ...]
) -> None:
    kept = {name: value for name, value in fields.items() if name not in dropped and name != "messages"}
    assert prepared(capabilities, **fields) == (kept if sent is None else sent, None, dropped)


def test_a_budget_between_calls_needs_its_beta() -> None:
    sent, beta, dropped = prepared(BUDGETS, thinking=ADAPTIVE, tools=[F])
    assert (sent["thinking"]["type"], beta, dropped) == ("enabled", "interleaved-thinking-2025-05-14", ())


@pytest.mark.parametrize("capabilities", [BUDGETS, ADAPTS, BOTH, UNKNOWN])
@pytest.mark.parametrize("thinking", [ADAPTIVE, BUDGET, {"type": "disabled"}, None, {}])
@pytest.mark.parametrize("config", [{"effort": "high"}, {"effort": "xhigh"}, {}, None])
@pytest.mark.parametrize("sampling", [{}, {"top_k": 3}, {"temperature": 0.2}, {"temperature": 1, "top_p": 0.96}])
def test_what_needs_settling_is_known_before(
    capabilities: Capabilities, thinking: Any, config: Any, sampling: Any
) -> None:
    document = {"messages": [USER], "max_tokens": 9000, "thinking": thinking, "output_config": config, **sampling}
    raw = json.dumps({name: value for name, value in document.items() if value is not None}).encode()
    needed, body = may_need_thinking_fix(RawObject(raw), capabilities), RawObject(raw)
    dropped, _ = fix_thinking(body, capabilities)
    assert needed or (body.encode() is raw and dropped == ())


ODD: list[Any] = [5, "x", [], [{"type": "adaptive"}], {"type": []}, {"type": {"a": 1}}, None, True]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", ["thinking", "output_config", "tool_choice", "temperature", "messages", "max_tokens"])
def test_what_is_not_as_it_should_be_is_for_anthropic_to_refuse(name: str, odd: Any) -> None:
    for capabilities in (BUDGETS, ADAPTS, BOTH):
        fields = {"model": "m", "messages": [USER], "max_tokens": 9000, "thinking": ADAPTIVE, name: odd}
        body = RawObject(json.dumps(fields).encode())
        fix_thinking(body, capabilities)
        assert json.loads(body.encode()).get(name) == odd or name in {"thinking", "output_config", "temperature"}


# --- the other two -----------------------------------------------------------------------------------------------

GPT = Capabilities("openai", efforts=("low", "medium", "high"))
ASK = Ask("m", stream=True, initiator=Initiator.USER, wants_reasoning=True)


@pytest.mark.parametrize(
    ("capabilities", "effort", "sent"),
    [
        (GPT, "high", "high"),
        (GPT, "minimal", "low"),
        (GPT, "none", "low"),
        (GPT, "max", "high"),
        (GPT, "ultra", "ultra"),
        (GPT, None, None),
        (GPT, 5, 5),
        (Capabilities("openai", efforts=("none", "low")), "minimal", "low"),
        (Capabilities("openai"), "minimal", "minimal"),
        (UNKNOWN, "minimal", "minimal"),
    ],
)
def test_an_effort_is_the_nearest_that_the_model_lists(capabilities: Capabilities, effort: Any, sent: Any) -> None:
    chat = RawObject(json.dumps({"reasoning_effort": effort, "messages": []}).encode())
    named = ("reasoning_effort",) if effort != sent else ()
    assert completions.fit_reasoning(chat, ASK, capabilities) == named
    assert json.loads(chat.encode()) == {"reasoning_effort": sent, "messages": []}
    response = RawObject(json.dumps({"reasoning": {"effort": effort, "summary": "auto"}, "input": "a"}).encode())
    assert responses.prepare(response, ASK, capabilities)[1] == (("reasoning.effort",) if effort != sent else ())
    assert json.loads(response.encode()) == {"reasoning": {"effort": sent, "summary": "auto"}, "input": "a"}


def test_a_chat_with_claude_thinks_as_the_model_can() -> None:
    for capabilities, thinking, sent in (
        (BUDGETS, ADAPTIVE, {"thinking": {"type": "enabled", "budget_tokens": 4095}}),
        (ADAPTS, BUDGET, {"thinking": ADAPTIVE, "reasoning_effort": "low"}),
        (BOTH, BUDGET, {"thinking": BUDGET}),
        (UNKNOWN, BUDGET, {"thinking": BUDGET}),
    ):
        body = RawObject(json.dumps({"thinking": thinking}).encode())
        assert completions.fit_reasoning(body, ASK, capabilities) == ()
        assert json.loads(body.encode()) == sent


def test_a_chat_names_the_effort_that_it_loses_as_a_chat_does() -> None:
    capabilities = Capabilities("anthropic", 64000, adaptive=True, efforts=("low",))
    body = RawObject(json.dumps({"thinking": BUDGET, "reasoning_effort": "high"}).encode())
    assert completions.fit_reasoning(body, ASK, capabilities) == ("reasoning_effort",)
    assert json.loads(body.encode()) == {"thinking": ADAPTIVE, "reasoning_effort": "low"}
