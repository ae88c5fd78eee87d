"""Several answers to one request, judged from outside."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from passenger.gateway.fan_out import all_of, merged
from passenger.simulator import Fault
from tests.proxy import eventually
from tests.server.bench import AGES, CHAT, Answer, Bench, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODELS = {"gemini-3-pro-preview": "/chat/completions", "claude-opus-5": "/v1/messages", "gpt-5.5": "/responses"}
"""A model that gives one answer to each request, by the path that several are asked on."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with bench(tmp_path_factory.mktemp("bench")) as found:
        yield found


@pytest.fixture
def one(module_bench: Bench) -> Bench:
    module_bench.forget()
    return module_bench


async def google(one: Bench, model: str, count: object, *, stream: bool = False, text: str = "hello") -> Answer:
    action = "streamGenerateContent?alt=sse" if stream else "generateContent"
    contents = [{"role": "user", "parts": [{"text": text}]}]
    body = {"contents": contents, "generationConfig": {"candidateCount": count}}
    return await one.send("POST", f"/v1beta/models/{model}:{action}", json=body)


def used(usage: dict[str, Any]) -> tuple[int, int]:
    return usage["prompt_tokens"], usage["completion_tokens"]


@pytest.mark.parametrize("model", MODELS)
async def test_each_choice_is_a_request_and_what_they_took_is_summed(one: Bench, model: str) -> None:
    single = (await one.chat(model=model)).json()
    one.forget()
    answer = await one.chat(model=model, n=3)
    said = answer.json()
    assert [choice["index"] for choice in said["choices"]] == [0, 1, 2]
    assert {choice["message"]["content"] for choice in said["choices"]} == {single["choices"][0]["message"]["content"]}
    assert all(choice["finish_reason"] == "stop" for choice in said["choices"])
    assert used(said["usage"]) == tuple(3 * count for count in used(single["usage"]))
    assert len(one.sim.seen(MODELS[model])) == 3
    assert not any("n" in request.json() for request in one.sim.seen(MODELS[model]))
    assert answer.headers["x-passenger-route"].endswith("mode=translated; calls=3")
    line = await one.line(answer)
    assert f"input={said['usage']['prompt_tokens']}" in line


@pytest.mark.parametrize("model", MODELS)
async def test_streamed_choices_have_their_indices_and_one_end(one: Bench, model: str) -> None:
    whole = (await one.chat(model=model, n=3)).json()
    answer = await one.stream(model=model, n=3, stream_options={"include_usage": True})
    *chunks, last = answer.chunks
    assert answer.data.count(b"[DONE]") == 1
    assert answer.data[-1] == b"[DONE]"
    assert (last["choices"], used(last["usage"])) == ([], used(whole["usage"]))
    assert len({chunk["id"] for chunk in answer.chunks}) == 1
    for index, choice in enumerate(whole["choices"]):
        told = [one for chunk in chunks for one in chunk["choices"] if one["index"] == index]
        assert "".join(one["delta"].get("content") or "" for one in told) == choice["message"]["content"]
        assert [one["finish_reason"] for one in told if one["finish_reason"]] == ["stop"]
    assert not any("usage" in chunk for chunk in (await one.stream(model=model, n=3)).chunks)


@pytest.mark.parametrize("model", ["gpt-4o", *MODELS])
async def test_candidates_are_choices_in_googles_words(one: Bench, model: str) -> None:
    single = (await google(one, model, 1)).json()
    said = (await google(one, model, 2)).json()
    assert [candidate["index"] for candidate in said["candidates"]] == [0, 1]
    total = 2 * single["usageMetadata"]["totalTokenCount"]
    assert said["usageMetadata"]["totalTokenCount"] == total
    pieces = [json.loads(data) for data in (await google(one, model, 2, stream=True)).data]
    ends = [one for piece in pieces for one in piece["candidates"] if "finishReason" in one]
    assert sorted(end["index"] for end in ends) == [0, 1]
    assert pieces[-1]["usageMetadata"]["totalTokenCount"] == total
    for candidate in said["candidates"]:
        told = [one for piece in pieces for one in piece["candidates"] if one["index"] == candidate["index"]]
        text = "".join(part["text"] for one in told for part in one["content"]["parts"])
        assert text == candidate["content"]["parts"][0]["text"]


async def test_a_model_that_gives_several_answers_itself_is_asked_once(one: Bench) -> None:
    answer = await one.chat(n=3)
    assert "mode=relayed" in answer.headers["x-passenger-route"]
    assert [choice["index"] for choice in answer.json()["choices"]] == [0, 1, 2]
    (request,) = one.chats()
    assert request.json()["n"] == 3


@pytest.mark.parametrize("count", [0, 9, -1, "2", 1.5, True])
async def test_another_number_is_refused_by_its_name(one: Bench, count: object) -> None:
    answer = await one.chat(model="claude-opus-5", n=count)
    assert (answer.status, answer.error["param"]) == (400, "n")
    if count != 0:
        refused = await google(one, "gpt-4o", count)
        assert refused.status == 400
        assert "generationConfig.candidateCount" in refused.body.decode()
    assert one.sim.requests == []


