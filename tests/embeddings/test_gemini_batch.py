from typing import Any

import msgspec
import pytest

from passenger.chat import Usage
from passenger.embeddings import EmbedAsk, gemini_batch
from tests.embeddings.requests import MODEL, asked, raws, refused


def one(text: str = "hello", **fields: Any) -> dict[str, Any]:
    return {"model": f"models/{MODEL}", "content": {"parts": [{"text": text}]}, **fields}


def test_many_contents_are_as_many_texts() -> None:
    body = {"requests": [one("a", outputDimensionality=64), one("b", output_dimensionality=64)]}
    assert asked(gemini_batch, body) == EmbedAsk(MODEL, ("a", "b"), 64)


def test_vectors_of_several_sizes_are_refused() -> None:
    body = {"requests": [one(outputDimensionality=64), one(outputDimensionality=64), one()]}
    assert refused(gemini_batch, body) == "requests[2].outputDimensionality"


def test_what_is_dropped_is_named_once() -> None:
    body = {"requests": [one(taskType="CLUSTERING"), one(taskType="CLUSTERING", title="t")], "extra": 1}
    assert asked(gemini_batch, body).dropped == ("extra", "requests[].taskType", "requests[].title")


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
    assert refused(gemini_batch, {"requests": requests}) == field


def test_the_answer_has_the_values_of_each_content_in_order() -> None:
    body = gemini_batch.write(EmbedAsk(MODEL, ("a", "b")), raws("[1]", "[2]"), Usage(input=3))
    assert msgspec.json.decode(body) == {
        "embeddings": [{"values": [1]}, {"values": [2]}],
        "usageMetadata": {"promptTokenCount": 3},
    }
