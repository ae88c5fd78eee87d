"""The lines to copy are those to type."""

import dataclasses
import shlex

import pytest

from passenger.clients.models import best
from passenger.clients.registry import CLIENTS
from passenger.copilot.model_cards import ModelCard
from passenger.server.pages.client_commands import ClientCommand, PageAddress, client_commands, variables

HERE = PageAddress("http://127.0.0.1:8081", "passenger", 8081)
CARDS = [
    ModelCard("text-embedding", "e", "OpenAI", "e", kind="embeddings"),
    ModelCard("gpt-9", "old", "OpenAI", "old", dialects=["completions", "responses"], picker=False, tools=True),
    ModelCard("claude-opus-9", "no", "Anthropic", "no", dialects=["messages"], policy="disabled", tools=True),
    ModelCard("gemini-3", "g", "Google", "g", dialects=["completions"], tools=True),
    ModelCard("gpt-5.5", "x", "OpenAI", "x", dialects=["completions", "responses"], tools=True),
    ModelCard("claude-opus-5", "c", "Anthropic", "c", dialects=["completions", "messages"], tools=True),
]


def by_name(place: PageAddress = HERE, cards: list[ModelCard] = CARDS) -> dict[str, ClientCommand]:
    return {recipe.name: recipe for recipe in client_commands(place, cards)}


@pytest.mark.parametrize("name", ["claude", "codex", "gemini"])
def test_by_hand_a_client_gets_the_model_that_it_would_be_launched_with(name: str) -> None:
    assert best(CARDS, CLIENTS[name]).id in (by_name()[name].by_hand or "")


def test_a_model_that_the_settings_name_stands_in_its_clients_line_alone() -> None:
    place = dataclasses.replace(HERE, named={"claude": "gpt-5.5", "qwen": "nope"})
    lines = {name: recipe.by_hand or "" for name, recipe in by_name(place).items()}
    assert "ANTHROPIC_MODEL=gpt-5.5 " in lines["claude"]
    assert "-m gpt-5.5 " in lines["codex"]
    assert "-m MODEL" in lines["qwen"]


def test_without_any_the_reader_names_one() -> None:
    assert "ANTHROPIC_MODEL=MODEL " in (by_name(cards=[])["claude"].by_hand or "")


def test_launch_is_told_the_port_where_it_is_not_the_usual_one() -> None:
    assert by_name()["claude"].launch == "passenger launch claude"
    assert by_name(PageAddress(HERE.base, HERE.key, 9000))["claude"].launch == "passenger launch claude --port 9000"


def test_launch_is_told_the_login_and_the_settings_that_are_served() -> None:
    place = PageAddress(HERE.base, HERE.key, 9000, "passenger --profile work -c '/a b.toml'")
    assert by_name(place)["codex"].launch == "passenger --profile work -c '/a b.toml' launch codex --port 9000"


def test_ollama_s_own_port_is_told_beside_its_variables() -> None:
    told = {one.title: one.also for one in variables(PageAddress(HERE.base, HERE.key, 1, ollama="http://h:11434"))}
    assert told == {"OpenAI": "", "Anthropic": "", "Gemini": "", "Ollama": "http://h:11434"}


def test_a_shell_reads_each_line_as_it_is_meant() -> None:
    hostile = [ModelCard("a'b; rm $(x)", "n", "OpenAI", "f", dialects=["responses", "completions"], tools=True)]
    for recipe in by_name(cards=hostile).values():
        if recipe.by_hand is not None:
            assert "a'b; rm $(x)" in " ".join(shlex.split(recipe.by_hand))
    codex = shlex.split(by_name()["codex"].by_hand or "")
    assert 'model_providers.passenger={name="Passenger",base_url="http://127.0.0.1:8081/v1"' in codex[-1]


def test_openai_s_clients_alone_want_the_version_in_their_base_url() -> None:
    assert {one.title: one.base.endswith("/v1") for one in variables(HERE)} == {
        "OpenAI": True,
        "Anthropic": False,
        "Gemini": False,
        "Ollama": False,
    }
