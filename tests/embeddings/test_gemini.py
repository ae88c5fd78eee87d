from typing import Any

import msgspec
import pytest

from passenger.chat import Usage
from passenger.embeddings import EmbedAsk, gemini
from tests.embeddings.requests import MODEL, asked, raws, refused

CONTENT = {"parts": [{"text": "hello"}]}


def of(**fields: Any) -> EmbedAsk:
    return asked(gemini, {"content": CONTENT, **fields})


def test_the_parts_of_one_content_are_one_text() -> None:
    content = {"role": "user", "parts": [{"text": "hel"}, {"text": ""}, {"text": "lo", "inlineData": None}]}
    assert of(content=content).inputs == ("hello",)


@pytest.mark.parametrize("name", ["outputDimensionality", "output_dimensionality"])
@pytest.mark.parametrize("config", [None, "embedContentConfig", "embed_content_config"])
def test_the_size_of_the_vector_may_be_said_in_every_spelling(name: str, config: str | None) -> None:
    ask = of(**({name: 64} if config is None else {config: {name: 64}}))
    assert (ask.dimensions, ask.dropped) == (64, ())


@pytest.mark.parametrize("name", ["outputDimensionality", "output_dimensionality"])
def test_a_size_that_cannot_be_is_refused_by_the_clients_name(name: str) -> None:
    assert refused(gemini, {"content": CONTENT, name: 0}) == name
    config = {"embed_content_config": {name: "64"}}
    assert refused(gemini, {"content": CONTENT, **config}) == f"embed_content_config.{name}"


def test_what_copilot_has_no_place_for_is_named_as_the_client_spelled_it() -> None:
    ask = of(taskType="RETRIEVAL_QUERY", title="A title", embedContentConfig={"autoTruncate": True, "title": None})
    assert ask.dropped == ("taskType", "title", "embedContentConfig.autoTruncate")
    assert of(task_type="CLUSTERING").dropped == ("task_type",)


@pytest.mark.parametrize("name", [MODEL, f"models/{MODEL}", "", None])
def test_the_model_of_the_body_may_be_that_of_the_path(name: str | None) -> None:
    assert asked(gemini, {"content": CONTENT, "model": name}, f"models/{MODEL}").model == MODEL


@pytest.mark.parametrize("name", ["models/another", 7])
def test_another_model_in_the_body_is_refused(name: object) -> None:
    assert refused(gemini, {"content": CONTENT, "model": name}) == "model"


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (None, "content.parts"),
        ("hello", "content"),
        ({}, "content.parts"),
        ({"parts": {"text": "a"}}, "content.parts"),
        ({"parts": []}, "content"),
        ({"parts": [{"text": ""}]}, "content"),
        ({"parts": ["hello"]}, "content.parts[0]"),
        ({"parts": [{}]}, "content.parts[0].text"),
        ({"parts": [{"text": 7}]}, "content.parts[0].text"),
        (
            {"parts": [{"text": "a"}, {"inlineData": {"mimeType": "image/png", "data": ""}}]},
            "content.parts[1].inlineData",
        ),
        ({"parts": [{"text": "a", "file_data": {}}]}, "content.parts[0].file_data"),
    ],
    ids=str,
)
def test_a_content_that_is_not_text_is_refused_by_its_place(content: object, field: str) -> None:
    assert refused(gemini, {"content": content}) == field


def test_the_answer_has_the_values_and_what_they_took() -> None:
    body = gemini.write(EmbedAsk(MODEL, ("a",)), raws("[1,2.5]"), Usage(input=3))
    assert msgspec.json.decode(body) == {"embedding": {"values": [1, 2.5]}, "usageMetadata": {"promptTokenCount": 3}}
