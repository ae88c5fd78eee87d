from typing import Any

import msgspec
import pytest

from passenger.chat.events import Usage
from passenger.dialects.embeddings import EmbeddingsRequest
from passenger.dialects.google.embeddings import BATCH_EMBED_CONTENTS as GEMINI_BATCH
from passenger.dialects.google.embeddings import EMBED_CONTENT as GEMINI
from tests.dialects.embedding_requests import MODEL, asked, raws, refused

CONTENT = {"parts": [{"text": "hello"}]}


def of(**fields: Any) -> EmbeddingsRequest:
    return asked(GEMINI, {"content": CONTENT, **fields})


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
    assert refused(GEMINI, {"content": CONTENT, name: 0}) == name
    config = {"embed_content_config": {name: "64"}}
    assert refused(GEMINI, {"content": CONTENT, **config}) == f"embed_content_config.{name}"


def test_what_copilot_has_no_place_for_is_named_as_the_client_spelled_it() -> None:
    ask = of(taskType="RETRIEVAL_QUERY", title="A title", embedContentConfig={"autoTruncate": True, "title": None})
    assert ask.dropped == ("taskType", "title", "embedContentConfig.autoTruncate")
    assert of(task_type="CLUSTERING").dropped == ("task_type",)


@pytest.mark.parametrize("name", [MODEL, f"models/{MODEL}", "", None])
def test_the_model_of_the_body_may_be_that_of_the_path(name: str | None) -> None:
    assert asked(GEMINI, {"content": CONTENT, "model": name}, f"models/{MODEL}").model == MODEL


@pytest.mark.parametrize("name", ["models/another", 7])
def test_another_model_in_the_body_is_refused(name: object) -> None:
    assert refused(GEMINI, {"content": CONTENT, "model": name}) == "model"


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
    assert refused(GEMINI, {"content": content}) == field


def test_the_answer_has_the_values_and_what_they_took() -> None:
    body = GEMINI.write(EmbeddingsRequest(MODEL, ("a",)), raws("[1,2.5]"), Usage(input=3))
    assert msgspec.json.decode(body) == {"embedding": {"values": [1, 2.5]}, "usageMetadata": {"promptTokenCount": 3}}


# --- many contents -----------------------------------------------------------------------------------------------


def one(text: str = "hello", **fields: Any) -> dict[str, Any]:
    return {"model": f"models/{MODEL}", "content": {"parts": [{"text": text}]}, **fields}


def test_many_contents_are_as_many_texts() -> None:
    body = {"requests": [one("a", outputDimensionality=64), one("b", output_dimensionality=64)]}
    assert asked(GEMINI_BATCH, body) == EmbeddingsRequest(MODEL, ("a", "b"), 64)


def test_vectors_of_several_sizes_are_refused() -> None:
    body = {"requests": [one(outputDimensionality=64), one(outputDimensionality=64), one()]}
    assert refused(GEMINI_BATCH, body) == "requests[2].outputDimensionality"


def test_what_is_dropped_is_named_once() -> None:
    body = {"requests": [one(taskType="CLUSTERING"), one(taskType="CLUSTERING", title="t")], "extra": 1}
    assert asked(GEMINI_BATCH, body).dropped == ("extra", "requests[].taskType", "requests[].title")


@pytest.mark.parametrize(
    ("requests", "field"),
    [
        (None, "requests"),
        ([], "requests"),
        (one(), "requests"),
        ([one(), "hello"], "requests[1]"),
        ([one(), one("")], "requests[1].content"),
        ([one(), one(model="models/another")], "requests[1].model"),
        ([one(content={"parts": [{"inline_data": {}}]})], "requests[0].content.parts[0].inline_data"),
    ],
    ids=str,
)
def test_what_is_at_fault_is_named_by_its_place(requests: object, field: str) -> None:
    assert refused(GEMINI_BATCH, {"requests": requests}) == field


def test_the_answer_has_the_values_of_each_content_in_order() -> None:
    body = GEMINI_BATCH.write(EmbeddingsRequest(MODEL, ("a", "b")), raws("[1]", "[2]"), Usage(input=3))
    assert msgspec.json.decode(body) == {
        "embeddings": [{"values": [1]}, {"values": [2]}],
        "usageMetadata": {"promptTokenCount": 3},
    }
