import itertools
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat import Usage
from passenger.embeddings import EmbedAsk, read_vectors, upstream_bodies
from passenger.errors import Failure, Kind
from passenger.simulator import Simulator
from tests.embeddings.requests import MODEL, anything, texts
from tests.simulator.client import connected

# --- going up ----------------------------------------------------------------------------------------------------


@given(inputs=st.lists(texts, max_size=30), limit=st.integers(1, 12), size=st.none() | st.integers(1, 3072))
def test_the_requests_hold_all_texts_in_order_and_none_too_many(
    inputs: list[str], limit: int, size: int | None
) -> None:
    bodies = upstream_bodies(EmbedAsk("alias", tuple(inputs), size), MODEL, limit)
    assert list(itertools.chain.from_iterable(body["input"] for body in bodies)) == inputs
    assert all(1 <= len(body["input"]) <= limit for body in bodies)
    assert all((body["model"], body.get("dimensions")) == (MODEL, size) for body in bodies)


@pytest.mark.parametrize("limit", [None, 0, -1])
def test_a_limit_that_the_catalogue_does_not_say_is_512(limit: int | None) -> None:
    bodies = upstream_bodies(EmbedAsk(MODEL, ("a",) * 1025), MODEL, limit)
    assert [len(body["input"]) for body in bodies] == [512, 512, 1]


def test_base64_is_never_asked_of_copilot() -> None:
    assert upstream_bodies(EmbedAsk(MODEL, ("a",), base64=True), MODEL) == [{"model": MODEL, "input": ["a"]}]


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
        bodies = upstream_bodies(EmbedAsk(MODEL, said, 3), MODEL)
        answers = [await client.post("/embeddings", body) for body in bodies]
        alone = [await client.embed(said[at], dimensions=3) for at in (0, 511, 512, 699)]
    assert [answer.status for answer in (*answers, *alone)] == [200] * 6
    vectors = [vector for answer in answers for vector in digits(answer.body)]
    assert [vectors[at] for at in (0, 511, 512, 699)] == [digits(answer.body)[0] for answer in alone]
    assert (len(vectors), len(set(vectors))) == (700, 700)
    assert all(read_vectors(answer.body)[1].input > 0 for answer in answers)
