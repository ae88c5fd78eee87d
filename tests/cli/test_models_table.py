"""What is shown of models, from their cards."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.cli.models_table import COLUMNS, efforts, facts, named, nearest, notes, price, row_of
from passenger.control.cards import ModelCard, Prices


def card(name: str, **fields: object) -> ModelCard:
    values = {"name": name.upper(), "vendor": "V", "family": name, "dialects": ("completions",), **fields}
    return ModelCard(id=name, **values)  # type: ignore[arg-type]  # what a test gives


CHAT = card("gpt-5.5", aliases=("big",))
OLD = card("gpt-4.1", picker=False)
HIDDEN = card("grok-1", policy="unconfigured")
EMBEDS = card("embed-3", kind="embeddings")
CARDS = (CHAT, OLD, HIDDEN, EMBEDS)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("gpt-5.5", [CHAT]),
        ("GPT-5-5", [CHAT]),
        ("big", [CHAT]),
        (" Big ", [CHAT]),
        ("gpt", [CHAT, OLD]),
        ("grok", [HIDDEN]),
        ("nothing", []),
    ],
)
def test_a_name_finds_its_model_or_those_with_it_in_their_names(name: str, found: Sequence[ModelCard]) -> None:
    assert named(CARDS, name) == found


def test_a_name_that_none_has_gets_the_nearest() -> None:
    assert nearest(CARDS, "gtp-5.5")[0] == "gpt-5.5"
    assert nearest(CARDS, "x" * 100_000) == []


def test_a_row_has_a_cell_for_each_column() -> None:
    full = card("m", context=1_050_000, output=128_000, vision=True, dialects=("messages", "completions"))
    assert row_of(full) == ("m", "1.05M", "128k", "yes", "-", "-", "MC", "-")
    assert row_of(EMBEDS) == ("embed-3", "-", "-", "-", "-", "-", "embeddings", "-")
    assert len(row_of(full)) == len(COLUMNS)


@pytest.mark.parametrize(
    ("levels", "text"),
    [
        ([], ""),
        (["low", "high"], "low high"),
        (["low", "medium", "high"], "low-high"),
        (["none", "low", "medium", "high", "xhigh"], "none low-xhigh"),
        (["low", "medium", "high", "max"], "low-high max"),
        (["high", "low", "medium", "odd"], "low-high odd"),
    ],
)
def test_efforts_in_a_row_are_told_by_the_first_and_the_last(levels: list[str], text: str) -> None:
    assert efforts(levels) == text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "-"),
        ({"multiplier": 0.0}, "included"),
        ({"multiplier": 0.33}, "0.33x"),
        ({"multiplier": 1.0, "prices": Prices(125.0, 12.5, None, 1000.0)}, "1.25/10"),
        ({"prices": Prices(None, None, None, 1.0)}, "-"),
    ],
)
def test_prices_are_in_dollars_for_a_million(fields: dict[str, object], text: str) -> None:
    assert price(card("m", **fields)) == text


def test_what_the_rows_do_not_say_is_said_below_them() -> None:
    said = "\n".join(notes(CARDS, [CHAT]))
    assert "Your names: big = gpt-5.5." in said
    assert "grok-1 (unconfigured)" in said
    assert "https://github.com/settings/copilot/features" in said
    assert "Not shown: 1 that Copilot's own clients do not offer, 1 for embeddings; --all shows them." in said
    assert "Not shown" not in "\n".join(notes(CARDS, CARDS))


def test_all_is_told_of_one() -> None:
    one = card("m", context=200_000, efforts=["low"], prices=Prices(500.0, 50.0, 625.0, 2500.0), multiplier=10.0)
    told = dict(facts(one))
    assert told["context"] == "200,000 tokens"
    assert told["per million"] == "$5 in, $0.50 in from the cache, $6.25 into the cache, $25 out"
    assert told["premium"] == "counts as 10 premium requests, on plans that count those"
    assert dict(facts(card("m", multiplier=1.0)))["premium"] == "counts as 1 premium request, on plans that count those"
    assert "cannot be asked" in dict(facts(HIDDEN))["policy"]


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_name_is_looked_for(name: str, other: str) -> None:
    cards = [card(name or "x"), card(other or "y")]
    assert cards[0] in named(cards, name or "x")
    nearest(cards, other)
