"""How much to think, in each vendor's measure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat import Abilities, Reasoning
from passenger.reasoning import EFFORTS, FLOOR, budget, effort, is_lost, measure


@pytest.mark.parametrize(
    ("asked", "offered", "word"),
    [
        (Reasoning("high"), (), "high"),
        (Reasoning("high"), ("low", "high"), "high"),
        (Reasoning("max"), ("low", "medium", "high"), "high"),
        (Reasoning("minimal"), ("low", "medium"), "low"),
        (Reasoning("medium"), ("low", "high"), "low"),
        (Reasoning(budget=0), ("none", "low"), "none"),
        (Reasoning(budget=5000), ("low", "medium", "high"), "medium"),
        (Reasoning(budget=-1), ("low", "medium"), None),
        (Reasoning(), ("low",), None),
        (Reasoning("minimal"), ("none", "low", "high"), "low"),
        (Reasoning("low"), ("none", "high"), "high"),
        (Reasoning("low"), ("none",), None),
        (Reasoning("none"), ("low", "high"), "low"),
        (Reasoning("odd"), ("low",), None),
    ],
)
def test_the_nearest_word_that_the_model_offers_is_taken(
    asked: Reasoning, offered: tuple[str, ...], word: str | None
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
    able = Abilities(min_budget=1024, max_budget=most)
    tokens = budget(Reasoning(word, wanted), limit, able)
    if tokens is not None:
        assert FLOOR <= tokens < limit
        assert most is None or tokens <= most


def test_no_thinking_is_no_budget() -> None:
    assert budget(Reasoning("none"), 10_000, Abilities()) is None
    assert budget(Reasoning(budget=0), 10_000, Abilities()) is None
    assert Reasoning("none").off
    assert not Reasoning("low").off


@pytest.mark.parametrize(
    ("asked", "word", "lost", "name"),
    [
        (Reasoning("high"), "high", False, "reasoning.effort"),
        (Reasoning("high"), "low", True, "reasoning.effort"),
        (Reasoning("high"), None, True, "reasoning.effort"),
        (Reasoning("none"), "low", True, "reasoning.effort"),
        (Reasoning(budget=5000), "medium", False, "reasoning.budget"),
        (Reasoning(budget=0), "low", True, "reasoning.budget"),
        (Reasoning(budget=0), "none", False, "reasoning.budget"),
        (Reasoning(budget=0), None, False, "reasoning.budget"),
        (Reasoning(show=True), None, False, "reasoning"),
    ],
)
def test_a_word_that_says_something_else_is_a_loss_by_the_clients_own_measure(
    asked: Reasoning, word: str | None, lost: bool, name: str
) -> None:
    assert (is_lost(asked, word), measure(asked)) == (lost, name)
