import base64
import itertools
import random
import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.events import Usage
from passenger.chat.prompt import JSON
from passenger.dialects import Request
from passenger.dialects.embeddings import (
    MAX_DIMENSIONS,
    EmbeddingsDialect,
    EmbeddingsRequest,
    read_dimensions,
    read_vectors,
    write_requests,
)
from passenger.dialects.google.embeddings import BATCH_EMBED_CONTENTS as GEMINI_BATCH
from passenger.dialects.google.embeddings import EMBED_CONTENT as GEMINI
from passenger.dialects.ollama.embeddings import EMBED as OLLAMA
from passenger.dialects.ollama.embeddings import EMBEDDINGS as OLLAMA_OLD
from passenger.dialects.openai.embeddings import EMBEDDINGS as OPENAI
from passenger.errors import Failure, Kind
from passenger.jsontext.node import JsonNode
from passenger.simulator import Simulator
from passenger.simulator.embeddings import vector
from tests.dialects.embedding_requests import MODEL, anything, asked, decode, raws, refused, texts
from tests.simulator.client import connected

# --- going up ----------------------------------------------------------------------------------------------------


@given(inputs=st.lists(texts, max_size=30), limit=st.integers(1, 12), size=st.none() | st.integers(1, 3072))
def test_the_requests_hold_all_texts_in_order_and_none_too_many(
    inputs: list[str], limit: int, size: int | None
) -> None:
    bodies = write_requests(EmbeddingsRequest("alias", tuple(inputs), size), MODEL, limit)
    assert list(itertools.chain.from_iterable(body["input"] for body in bodies)) == inputs
    assert all(1 <= len(body["input"]) <= limit for body in bodies)
    assert all((body["model"], body.get("dimensions")) == (MODEL, size) for body in bodies)


@pytest.mark.parametrize("limit", [None, 0, -1])
def test_a_limit_that_the_catalogue_does_not_say_is_512(limit: int | None) -> None:
    bodies = write_requests(EmbeddingsRequest(MODEL, ("a",) * 1025), MODEL, limit)
    assert [len(body["input"]) for body in bodies] == [512, 512, 1]


def test_base64_is_never_asked_of_copilot() -> None:
    assert write_requests(EmbeddingsRequest(MODEL, ("a",), base64=True), MODEL) == [{"model": MODEL, "input": ["a"]}]


# --- coming back -------------------------------------------------------------------------------------------------


def answer(*rows: Any, **more: Any) -> bytes:
    return msgspec.json.encode({"data": list(rows), **more})


def digits(body: bytes) -> list[bytes]:
    return [bytes(vector) for vector in read_vectors(body)[0]]


@given(order=st.permutations(range(6)))
def test_vectors_are_put_in_the_order_of_their_indexes(order: list[int]) -> None:
    assert digits(answer(*({"embedding": [index], "index": index} for index in order))) == [
        f"[{index}]".encode() for index in range(6)
    ]


def test_vectors_without_an_index_stay_in_the_order_in_which_they_came() -> None:
    assert digits(answer({"embedding": [2]}, {"embedding": [1], "index": None})) == [b"[2]", b"[1]"]


def test_digits_are_kept() -> None:
    body = b'{"data": [ {"embedding": [ -0.10000000000000000001 , 1E-7,\n0], "index": 0} ]}'
    assert digits(body) == [b"[ -0.10000000000000000001 , 1E-7,\n0]"]


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [({"prompt_tokens": 4, "total_tokens": 5}, 4), ({"total_tokens": 5}, 5), ({}, 0), (None, 0)],
    ids=str,
)
def test_the_tokens_are_read_where_they_are_told(usage: object, tokens: int) -> None:
    assert read_vectors(answer(usage=usage))[1] == Usage(input=tokens)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"error":{"message":"no"}}',
        b"[" * 100_000,
        b'{"data":"\xff"}',
        b'{"data":[{"embedding":[NaN]}]}',
        answer({}),
        answer("a"),
        answer({"embedding": None}),
        answer({"embedding": "AACAPw=="}),
        answer({"embedding": []}),
        answer({"embedding": 1}),
        answer({"embedding": ["1"]}),
        answer({"embedding": [None]}),
        answer({"embedding": [1, True]}),
        answer({"embedding": [1, False]}),
        answer({"embedding": [[1]]}),
        answer({"embedding": [{}]}),
        answer({"embedding": {}}),
        answer({"embedding": [1], "index": "0"}),
        answer({"embedding": [1], "index": 1}),
        answer({"embedding": [1], "index": 0}, {"embedding": [1], "index": 0}),
        answer({"embedding": [1], "index": 0}, {"embedding": [1]}),
        answer(usage={"prompt_tokens": True}),
        answer(usage={"prompt_tokens": -1}),
        answer(usage={"prompt_tokens": 2**70}),
        answer(usage=[]),
    ],
    ids=lambda body: str(body[:60]),
)
def test_an_answer_that_is_no_list_of_vectors_is_copilots_fault(body: bytes) -> None:
    with pytest.raises(Failure) as caught:
        read_vectors(body)
    assert (caught.value.kind, caught.value.code) == (Kind.UPSTREAM, "bad_answer")


