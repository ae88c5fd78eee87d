"""Which models a client gets."""

from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.clients.models import (
    OUTPUT,
    PROMPT,
    NoModelError,
    WantedModel,
    best,
    cheap,
    choose,
    is_claude,
    output_limit,
    prompt_limit,
    usual,
    version,
    wanted_model,
)
from passenger.clients.plan import Client, DialectName
from passenger.clients.registry import ALL, CLIENTS
from passenger.copilot.model_cards import ModelCard, Prices
from tests.clients.sites import EMBEDDING, GPT, HAIKU, HIDDEN, OPUS, PRO

BARE = ModelCard(id="x", name="X", vendor="V", family="x")


def test_the_prompt_is_what_counts_not_the_context() -> None:
    assert prompt_limit(OPUS) == 168_000
    assert prompt_limit(ModelCard(id="x", name="X", vendor="V", family="x", context=64_000)) == 64_000
    assert (prompt_limit(BARE), output_limit(BARE)) == (PROMPT, OUTPUT)
    assert output_limit(OPUS) == 32_000


def test_which_models_are_claudes() -> None:
    assert is_claude(OPUS)
    assert not is_claude(GPT)


@dataclass(frozen=True)
class Of:
    """A client that speaks these."""

    dialects: tuple[DialectName, ...]

    def client(self) -> Client:
        """As a client."""
        return Client(name="x", title="X", binaries=("x",), install="", dialects=self.dialects)


def card(name: str, *dialects: str, output: float = 1.0, **more: object) -> ModelCard:
    values = {"id": name, "name": name, "vendor": "V", "family": name, "dialects": dialects, "tools": True}
    return ModelCard(**(values | {"prices": Prices(output=output)} | more))  # type: ignore[arg-type]


CREDITS = {
    "claude-haiku-4.5": 500,
    "claude-sonnet-4.5": 1500,
    "claude-sonnet-4.6": 1500,
    "claude-opus-4.6": 2500,
    "claude-opus-5": 2500,
    "claude-opus-6-fast": 9000,
    "gpt-4.1": 0,
    "gpt-5.2": 1400,
    "gpt-5.3-codex": 1400,
    "gpt-5.4": 1500,
    "gpt-5.5": 3000,
    "gpt-5.5-mini": 450,
    "gemini-2.5-pro": 1000,
    "gemini-2.5-flash": 300,
}
"""What a million tokens of each model's answers cost."""

LIGHT = ("claude-haiku-4.5", "gpt-5.5-mini", "gemini-2.5-flash")


def dialects_of(name: str) -> tuple[str, ...]:
    own = {"claude": ("messages", "completions"), "gpt": ("responses",), "gemini": ("completions",)}
    return ("completions",) if name == "gpt-4.1" else own[name.partition("-")[0]]


CARDS = [
    *(
        card(name, *dialects_of(name), output=cost, category="lightweight" if name in LIGHT else "powerful")
        for name, cost in CREDITS.items()
    ),
    card("claude-sonnet-5", "messages", preview=True),
    card("claude-sonnet-6", "messages", policy="disabled"),
    card("claude-sonnet-7", "messages", picker=False),
    card("gemini-3-pro", "completions", preview=True),
    card("embed", kind="embeddings"),
]
COUNTED = [msgspec.structs.replace(one, prices=None, multiplier=CREDITS.get(one.id, 1000) / 1000) for one in CARDS]
"""The same on a plan that counts requests."""


@pytest.mark.parametrize("cards", [CARDS, CARDS[::-1], COUNTED])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("claude", "claude-sonnet-4.6"),
        ("codex", "gpt-5.3-codex"),
        ("gemini", "gemini-2.5-pro"),
        ("opencode", "claude-sonnet-4.6"),
        ("copilot", "claude-sonnet-4.6"),
        ("aider", "claude-sonnet-4.6"),
        ("goose", "claude-sonnet-4.6"),
    ],
)
def test_a_client_gets_the_middling_model_of_its_vendor(name: str, expected: str, cards: list[ModelCard]) -> None:
    assert best(cards, CLIENTS[name]).id == expected


@pytest.mark.parametrize(
    ("left", "name", "expected"),
    [
        (["gpt-5.5", "gpt-5.5-mini", "gpt-5.4"], "codex", "gpt-5.5"),
        (["gpt-5.5-mini"], "codex", "gpt-5.5-mini"),
        (["claude-opus-5", "claude-opus-4.6", "claude-haiku-4.5"], "claude", "claude-opus-5"),
        (["gpt-5.5", "gemini-2.5-pro"], "claude", "gpt-5.5"),
        (["gemini-3-pro", "claude-opus-5"], "gemini", "gemini-3-pro"),
        (["claude-opus-5"], "gemini", "claude-opus-5"),
        (["gpt-4.1", "gpt-5.5"], "copilot", "gpt-5.5"),
    ],
)
def test_where_that_is_not_to_be_had_it_gets_the_next_best(left: list[str], name: str, expected: str) -> None:
    assert best([one for one in CARDS if one.id in left], CLIENTS[name]).id == expected


@given(st.permutations(CARDS), st.sampled_from(ALL))
def test_the_choice_depends_on_no_order(cards: list[ModelCard], client: Client) -> None:
    assert best(cards, client) == best(CARDS, client)


def test_without_a_client_copilots_own_choice_is_asked_and_else_one_that_suits_most() -> None:
    assert usual(CARDS).id == "claude-sonnet-4.6"
    assert usual([*CARDS, card("gpt-3", default=True)]).id == "gpt-3"
    assert usual([*CARDS, card("gpt-3", default=True, policy="disabled")]).id == "claude-sonnet-4.6"
    assert usual([card("toolless", tools=False)]).id == "toolless"
    with pytest.raises(NoModelError, match="no model to chat with"):
        usual([EMBEDDING, HIDDEN])


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
        assert choose(cards, client, WantedModel(name), WantedModel("mine"))[0] is OPUS
    assert choose(cards, client, WantedModel("gpt-5.5"), WantedModel("mine"))[1].id == "z"
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
        choose([GPT, OPUS, PRO, HIDDEN, EMBEDDING], Of(("messages",)).client(), WantedModel(name), None)


def test_what_is_typed_wins_over_the_settings_and_a_setting_that_cannot_be_is_named() -> None:
    client, settings = CLIENTS["claude"], {"claude": "claude-opus-4.7", "codex": "gpt-5.5"}
    assert wanted_model(client, "typed", settings, "model") == WantedModel("typed")
    assert wanted_model(CLIENTS["pi"], None, settings, "model") is None
    with pytest.raises(
        NoModelError, match=r"^\[clients.claude\] model: the account has no model 'claude-opus-4.7'; did"
    ):
        choose([GPT, OPUS], client, wanted_model(client, None, settings, "model"), None)
