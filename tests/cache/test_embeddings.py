"""Embeddings are kept text by text: what is kept does not go up again, and what is asked for just now is shared."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from passenger.cache.embeddings import EmbeddingsCache
from passenger.cache.kept import KeptValues
from passenger.chat.cache_control import NO_WISH
from passenger.chat.cost import Tariff
from passenger.copilot.call import Call, Operation
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.simulator.faults import Fault
from tests.cache.gate import Gate
from tests.fakes import Clock
from tests.server.bench import Answer, Bench, bench

PATH = "/embeddings"
MODEL = "text-embedding-3-small"


async def embed(one: Bench, *texts: str, headers: dict[str, str] | None = None, **fields: object) -> Answer:
    body = {"model": MODEL, "input": list(texts), **fields}
    answer = await one.send("POST", "/v1/embeddings", json=body, headers=headers)
    assert answer.status == 200, answer.body
    return answer


def vectors(answer: Answer) -> list[Any]:
    return [row["embedding"] for row in answer.json()["data"]]


def gone_up(one: Bench) -> list[list[str]]:
    """The texts of each call that Copilot got."""
    return [request.json()["input"] for request in one.sim.seen(PATH)]


async def test_only_the_texts_go_up_that_are_not_kept(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        first = await embed(one, "red", "green")
        assert first.headers["x-passenger-cache"] == "stored"
        second = await embed(one, "green", "blue", "red")
        assert second.headers["x-passenger-cache"] == "stored"
        assert gone_up(one) == [["red", "green"], ["blue"]]
        assert vectors(second)[0::2] == vectors(first)[::-1]
        third = await embed(one, "blue", "red", "green")
        assert third.headers["x-passenger-cache"] == "hit"
        assert len(gone_up(one)) == 2


async def test_a_request_that_is_repeated_is_answered_byte_for_byte(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        first, again = await embed(one, "some words", "and more"), await embed(one, "some words", "and more")
        assert again.body == first.body
        ollama = {"model": MODEL, "input": ["some words", "and more"]}
        other = await one.send("POST", "/api/embed", json=ollama)
        assert other.json()["embeddings"] == vectors(first)
        google = {"content": {"parts": [{"text": "some words"}]}}
        third = await one.send("POST", f"/v1beta/models/{MODEL}:embedContent", json=google)
        assert third.json()["embedding"]["values"] == vectors(first)[0]
        assert len(gone_up(one)) == 1


async def test_a_text_that_stands_there_twice_goes_up_once(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        answer = await embed(one, "twice", "once", "twice")
        assert gone_up(one) == [["twice", "once"]]
        assert vectors(answer)[0] == vectors(answer)[2] != vectors(answer)[1]


async def test_another_size_or_model_is_another_vector(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await embed(one, "words")
        small = await embed(one, "words", dimensions=8)
        assert (small.headers["x-passenger-cache"], len(vectors(small)[0])) == ("stored", 8)
        assert len(gone_up(one)) == 2


@pytest.mark.parametrize(
    ("headers", "calls", "cache"),
    [
        ({"Cache-Control": "no-cache"}, 2, "stored"),
        ({"Cache-Control": "max-age=0"}, 2, "stored"),
        ({"Cache-Control": "max-age=3600"}, 1, "hit"),
        ({"Cache-Control": "no-store"}, 2, None),
        ({"x-passenger-no-cache": "1"}, 2, None),
    ],
)
async def test_a_client_says_whether_a_kept_vector_will_do(
    tmp_path: Path, headers: dict[str, str], calls: int, cache: str | None
) -> None:
    async with bench(tmp_path) as one:
        await embed(one, "words")
        answer = await embed(one, "words", headers=headers)
        assert answer.headers.get("x-passenger-cache") == cache
        assert len(gone_up(one)) == calls


async def test_nothing_is_kept_of_a_client_that_wants_nothing_kept(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await embed(one, "words", headers={"Cache-Control": "no-store"})
        assert (await embed(one, "words")).headers["x-passenger-cache"] == "stored"
        assert len(gone_up(one)) == 2


async def test_nothing_is_kept_where_the_settings_say_so(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[cache]\nembeddings = false\n") as one:
        for _ in range(2):
            assert "x-passenger-cache" not in (await embed(one, "words")).headers
        assert len(gone_up(one)) == 2


async def test_a_failure_is_not_kept(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        one.sim.inject(Fault(status=500), path=PATH)
        body = {"model": MODEL, "input": ["words"]}
        assert (await one.send("POST", "/v1/embeddings", json=body)).status == 500
        assert (await embed(one, "words")).headers["x-passenger-cache"] == "stored"


async def test_no_file_is_made(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await embed(one, "words")
        assert not [path for path in one.proxy.home.rglob("*") if "cache" in path.name and path.is_file()]


KEYS = '[server]\napi_keys = ["key-of-anna", "key-of-bert"]\n'


@pytest.mark.parametrize(("scope", "calls"), [("user", 2), ("key", 2), ("seat", 1)])
async def test_keys_share_what_is_kept_only_where_the_settings_say_so(tmp_path: Path, scope: str, calls: int) -> None:
    anna, bert = ({"Authorization": f"Bearer key-of-{name}"} for name in ("anna", "bert"))
    config = f'{KEYS}[cache]\nscope = "{scope}"\n'
    async with bench(tmp_path, config=config, primed=False) as one:
        await embed(one, "words", headers=anna)
        await embed(one, "words", headers=bert)
        assert (await embed(one, "words", headers=anna)).headers["x-passenger-cache"] == "hit"
        assert len(gone_up(one)) == calls


# --- at once ---------------------------------------------------------------------------------------------------------


async def test_equal_requests_at_once_share_a_call(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        one.sim.inject(Fault(delay=0.5), path=PATH)
        answers = await asyncio.gather(*(embed(one, "a", "b") for _ in range(5)))
        assert len({answer.body for answer in answers}) == 1
        assert len(gone_up(one)) == 1
        used = sorted(answer.headers["x-passenger-cache"] for answer in answers)
        assert used.count("stored") == 1
        assert set(used) <= {"stored", "joined", "hit"}


def make(gate: Gate) -> tuple[EmbeddingsCache, Call]:
    body = b'{"model":"m","input":["a","b"]}'
    return EmbeddingsCache(KeptValues(1 << 20, 60.0, Clock())), Call(Operation.EMBED, PATH, body, seat="s", model="m")


def asking(call: Call, *texts: str) -> Call:
    return replace(call, body=msgspec.json.encode({"model": "m", "input": texts}))


def exchange() -> Exchange:
    return Exchange("POST", "/v1/embeddings", tariff=Tariff())


async def test_a_text_that_is_asked_for_just_now_is_waited_for_and_the_others_go_up() -> None:
    gate = Gate()
    cache, call = make(gate)
    first, second = exchange(), exchange()
    leader = asyncio.ensure_future(cache.embed(gate, asking(call, "a", "b"), first, "me", NO_WISH))
    await gate.asked(1)
    follower = asyncio.ensure_future(cache.embed(gate, asking(call, "b", "c"), second, "me", NO_WISH))
    await gate.asked(2)
    assert gate.texts == [["a", "b"], ["c"]]
    gate.open()
    one, two = msgspec.json.decode(await leader or b""), msgspec.json.decode(await follower or b"")
    assert one["data"][1]["embedding"] == two["data"][0]["embedding"]
    assert (first.cache, second.cache, first.attempts, second.attempts) == ("stored", "stored", 1, 1)
    assert (first.spared, second.spared) == (0, 10)


async def test_whoever_waits_gets_the_vectors_though_the_first_has_left_and_pays_for_them() -> None:
    gate = Gate()
    cache, call = make(gate)
    first, second = exchange(), exchange()
    leader = asyncio.ensure_future(cache.embed(gate, call, first, "me", NO_WISH))
    await gate.asked(1)
    follower = asyncio.ensure_future(cache.embed(gate, call, second, "me", NO_WISH))
    await asyncio.sleep(0)
    leader.cancel()
    await asyncio.wait([leader])
    gate.open()
    assert await follower
    assert (first.attempts, second.attempts, second.sent_bytes, second.spared) == (0, 1, 7, 0)
    assert len(gate.texts) == 1


async def test_a_call_ends_that_nobody_waits_for_any_more() -> None:
    gate = Gate()
    cache, call = make(gate)
    first, second = exchange(), exchange()
    tasks = [asyncio.ensure_future(cache.embed(gate, call, one, "me", NO_WISH)) for one in (first, second)]
    await gate.asked(1)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await gate.given_up.wait()
    assert (first.attempts, second.attempts) == (0, 1)
    again = asyncio.ensure_future(cache.embed(gate, call, exchange(), "me", NO_WISH))
    await gate.asked(2)
    gate.open()
    assert await again


async def test_all_who_wait_are_told_of_a_failure_and_nobody_asks_again() -> None:
    gate = Gate(Failure(Kind.UNAVAILABLE, "not now"))
    cache, call = make(gate)
    tasks = [asyncio.ensure_future(cache.embed(gate, call, exchange(), "me", NO_WISH)) for _ in range(3)]
    await gate.asked(1)
    gate.open()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(result, Failure)
        assert result.message == "not now"
    assert len(gate.texts) == 1


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=8, unique=True), tokens=st.integers(0, 1000))
def test_the_tokens_of_the_texts_add_up_to_those_of_the_call(lengths: list[int], tokens: int) -> None:
    async def ask() -> None:
        gate = Gate(tokens=tokens)
        gate.open()
        cache, call = make(gate)
        texts = ["x" * length for length in lengths]
        whole = asking(call, *texts)
        first, again = exchange(), exchange()
        assert await cache.embed(gate, whole, first, "me", NO_WISH) == await cache.embed(
            gate, whole, again, "me", NO_WISH
        )
        assert (first.spared, again.spared) == (0, tokens)

    asyncio.run(ask())
