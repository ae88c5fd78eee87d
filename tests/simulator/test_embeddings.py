import math
from typing import Any

import pytest

from passenger.simulator import Fault, Simulator
from passenger.simulator.embeddings import vector
from tests.simulator.client import Client

SMALL = "text-embedding-3-small"


async def test_each_text_has_a_vector_of_length_one_in_order(client: Client) -> None:
    body = (await client.embed("a", "b", "a")).json()
    assert list(body) == ["data", "usage"]
    rows = body["data"]
    assert [(row["index"], row["object"], len(row["embedding"])) for row in rows] == [
        (n, "embedding", 1536) for n in range(3)
    ]
    assert all(math.isclose(math.hypot(*row["embedding"]), 1) for row in rows)
    assert rows[0]["embedding"] == rows[2]["embedding"] != rows[1]["embedding"]
    assert body["usage"] == {"prompt_tokens": 3, "total_tokens": 3}


async def test_dimensions_are_kept_and_an_encoding_is_ignored(client: Client) -> None:
    row = (await client.embed("a", dimensions=3, encoding_format="base64")).json()["data"][0]
    assert (len(row["embedding"]), type(row["embedding"][0])) == (3, float)
    assert (await client.embed("a", model="text-embedding-ada-002", dimensions=3)).status == 400
    assert (await client.embed("a", model="text-embedding-ada-002")).status == 200


@pytest.mark.parametrize("dimensions", [0, 1537, "3", True])
async def test_dimensions_that_there_are_not_are_refused(client: Client, dimensions: object) -> None:
    assert (await client.embed("a", dimensions=dimensions)).status == 400


@pytest.mark.parametrize(
    "given", ["text", [], [""], [1, 2], [[1, 2]], ["a", 7], None, ["x"] * 513, ["x" * 4 * 8193], {"text": "a"}]
)
async def test_only_a_list_of_texts_within_the_limits_is_taken(client: Client, given: Any) -> None:
    answer = await client.post("/embeddings", {"model": SMALL, "input": given})
    assert (answer.status, answer.json()["error"]["code"]) == (400, "invalid_request_body")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"input":["a"]}'])
async def test_a_body_that_is_no_request_is_refused(client: Client, body: bytes) -> None:
    assert (await client.post("/embeddings", body)).status == 400


async def test_only_embedding_models_embed(client: Client) -> None:
    assert (await client.embed("a", model="gpt-4o")).json()["error"]["code"] == "unsupported_api_for_model"
    assert (await client.embed("a", model="nothing")).json()["error"]["code"] == "model_not_supported"


async def test_an_overflow_can_be_ordered(sim: Simulator, client: Client) -> None:
    assert "maximum context length is 8192" in (await client.embed("a [[overflow]]")).json()["error"]["message"]
    sim.inject(Fault(overflow=True), "/embeddings")
    assert (await client.embed("a")).status == 400


async def test_embeddings_are_no_premium_requests(client: Client) -> None:
    answer = await client.embed("a")
    assert not [name for name in answer.headers if name.startswith("x-quota")]
    assert (await client.embed("x" * 6 * 1024 * 1024)).status == 413


def test_the_seed_turns_every_vector() -> None:
    assert vector("a", 8, 0) == vector("a", 8, 0) != vector("a", 8, 1)