async def test_strict_settings_ask_nothing_that_was_not_asked(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[upstream]\nstrict = true\n") as one:
        answer = await one.chat(model="claude-opus-5", n=2)
        assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "unsupported_parameter", "n")
        assert (await one.chat(n=2)).status == (await one.chat(model="claude-opus-5", n=1)).status == 200
        refused = await google(one, "gpt-4o", 2)
        assert (refused.status, refused.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
        assert not one.sim.seen("/v1/messages")


# --- what goes wrong ---------------------------------------------------------------------------------------------


@pytest.mark.proves("promise 7", "F45")
@pytest.mark.parametrize("stream", [True, False])
async def test_where_one_fails_before_the_first_byte_all_do(one: Bench, stream: bool) -> None:
    one.sim.inject(Fault(status=503), "/v1/messages", times=1)
    one.sim.inject(Fault(delay=AGES), "/v1/messages", times=2)
    answer = await one.chat(model="claude-opus-5", n=3, stream=stream)
    assert answer.status == 503
    assert list(answer.json()) == ["error"]
    await eventually(lambda: one.sim.active == 0)


@pytest.mark.proves("promise 6", "F45")
async def test_where_one_breaks_in_mid_stream_there_is_one_error_and_no_end(one: Bench) -> None:
    one.sim.inject(Fault(cut_after=4), "/v1/messages", times=1)
    one.sim.inject(Fault(stall_after=4), "/v1/messages", times=2)
    answer = await one.stream(model="claude-opus-5", n=3)
    assert b"[DONE]" not in answer.body
    assert [list(chunk) for chunk in answer.chunks if "choices" not in chunk] == [["error"]]
    assert answer.chunks[-1]["error"]["code"] == "stream_broken"
    assert "outcome=broken" in await one.line(answer)
    await eventually(lambda: one.sim.active == 0)


@pytest.mark.proves("promise 7", "F35", "F45")
@pytest.mark.parametrize("fault", [Fault(delay=AGES), Fault(stall_after=4)], ids=["before headers", "in mid-stream"])
@pytest.mark.parametrize("stream", [True, False])
async def test_who_hangs_up_ends_all_of_them(one: Bench, stream: bool, fault: Fault) -> None:
    one.sim.inject(fault, "/v1/messages", times=3)
    data = json.dumps(asking(model="claude-opus-5", n=3, stream=stream)).encode()
    wire = await one.dial(
        f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode()
        + (f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
    )
    await one.upstream("/v1/messages", 3)
    await eventually(lambda: one.sim.active == 3)
    if stream and not fault.delay:
        await wire.until(b'"index":2')
    wire.abort()
    await eventually(lambda: one.sim.active == 0)
    assert all(request.closed_early for request in one.sim.seen("/v1/messages"))


async def given(value: int, after: asyncio.Event | None = None) -> int:
    if after is not None:
        await after.wait()
    return value


async def failing(after: asyncio.Event | None = None) -> int:
    await given(0, after)
    raise ValueError("no")


async def test_all_results_come_in_their_order() -> None:
    first = asyncio.Event()
    first.set()
    assert await all_of([given(1, first), given(2)], lambda _: None) == [1, 2]


async def test_where_one_fails_nothing_is_left_behind() -> None:
    undone, never, after = list[int](), asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().call_later(0, after.set)
    before = asyncio.all_tasks()
    with pytest.raises(ValueError, match="no"):
        await all_of([given(1), given(2, never), failing(after)], undone.append)
    assert undone == [1]
    assert asyncio.all_tasks() == before


async def test_where_the_caller_is_cancelled_nothing_is_left_behind() -> None:
    undone, never, begun = list[int](), asyncio.Event(), asyncio.Event()

    async def telling() -> int:
        begun.set()
        return 1

    before = asyncio.all_tasks()
    task = asyncio.create_task(all_of([given(2, never), telling()], undone.append))
    await begun.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert undone == [1]
    assert asyncio.all_tasks() == before


async def items(*values: int, after: asyncio.Event | None = None, broken: bool = False) -> AsyncIterator[int]:
    for value in values:
        yield value
    if after is not None:
        await after.wait()
    if broken:
        raise ValueError("no")


async def test_the_items_of_all_streams_come_with_their_numbers_each_stream_in_order() -> None:
    found = [pair async for pair in merged([items(1, 2, 3), items(), items(4, 5)])]
    assert [value for index, value in found if index == 0] == [1, 2, 3]
    assert [value for index, value in found if index == 2] == [4, 5]
    assert len(found) == 5


async def test_a_stream_that_waits_holds_up_no_other() -> None:
    never, found = asyncio.Event(), list[int]()
    before = asyncio.all_tasks()
    parts = merged([items(after=never), items(1, 2)])
    async for _, value in parts:
        found.append(value)
        if value == 2:
            break
    await parts.aclose()
    assert found == [1, 2]
    assert asyncio.all_tasks() == before


async def test_where_one_stream_fails_none_is_asked_any_more() -> None:
    never, before = asyncio.Event(), asyncio.all_tasks()
    with pytest.raises(ValueError, match="no"):
        async for _ in merged([items(after=never), items(1, broken=True)]):
            pass
    assert asyncio.all_tasks() == before
