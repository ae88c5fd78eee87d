"""Which models a client gets."""

from dataclasses import dataclass

import pytest

from passenger.clients.models import NoModelError, best, cheap, choose, version
from passenger.clients.plan import Client, Dialect
from passenger.control.cards import ModelCard, Prices
from tests.clients.sites import EMBEDDING, GPT, HAIKU, HIDDEN, OPUS, PRO


@dataclass(frozen=True)
class Of:
    """A client that speaks these."""

    dialects: tuple[Dialect, ...]

    def client(self) -> Client:
        """As a client."""
        return Client(name="x", title="X", binaries=("x",), install="", dialects=self.dialects)


def card(name: str, *dialects: str, output: float = 1.0, **more: object) -> ModelCard:
    values = {"id": name, "name": name, "vendor": "V", "family": name, "dialects": dialects, "tools": True}
    return ModelCard(**(values | {"prices": Prices(output=output)} | more))  # type: ignore[arg-type]


CARDS = [
    card("gpt-4.1", "completions"),
    card("gpt-5.5", "responses", category="powerful"),
    card("gpt-5.6-mini", "responses", category="lightweight"),
    card("claude-sonnet-4.5", "messages"),
    card("claude-opus-4.6-1m", "messages", preview=True),
    card("claude-opus-4.5", "messages"),
    card("claude-opus-4.6", "messages"),
    card("claude-opus-6", "messages", policy="disabled"),
    card("claude-opus-7", "messages", picker=False),
    card("gemini-2.5-pro", "completions"),
    card("embed", kind="embeddings"),
]


@pytest.mark.parametrize(
    ("dialects", "expected"),
    [
        (("messages",), "claude-opus-4.6"),
        (("responses",), "gpt-5.5"),
        (("completions",), "gpt-4.1"),
        (("messages", "responses", "completions"), "claude-opus-4.6"),
        (("gemini",), "gemini-2.5-pro"),
        (("ollama",), "claude-opus-4.6"),
    ],
)
def test_the_best_speaks_the_clients_dialect_where_one_does(dialects: tuple[Dialect, ...], expected: str) -> None:
    assert best(CARDS, Of(dialects).client()).id == expected


def test_where_no_model_is_fit_it_is_said() -> None:
    with pytest.raises(NoModelError, match="no model that chats"):
        best([EMBEDDING, HIDDEN], Of(("messages",)).client())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("claude-opus-4.6-1m", [4, 6]),
        ("claude-opus-5", [5]),
        ("gpt-4.1-2025-04-14", [4, 1]),
        ("gpt-4o", []),
        ("gemini-2.5-pro", [2, 5]),
        ("claude-opus-4-6", [4, 6]),
    ],
)
def test_the_version_in_a_name(name: str, expected: list[int]) -> None:
    assert version(name) == expected


def test_the_small_one_is_a_light_and_cheap_one_of_the_same_maker() -> None:
    light = card("claude-haiku-4.5", output=5, category="lightweight")
    mini = card("gpt-5-mini", output=1, category="lightweight")
    short = card("claude-nano", output=1, category="lightweight", prompt=8_000)
    cards = [*CARDS, light, mini, short]
    assert cheap(cards, OPUS) is light
    assert cheap(cards, GPT) is mini
    assert cheap([short], OPUS) is OPUS


def test_models_can_be_named_in_any_spelling_and_by_an_alias() -> None:
    cards = [GPT, OPUS, HAIKU, card("z", aliases=("mine",))]
    client = Of(("messages",)).client()
    for name in ("claude-opus-4.6", "Claude Opus 4.6", "claude-opus-4-6", "CLAUDE-OPUS-4.6"):
        assert choose(cards, client, name, "mine")[0] is OPUS
    assert choose(cards, client, "gpt-5.5", "mine")[1].id == "z"
    assert choose(cards, client, None, None)[0] is OPUS


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("claude-opus-4.7", "did you mean claude-opus-4.6"),
        ("???", "`passenger models` lists them"),
        ("gpt-9", "not enabled for you: see https://github.com/settings/copilot/features"),
        ("embed", "does not chat"),
    ],
)
def test_a_model_that_cannot_be_is_named_with_what_can(name: str, said: str) -> None:
    with pytest.raises(NoModelError, match=said):
        choose([GPT, OPUS, PRO, HIDDEN, EMBEDDING], Of(("messages",)).client(), name, None)