@given(vector=anything)
def test_only_an_array_of_numbers_is_a_vector(vector: Any) -> None:
    numbers = isinstance(vector, list) and bool(vector) and all(type(item) in {int, float} for item in vector)
    try:
        read_vectors(answer({"embedding": vector}))
    except Failure:
        assert not numbers
    else:
        assert numbers


@given(data=st.data())
def test_an_answer_that_is_cut_anywhere_is_refused(data: st.DataObject) -> None:
    whole = answer({"embedding": [0.5, 1], "index": 0}, usage={"prompt_tokens": 1, "total_tokens": 1})
    with pytest.raises(Failure):
        read_vectors(whole[: data.draw(st.integers(0, len(whole) - 1))])


# --- the simulator's own answers ---------------------------------------------------------------------------------


async def test_texts_beyond_one_request_come_back_in_their_order() -> None:
    said = tuple(f"text {number}" for number in random.Random(1).sample(range(10_000), 700))
    async with Simulator() as simulator, connected(simulator) as client:
        bodies = write_requests(EmbeddingsRequest(MODEL, said, 3), MODEL)
        answers = [await client.post("/embeddings", body) for body in bodies]
        alone = [await client.embed(said[at], dimensions=3) for at in (0, 511, 512, 699)]
    assert [answer.status for answer in (*answers, *alone)] == [200] * 6
    vectors = [vector for answer in answers for vector in digits(answer.body)]
    assert [vectors[at] for at in (0, 511, 512, 699)] == [digits(answer.body)[0] for answer in alone]
    assert (len(vectors), len(set(vectors))) == (700, 700)
    assert all(read_vectors(answer.body)[1].input > 0 for answer in answers)


# --- dimensions ------------------------------------------------------------------------------------------------------


def test_a_size_that_is_not_given_is_none() -> None:
    for fields in ({}, {"a": None}):
        assert read_dimensions(JsonNode(fields), "a") is None


@pytest.mark.parametrize("value", [1, 512, MAX_DIMENSIONS])
def test_any_number_of_dimensions_is_for_upstream_to_judge(value: int) -> None:
    assert read_dimensions(JsonNode({"a": value}), "a") == value


@pytest.mark.parametrize("value", [0, -1, MAX_DIMENSIONS + 1, 2**70, 512.0, "512", True, []])
def test_dimensions_that_no_model_can_have_are_refused(value: object) -> None:
    with pytest.raises(Failure) as caught:
        read_dimensions(JsonNode({"a": value}, "outer"), "a")
    assert caught.value.param == "outer.a"


# --- every dialect ---------------------------------------------------------------------------------------------------


MINIMAL: dict[str, tuple[EmbeddingsDialect, JSON]] = {
    "openai": (OPENAI, {"model": MODEL, "input": "hello"}),
    "gemini": (GEMINI, {"content": {"parts": [{"text": "hello"}]}}),
    "gemini_batch": (GEMINI_BATCH, {"requests": [{"content": {"parts": [{"text": "hello"}]}}]}),
    "ollama": (OLLAMA, {"model": MODEL, "input": "hello"}),
    "ollama_old": (OLLAMA_OLD, {"model": MODEL, "prompt": "hello"}),
}
every_dialect = pytest.mark.parametrize(("dialect", "body"), MINIMAL.values(), ids=MINIMAL)


@every_dialect
def test_one_text_is_asked_for_in_each_dialect_alike(dialect: EmbeddingsDialect, body: JSON) -> None:
    assert asked(dialect, body) == EmbeddingsRequest(MODEL, ("hello",))


@every_dialect
def test_fields_that_are_not_known_are_named(dialect: EmbeddingsDialect, body: JSON) -> None:
    assert asked(dialect, {**body, "of_tomorrow": 1, "nothing": None}).dropped == ("of_tomorrow",)


@every_dialect
@given(whatever=anything, field=st.sampled_from(["input", "model", "content", "requests", "options", "prompt"]))
def test_whatever_json_comes_is_read_or_refused(
    dialect: EmbeddingsDialect, body: JSON, whatever: object, field: str
) -> None:
    for given_body in (whatever, {**body, field: whatever}):
        kind, ask = None, None
        try:
            ask = asked(dialect, given_body)
        except Failure as failure:
            kind = failure.kind
        assert kind is Kind.INVALID or (ask is not None and _is_sound(ask))


