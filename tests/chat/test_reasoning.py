"""How much to think, in each vendor's measure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import ReasoningConfig
from passenger.chat.reasoning import EFFORTS, FLOOR, budget, effort, field_name, is_lost


@pytest.mark.parametrize(
    ("asked", "offered", "word"),
    [
        (ReasoningConfig("high"), (), "high"),
        (ReasoningConfig("high"), ("low", "high"), "high"),
        (ReasoningConfig("max"), ("low", "medium", "high"), "high"),
        (ReasoningConfig("minimal"), ("low", "medium"), "low"),
        (ReasoningConfig("medium"), ("low", "high"), "low"),
        (ReasoningConfig(budget=0), ("none", "low"), "none"),
        (ReasoningConfig(budget=5000), ("low", "medium", "high"), "medium"),
        (ReasoningConfig(budget=-1), ("low", "medium"), None),
        (ReasoningConfig(), ("low",), None),
        (ReasoningConfig("minimal"), ("none", "low", "high"), "low"),
        (ReasoningConfig("low"), ("none", "high"), "high"),
        (ReasoningConfig("low"), ("none",), None),
        (ReasoningConfig("none"), ("low", "high"), "low"),
        (ReasoningConfig("odd"), ("low",), None),
    ],
)
def test_the_nearest_word_that_the_model_offers_is_taken(
    asked: ReasoningConfig, offered: tuple[str, ...], word: str | None
) -> None:
    assert effort(asked, offered) == word


@given(
    st.sampled_from([None, *EFFORTS]),
    st.none() | st.integers(-1, 1_000_000),
    st.integers(1, 200_000),
    st.none() | st.integers(1, 64_000),
)
def test_a_budget_is_below_the_limit_and_within_the_models_bounds(
    word: str | None, wanted: int | None, limit: int, most: int | None
) -> None:
    capabilities = Capabilities(min_budget=1024, max_budget=most)
    tokens = budget(ReasoningConfig(word, wanted), limit, capabilities)
    if tokens is not None:
        assert FLOOR <= tokens < limit
        assert most is None or tokens <= most


def test_no_thinking_is_no_budget() -> None:
    assert budget(ReasoningConfig("none"), 10_000, Capabilities()) is None
    assert budget(ReasoningConfig(budget=0), 10_000, Capabilities()) is None
    assert ReasoningConfig("none").off
    assert not ReasoningConfig("low").off


@pytest.mark.parametrize(
    ("asked", "word", "lost", "name"),
    [
        (ReasoningConfig("high"), "high", False, "reasoning.effort"),
        (ReasoningConfig("high"), "low", True, "reasoning.effort"),
        (ReasoningConfig("high"), None, True, "reasoning.effort"),
        (ReasoningConfig("none"), "low", True, "reasoning.effort"),
        (ReasoningConfig(budget=5000), "medium", False, "reasoning.budget"),
        (ReasoningConfig(budget=0), "low", True, "reasoning.budget"),
        (ReasoningConfig(budget=0), "none", False, "reasoning.budget"),
        (ReasoningConfig(budget=0), None, False, "reasoning.budget"),
        (ReasoningConfig(show=True), None, False, "reasoning"),
    ],
)
def test_a_word_that_says_something_else_is_a_loss_by_the_clients_own_measure(
    asked: ReasoningConfig, word: str | None, lost: bool, name: str
) -> None:
    assert (is_lost(asked, word), field_name(asked)) == (lost, name)
