import json

import pytest

from passenger.copilot.catalog import Catalog, models_in, read_models, with_dashes
from passenger.errors import Failure

IDS = [
    "gpt-4o",
    "gpt-4o-2024-11-20",
    "gpt-4.1",
    "gpt-5.1",
    "claude-sonnet-4",
    "claude-sonnet-4.5",
    "claude-opus-4.6",
    "claude-opus-4.6-1m",
    "claude-haiku-4.5",
    "gemini-3-pro-preview",
    "text-embedding-3-small",
    "text-embedding-ada-002",
]
VERSIONS = {
    "gpt-4o": "gpt-4o-2024-11-20",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "text-embedding-ada-002": "text-embedding-3-small",
}


def entry(name: str) -> dict[str, object]:
    return {"id": name, "vendor": "Azure OpenAI", "version": VERSIONS.get(name, name), "capabilities": {"type": "chat"}}


def catalog(**aliases: str) -> Catalog:
    return Catalog(read_models(json.dumps({"data": [entry(name) for name in IDS]}).encode()), aliases)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("gpt-4o", "gpt-4o"),
        ("GPT-4o", "gpt-4o"),
        (" gpt-4o ", "gpt-4o"),
        ("gpt-4o-2024-11-20", "gpt-4o-2024-11-20"),
        ("gpt-4.1-2025-04-14", "gpt-4.1"),
        ("claude-sonnet-4-5", "claude-sonnet-4.5"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4.5"),
        ("claude-sonnet-4-5-latest", "claude-sonnet-4.5"),
        ("Claude-Sonnet-4.5", "claude-sonnet-4.5"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("claude-sonnet-4-0", "claude-sonnet-4"),
        ("claude-opus-4-6", "claude-opus-4.6"),
        ("claude-opus-4-6-1m", "claude-opus-4.6-1m"),
        ("text-embedding-3-small", "text-embedding-3-small"),
    ],
)
def test_a_name_finds_the_same_model_under_another_spelling(name: str, found: str) -> None:
    model = catalog().find(name)
    assert model is not None
    assert model.id == found


@pytest.mark.parametrize(
    "name",
    [
        "gpt-4o-2024-05-13",
        "gpt-4o-mini",
        "gpt-4",
        "gpt-5",
        "claude-sonnet-4.6",
        "claude-sonnet-4-6",
        "claude-sonnet",
        "claude-haiku-4",
        "claude-opus-4.6[1m]",
        "claude-3-5-sonnet-20241022",
        "gemini-3-pro",
        "",
        "\r\nX: y",
    ],
)
def test_a_name_is_never_taken_for_another_model(name: str) -> None:
    assert catalog().find(name) is None


def test_a_name_with_dashes_finds_the_model_with_dots() -> None:
    assert with_dashes("claude-3.5-sonnet.v1") == "claude-3-5-sonnet.v1"
    for name, model in catalog().models.items():
        if name.startswith("claude"):
            assert catalog().find(with_dashes(name)) == model


def test_an_alias_of_the_user_comes_first() -> None:
    model = catalog(fast="gpt-4.1", **{"gpt-4o": "claude-sonnet-4-5"}).find("fast")
    assert model is not None
    assert model.id == "gpt-4.1"
    swapped = catalog(**{"gpt-4o": "claude-sonnet-4-5"}).find("gpt-4o")
    assert swapped is not None
    assert swapped.id == "claude-sonnet-4.5"


def test_an_unknown_model_is_a_404_that_names_the_nearest() -> None:
    failure = catalog().unknown("claude-sonet-4-5")
    assert failure.status == 404
    assert failure.param == "model"
    assert "claude-sonnet-4.5" in failure.message


def test_a_model_is_shown_as_openai_does_with_copilots_fields_beside() -> None:
    shown = catalog().models["gpt-4.1"].as_openai()
    assert shown["object"] == "model"
    assert shown["created"] == 1744588800
    assert shown["owned_by"] == "azure-openai"
    assert shown["capabilities"] == {"type": "chat"}


def test_a_model_that_says_no_endpoints_speaks_completions() -> None:
    models = read_models(b'[{"id":"a"},{"id":"b","supported_endpoints":["/responses"]}]')
    assert [model.endpoints for model in models] == [("/chat/completions",), ("/responses",)]


def test_doubled_models_are_listed_once() -> None:
    models = Catalog(read_models(b'{"data":[{"id":"gpt-4","name":"one"},{"id":"gpt-4","name":"two"}]}')).models
    assert [model.raw["name"] for model in models.values()] == ["one"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"data":[{"id":"a","vendor":"V"}],"object":"list"}',
        b'[{"id":"a","publisher":"V"}]',
        b'{"other":{},"github-copilot":{"models":{"a":{"id":"a","name":"A"}}}}',
        b'{"data":[{"id":"a"},{"id":5},{},null]}',
    ],
)
def test_every_known_shape_of_a_catalogue_is_read(body: bytes) -> None:
    assert [model.id for model in read_models(body)] == ["a"]


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"7", b"\xff", b"[" * 100_000])
def test_what_is_no_catalogue_is_a_failure(body: bytes) -> None:
    with pytest.raises(Failure):
        read_models(body)


@pytest.mark.proves("F38")
def test_half_a_character_in_one_entry_leaves_the_others() -> None:
    models = read_models(b'{"data":[{"id":"a","name":"\\ud83d"},{"id":"b"}]}')
    assert [model.id for model in models] == ["a", "b"]
    assert models[0].name == "\ufffd"


def test_only_claude_has_a_minimum_from_which_breakpoints_are_set() -> None:
    entries = [{"id": "claude-opus-5", "vendor": "Anthropic"}, {"id": "gpt-4o", "vendor": "Azure OpenAI"}]
    assert [model.capabilities.least_cached for model in models_in(entries)] == [4096, None]