def _is_sound(ask: EmbeddingsRequest) -> bool:
    texts = [text for body in write_requests(ask, ask.model) for text in body["input"]]
    return bool(ask.model) and all(texts) and tuple(texts) == ask.inputs


@every_dialect
@given(raw=st.binary(max_size=40))
def test_whatever_bytes_come_are_refused(dialect: EmbeddingsDialect, body: JSON, raw: bytes) -> None:
    with pytest.raises(Failure) as caught:
        dialect.read(Request(raw, {"model": MODEL}), decode)
    assert (caught.value.kind, bool(body)) == (Kind.INVALID, True)


@every_dialect
def test_a_missing_model_is_refused(dialect: EmbeddingsDialect, body: JSON) -> None:
    assert refused(dialect, {**body, "model": ""}, model="") == "model"


@every_dialect
def test_an_answer_that_has_too_many_or_too_few_vectors_is_refused(dialect: EmbeddingsDialect, body: JSON) -> None:
    ask = asked(dialect, body)
    for vectors in (raws(), raws("[1]", "[2]")):
        with pytest.raises(Failure) as caught:
            dialect.write(ask, vectors, Usage())
        assert (caught.value.kind, caught.value.code) == (Kind.UPSTREAM, "bad_answer")


@every_dialect
def test_the_digits_of_a_number_are_those_that_came(dialect: EmbeddingsDialect, body: JSON) -> None:
    vector = "[-0.0123456789012345678901,1.50e-3,0]"
    assert vector.encode() in dialect.write(asked(dialect, body), raws(vector), Usage())


@given(said=texts)
def test_every_text_goes_up_as_it_was_said(said: str) -> None:
    part = {"content": {"parts": [{"text": said}]}}
    for ask in (
        asked(OPENAI, {"model": MODEL, "input": said}),
        asked(GEMINI, part),
        asked(GEMINI_BATCH, {"requests": [part]}),
        asked(OLLAMA, {"model": MODEL, "input": [said]}),
        asked(OLLAMA_OLD, {"model": MODEL, "prompt": said}),
    ):
        assert ask.inputs == (said,)


# --- simulator -------------------------------------------------------------------------------------------------------


async def answered(dialect: EmbeddingsDialect, body: dict[str, Any]) -> Any:
    ask = asked(dialect, body)
    (upstream,) = write_requests(ask, ask.model)
    async with Simulator(seed=7) as simulator, connected(simulator) as client:
        answer = await client.post("/embeddings", upstream)
    return msgspec.json.decode(dialect.write(ask, *read_vectors(answer.body)))


def part(text: str) -> dict[str, Any]:
    return {"model": f"models/{MODEL}", "content": {"parts": [{"text": text}]}}


async def test_openai() -> None:
    answer = await answered(OPENAI, {"model": MODEL, "input": [[7, 4, 24], [24, 14]], "dimensions": 8})
    assert [row["embedding"] for row in answer["data"]] == [vector("hey", 8, 7), vector("yo", 8, 7)]
    assert answer["usage"]["prompt_tokens"] == 2


async def test_openai_in_base64() -> None:
    answer = await answered(OPENAI, {"model": MODEL, "input": "hey", "encoding_format": "base64"})
    packed = base64.b64decode(answer["data"][0]["embedding"])
    assert struct.unpack("<1536f", packed) == pytest.approx(vector("hey", 1536, 7), abs=1e-7)


async def test_gemini() -> None:
    answer = await answered(GEMINI, {**part("hey"), "outputDimensionality": 8})
    assert answer["embedding"]["values"] == vector("hey", 8, 7)


async def test_gemini_in_a_batch() -> None:
    answer = await answered(GEMINI_BATCH, {"requests": [part("hey"), part("yo")]})
    assert [one["values"] for one in answer["embeddings"]] == [vector("hey", 1536, 7), vector("yo", 1536, 7)]


async def test_ollama() -> None:
    answer = await answered(OLLAMA, {"model": MODEL, "input": ["hey", "yo"], "dimensions": 8})
    assert answer["embeddings"] == [vector("hey", 8, 7), vector("yo", 8, 7)]
    assert answer["prompt_eval_count"] == 2


async def test_old_ollama() -> None:
    answer = await answered(OLLAMA_OLD, {"model": MODEL, "prompt": "hey"})
    assert answer["embedding"] == vector("hey", 1536, 7)
