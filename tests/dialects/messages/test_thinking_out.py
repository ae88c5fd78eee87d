from typing import Any

import pytest

from passenger.chat import Abilities, Prompt, Reasoning, Tool, ToolChoice
from passenger.dialects.messages.thinking_out import INTERLEAVED, OFF, Thinking, think, unsampled

BUDGETS = Abilities("anthropic", 32000, 1024, 32000)
ADAPTIVE = Abilities("anthropic", 64000, None, None, adaptive=True, efforts=("low", "medium", "high", "max"))
GIVEN_UP = Thinking(dropped=("reasoning",))
CALL = {"type": "tool_use", "id": "a", "name": "f", "input": {}}


def thought(
    reasoning: Reasoning | None, able: Abilities, *blocks: dict[str, Any], limit: int = 32000, **rest: Any
) -> Thinking:
    turns: list[dict[str, Any]] = [
        {"role": "user", "content": []},
        {"role": "assistant", "content": list(blocks)},
        {"role": "user"},
    ]
    return think(Prompt("m", (), reasoning=reasoning, **rest), able, limit, turns if blocks else turns[:1])


@pytest.mark.parametrize("reasoning", [None, Reasoning("none"), Reasoning(budget=0)])
def test_there_is_no_thinking_where_none_is_wanted(reasoning: Reasoning | None) -> None:
    assert thought(reasoning, ADAPTIVE) == OFF == thought(reasoning, BUDGETS, temperature=0.1)


@pytest.mark.parametrize(
    ("reasoning", "expected"),
    [
        (Reasoning(), Thinking({"type": "adaptive"})),
        (Reasoning("high"), Thinking({"type": "adaptive"}, "high")),
        (Reasoning("xhigh"), Thinking({"type": "adaptive"}, "high", dropped=("reasoning.effort",))),
        (Reasoning(budget=2000, show=False), Thinking({"type": "adaptive", "display": "omitted"}, "low")),
        (Reasoning("low", show=True), Thinking({"type": "adaptive", "display": "summarized"}, "low")),
    ],
)
def test_a_model_that_adapts_is_told_the_effort(reasoning: Reasoning, expected: Thinking) -> None:
    assert thought(reasoning, ADAPTIVE) == expected


def test_an_effort_that_the_model_does_not_offer_is_named() -> None:
    able = Abilities("anthropic", adaptive=True)
    assert thought(Reasoning("high"), able) == Thinking({"type": "adaptive"}, dropped=("reasoning.effort",))


@pytest.mark.parametrize(
    ("reasoning", "limit", "tokens"),
    [
        (Reasoning("medium"), 32000, 8192),
        (Reasoning(budget=5000), 32000, 5000),
        (Reasoning(budget=5000), 3000, 2999),
        (Reasoning("minimal"), 32000, 1024),
        (Reasoning(budget=100_000), 64000, 32000),
    ],
)
def test_a_model_with_budgets_gets_one_below_the_limit(reasoning: Reasoning, limit: int, tokens: int) -> None:
    thinking = thought(reasoning, BUDGETS, limit=limit).thinking
    assert thinking == {"type": "enabled", "budget_tokens": tokens}


def test_thoughts_between_calls_need_a_beta() -> None:
    assert thought(Reasoning(), BUDGETS, tools=(Tool("f"),)).headers == {"anthropic-beta": INTERLEAVED}
    assert thought(Reasoning(), BUDGETS).headers == {}


@pytest.mark.parametrize("able", [Abilities("anthropic"), BUDGETS])
def test_thinking_without_room_or_ability_is_named(able: Abilities) -> None:
    assert thought(Reasoning("high"), able, limit=1024) == GIVEN_UP


@pytest.mark.parametrize("able", [ADAPTIVE, BUDGETS])
def test_thinking_gives_way_to_a_tool_that_must_be_called(able: Abilities) -> None:
    forced: dict[str, Any] = {"tools": (Tool("f"),), "tool_choice": ToolChoice("required")}
    assert thought(Reasoning("high"), able, **forced) == GIVEN_UP


@pytest.mark.parametrize(
    ("sampling", "gone"),
    [
        ((None, None, None), []),
        ((1, 0.95, None), []),
        ((0.5, None, None), ["temperature"]),
        ((None, 0.5, None), ["top_p"]),
        ((1, 0.95, 64), ["top_k"]),
        ((0, 0.1, 0), ["temperature", "top_p", "top_k"]),
    ],
)
def test_sampling_gives_way_to_thinking(sampling: tuple[Any, Any, Any], gone: list[str]) -> None:
    assert [*unsampled(*sampling)] == gone


def test_a_budget_that_is_not_the_clients_own_is_named() -> None:
    assert thought(Reasoning(budget=5000), BUDGETS).dropped == ()
    assert thought(Reasoning(budget=-1), BUDGETS).dropped == ()
    assert thought(Reasoning("high"), BUDGETS).dropped == ()
    assert thought(Reasoning(budget=5000), BUDGETS, limit=3000).dropped == ("reasoning.budget",)


def test_what_goes_with_thinking_stays() -> None:
    fine: dict[str, Any] = {"temperature": 1.0, "tools": (Tool("f"),), "tool_choice": ToolChoice("auto")}
    assert thought(Reasoning(), BUDGETS, **fine).thinking is not None


def test_calls_that_have_lost_their_thoughts_turn_a_budget_off() -> None:
    text = {"type": "text", "text": "a"}
    kept = {"type": "thinking", "thinking": "", "signature": "C"}
    assert thought(Reasoning(), BUDGETS, text, CALL) == GIVEN_UP
    assert thought(Reasoning(), BUDGETS, kept, CALL).thinking is not None
    assert thought(Reasoning(), BUDGETS, text).thinking is not None
    assert thought(Reasoning(), ADAPTIVE, CALL).thinking is not None
