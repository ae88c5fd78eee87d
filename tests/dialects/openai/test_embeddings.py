import base64
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import CreateEmbeddingResponse

from passenger.chat.events import Usage
from passenger.dialects.embeddings import EmbeddingsRequest
from passenger.dialects.openai.embeddings import EMBEDDINGS as OPENAI
from passenger.errors import Failure, Kind
from tests.dialects.embedding_requests import MODEL, asked, raws, refused


def of(value: object, **more: object) -> EmbeddingsRequest:
    return asked(OPENAI, {"model": MODEL, "input": value, **more})


@pytest.mark.parametrize(
    ("value", "inputs"),
    [
        ("hello", ("hello",)),
        (["hello", "world"], ("hello", "world")),
        ([7, 4, 24], ("hey",)),
        ([[7, 4, 24], [24, 14]], ("hey", "yo")),
        (["x"] * 2048, ("x",) * 2048),
        ([1] * 8192, ("b" * 8192,)),
    ],
    ids=["text", "texts", "tokens", "lists of tokens", "the most texts", "many tokens"],
)
def test_the_four_forms_of_input_are_texts(value: object, inputs: tuple[str, ...]) -> None:
    assert of(value).inputs == inputs


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        [],
        [""],
        ["a", ""],
        [[]],
        [[1], []],
        ["a", 1],
        [1, "a"],
        ["a", [1]],
        [1, [1]],
        [True],
        [[True]],
        [[1, True]],
        [1.0],
        [None],
        [{"text": "a"}],
        {"text": "a"},
        7,
        [26],
        [[1], [-1]],
        [2**70],
        [[1, "a"]],
        ["x"] * 2049,
    ],
    ids=lambda value: str(value)[:20],
)
def test_any_other_input_is_refused_by_its_name(value: object) -> None:
    assert refused(OPENAI, {"model": MODEL, "input": value}) == "input"


def test_a_token_that_the_vocabulary_does_not_have_is_told_of() -> None:
    with pytest.raises(Failure, match="cl100k_base does not have: it is no letter"):
        of([[1], [26]])


def test_the_form_of_the_vectors_is_read() -> None:
    assert [of("a", encoding_format=form).base64 for form in (None, "float", "base64")] == [False, False, True]
    for form in ("int8", 1, ["base64"]):
        assert refused(OPENAI, {"model": MODEL, "input": "a", "encoding_format": form}) == "encoding_format"


def test_dimensions_go_up_and_the_user_does_not() -> None:
    ask = of("a", dimensions=64, user="me")
    assert (ask.dimensions, ask.dropped) == (64, ("user",))
    assert refused(OPENAI, {"model": MODEL, "input": "a", "dimensions": 0}) == "dimensions"


def test_the_answer_is_complete() -> None:
    body = OPENAI.write(EmbeddingsRequest(MODEL, ("a", "b")), raws("[1.0,2]", "[0.5,-3e-2]"), Usage(input=7))
    answer = CreateEmbeddingResponse.model_validate_json(body, strict=True)
    assert [(row.object, row.index, row.embedding) for row in answer.data] == [
        ("embedding", 0, [1.0, 2.0]),
        ("embedding", 1, [0.5, -0.03]),
    ]
    assert (answer.object, answer.model, answer.usage.prompt_tokens, answer.usage.total_tokens) == ("list", MODEL, 7, 7)


@given(vector=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_base64_is_little_endian_float32(vector: list[float]) -> None:
    body = OPENAI.write(
        EmbeddingsRequest(MODEL, ("a",), base64=True), [msgspec.Raw(msgspec.json.encode(vector))], Usage()
    )
    packed = base64.b64decode(msgspec.json.decode(body)["data"][0]["embedding"], validate=True)
    assert list(struct.unpack(f"<{len(vector)}f", packed)) == vector


@pytest.mark.parametrize("number", ["1e39", "1e999", "-4e38"])
def test_a_number_that_base64_cannot_hold_is_a_bad_answer(number: str) -> None:
    with pytest.raises(Failure) as caught:
        OPENAI.write(EmbeddingsRequest(MODEL, ("a",), base64=True), raws(f"[{number}]"), Usage())
    assert (caught.value.kind, caught.value.code) == (Kind.UPSTREAM, "bad_answer")
