"""Chats are kept for whoever asks for it: a replay is the first answer, in every dialect, whole and as a stream."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from passenger.cache.chats import LARGEST, MOST_CALLS
from passenger.simulator.faults import Fault
from tests.proxy import eventually
from tests.server.bench import CHAT, UP, Answer, Bench, asking, bench

TAKES = {"Cache-Control": "max-age=3600"}
CLAUDE, GPT, RESPONSES_ONLY = "claude-haiku-4.5", "gpt-4o", "gpt-5.5"
TOOL = {"type": "object", "properties": {"city": {"type": "string"}}}


def question(dialect: str, model: str, text: str, *, stream: bool) -> tuple[str, dict[str, Any]]:
    """A request: its path and body."""
    said = [{"role": "user", "content": text}]
    match dialect:
        case "completions":
            return CHAT, {"model": model, "messages": said, "stream": stream}
        case "messages":
            return "/v1/messages", {"model": model, "max_tokens": 4_000, "messages": said, "stream": stream}
        case "responses":
            return "/v1/responses", {"model": model, "input": text, "stream": stream, "store": False}
        case "gemini":
            action = "streamGenerateContent?alt=sse" if stream else "generateContent"
            return f"/v1beta/models/{model}:{action}", {"contents": [{"role": "user", "parts": [{"text": text}]}]}
        case "ollama":
            return "/api/chat", {"model": model, "messages": said, "stream": stream}
        case _:
            raise AssertionError(dialect)


WAYS = [
    ("completions", GPT),
    ("completions", RESPONSES_ONLY),
    ("messages", CLAUDE),
    ("messages", GPT),
    ("messages", RESPONSES_ONLY),
    ("responses", RESPONSES_ONLY),
    ("responses", CLAUDE),
    ("gemini", GPT),
    ("gemini", CLAUDE),
    ("ollama", GPT),
    ("ollama", RESPONSES_ONLY),
]
"""Each dialect relayed, where it can be, and translated."""

TEXTS = ("Hello", "[[events 40]]", "[[unicode]] what?", "[[think]] Why?")


def chats(one: Bench) -> int:
    """How many chats Copilot got."""
    return sum(len(one.sim.seen(path)) for path in (UP, "/v1/messages", "/responses"))


async def ask(
    one: Bench, asked: tuple[str, dict[str, Any]], headers: dict[str, str] | None = None, status: int = 200
) -> Answer:
    path, body = asked
    answer = await one.send("POST", path, json=body, headers=TAKES if headers is None else headers)
    assert answer.status == status, answer.body
    return answer


def without_durations(body: bytes) -> list[Any]:
    """The lines of an answer of Ollama without the times that it took."""
    found = [json.loads(line) for line in body.splitlines()]
    return [{key: value for key, value in one.items() if "duration" not in key} for one in found]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("dialect", "model"), WAYS)
async def test_a_replay_is_the_first_answer(tmp_path: Path, dialect: str, model: str, *, stream: bool) -> None:
    same: Callable[[bytes], object] = without_durations if dialect == "ollama" else bytes
    async with bench(tmp_path) as one:
        for number, text in enumerate(TEXTS, 1):
            asked = question(dialect, model, text, stream=stream)
            first = await ask(one, asked)
            assert first.headers["x-passenger-cache"] in ({"miss", "stored"} if stream else {"stored"})
            again = await ask(one, asked)
            assert again.headers["x-passenger-cache"] == "hit"
            assert same(again.body) == same(first.body)
            assert again.headers["content-type"] == first.headers["content-type"]
            assert again.headers["x-passenger-route"] == first.headers["x-passenger-route"]
            if not stream:
                assert float(again.headers["x-passenger-credits"]) == 0
            assert chats(one) == number


SHAPES = ("[[events 30]]", "[[think]]", "[[size 12000]]", "[[split 7]]", "[[crlf]]", "[[comments]]", "[[no-space]]", "")
QUESTIONS = st.tuples(
    st.sampled_from(WAYS), st.booleans(), st.sampled_from(SHAPES), st.text(st.characters(exclude_categories=["Cs"]))
)


@settings(max_examples=4, phases=[Phase.generate])
@given(st.lists(QUESTIONS, min_size=8, max_size=16))
def test_whatever_is_asked_twice_is_answered_twice_the_same(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[tuple[str, str], bool, str, str]]
) -> None:
    async def ask_twice() -> None:
        async with bench(tmp_path_factory.mktemp("law")) as one:
            for (dialect, model), stream, shape, text in asked:
                same = without_durations if dialect == "ollama" else bytes
                again = question(dialect, model, f"{shape} {text}", stream=stream)
                first, second = await ask(one, again), await ask(one, again)
                assert second.headers["x-passenger-cache"] == "hit"
                assert same(second.body) == same(first.body)

    asyncio.run(ask_twice())


async def test_a_call_of_a_tool_is_given_again(tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "weather", "parameters": TOOL}}]
    text = '[[call weather {"city":"Bern"}]]'
    async with bench(tmp_path) as one:
        for stream in (False, True):
            asked = CHAT, asking(text, tools=tools, stream=stream)
            first, again = await ask(one, asked), await ask(one, asked)
            assert again.headers["x-passenger-cache"] == "hit"
            assert again.body == first.body
            assert b"tool_calls" in first.body


async def test_nothing_is_kept_unless_the_client_or_the_settings_ask_for_it(tmp_path: Path) -> None:
    asked = question("completions", GPT, "Hello", stream=False)
    async with bench(tmp_path) as one:
        for headers in ({}, {"Cache-Control": "max-age=0"}, {"Cache-Control": "no-cache"}, {}):
            assert "x-passenger-cache" not in (await ask(one, asked, headers)).headers
        assert chats(one) == 4
    (tmp_path / "other").mkdir()
    async with bench(tmp_path / "other", config="[cache]\nchat = true\n") as one:
        wishes: list[dict[str, str]] = [{}, {}, {"Cache-Control": "no-store"}, {"Cache-Control": "no-cache"}, {}]
        answers = [await ask(one, asked, headers) for headers in wishes]
        assert [answer.headers.get("x-passenger-cache") for answer in answers] == [
            "stored",
            "hit",
            None,
            "stored",
            "hit",
        ]
        assert chats(one) == 3


@pytest.mark.parametrize(
    "text",
    [
        "[[limit 12]]",
        "[[filter 12]]",
        "[[refuse]]",
        "[[cut 3]]",
        "[[error 2]]",
        "[[end 3]]",
        "[[status 503]]",
        "[[reset 2]]",
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_what_failed_or_was_cut_is_not_kept(tmp_path: Path, text: str, *, stream: bool) -> None:
    async with bench(tmp_path) as one:
        for dialect, model in (
            ("completions", GPT),
            ("messages", CLAUDE),
            ("responses", RESPONSES_ONLY),
            ("gemini", GPT),
        ):
            path, body = question(dialect, model, text, stream=stream)
            before = chats(one)
            for _ in range(2):
                async with one.http.post(one.proxy.url + path, json=body, headers=TAKES) as response:
                    assert response.headers.get("x-passenger-cache") in {"miss", None}
                    await response.read()
            assert chats(one) >= before + 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/responses", {"model": RESPONSES_ONLY, "input": "Hello"}),
        ("/v1/responses", {"model": RESPONSES_ONLY, "input": "Hello", "store": True}),
        (
            "/v1/responses",
            {"model": RESPONSES_ONLY, "input": "[[search news]]", "store": False, "tools": [{"type": "web_search"}]},
        ),
        (CHAT, asking("Hello", n=2)),
        (CHAT, asking("Hello", model=CLAUDE, n=2)),
    ],
)
async def test_what_keeps_state_or_acts_elsewhere_is_not_kept(tmp_path: Path, path: str, body: dict[str, Any]) -> None:
    async with bench(tmp_path) as one:
        for _ in range(2):
            before = chats(one)
            assert "x-passenger-cache" not in (await ask(one, (path, body))).headers
            assert chats(one) > before


# --- at once ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
async def test_equal_chats_at_once_share_a_call(tmp_path: Path, *, stream: bool) -> None:
    async with bench(tmp_path) as one:
        one.sim.inject(Fault(delay=0.5), path="/responses")
        asked = question("completions", RESPONSES_ONLY, "[[events 30]]", stream=stream)
        answers = await asyncio.gather(*(ask(one, asked) for _ in range(6)))
        assert len({answer.body for answer in answers}) == 1
        assert chats(one) == 1
        assert [answer.headers["x-passenger-cache"] in {"stored", "miss"} for answer in answers].count(True) == 1


async def test_followers_get_every_event_though_the_first_client_has_left(tmp_path: Path) -> None:
    body = asking("[[drip 0.02]] [[events 60]]", stream=True)
    async with bench(tmp_path) as one:
        leader = await one.open(body, head="Cache-Control: max-age=60\r\n")
        await leader.until(b"data: ")
        followers = [asyncio.ensure_future(ask(one, (CHAT, body))) for _ in range(2)]
        more = await one.open(body, head="Cache-Control: max-age=60\r\n")
        await more.until(b"data: ")
        leader.abort()
        more.abort()
        first, second = await asyncio.gather(*followers)
        assert first.body == second.body
        assert first.data[-1] == b"[DONE]"
        assert (
            len([chunk for chunk in first.chunks if chunk["choices"] and chunk["choices"][0]["delta"].get("content")])
            == 60
        )
        assert (await ask(one, (CHAT, body))).body == first.body
        assert chats(one) == 1


async def test_a_call_that_nobody_waits_for_any_more_ends(tmp_path: Path) -> None:
    body = asking("[[stall 2]]", stream=True)
    async with bench(tmp_path) as one:
        wires = [await one.open(body, head="Cache-Control: max-age=60\r\n") for _ in range(3)]
        for wire in wires:
            await wire.until(b"data: ")
        assert chats(one) == 1
        for wire in wires:
            wire.abort()
        await eventually(lambda: one.sim.active == 0)


async def test_all_who_wait_are_told_of_a_failure(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        one.sim.inject(Fault(status=503, delay=0.5), path=UP)
        asked = question("completions", GPT, "Hello", stream=False)
        path, body = asked
        found = await asyncio.gather(*(one.send("POST", path, json=body, headers=TAKES) for _ in range(4)))
        failed = [answer for answer in found if answer.status == 503]
        assert failed
        assert len({answer.body for answer in failed}) == 1
        assert chats(one) <= 2
        assert (await ask(one, asked)).headers["x-passenger-cache"] in {"stored", "hit"}


# --- bounds ----------------------------------------------------------------------------------------------------------


async def test_only_so_many_calls_can_be_joined_and_the_others_go_up_alone(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        for number in range(MOST_CALLS + 1):
            wire = await one.open(asking(f"[[stall 2]] {number}", stream=True), head="Cache-Control: max-age=60\r\n")
            head = await wire.until(b"\r\n\r\n")
            assert (b"x-passenger-cache: miss" in head.lower()) is (number < MOST_CALLS)
        await one.hang_up()
        await eventually(lambda: one.sim.active == 0)
        answer = await ask(one, question("completions", GPT, "Hello", stream=False))
        assert answer.headers["x-passenger-cache"] == "stored"


async def test_a_large_answer_comes_whole_to_all_who_wait_and_is_not_kept(tmp_path: Path) -> None:
    asked = question("responses", RESPONSES_ONLY, "[[size 400000]]", stream=True)
    async with bench(tmp_path) as one:
        answers = await asyncio.gather(*(ask(one, asked) for _ in range(3)))
        for answer in answers:
            assert len(answer.body) > LARGEST
            assert answer.chunks[-1]["type"] == "response.completed"
            assert answer.chunks[-1]["response"]["output"][-1]["content"][0]["text"] == "".join(
                chunk["delta"] for chunk in answer.chunks if chunk["type"] == "response.output_text.delta"
            )
        assert (await ask(one, asked)).headers["x-passenger-cache"] == "miss"


async def test_a_page_may_read_what_the_cache_did(tmp_path: Path) -> None:
    origin = {"Origin": "https://chat.example"}
    config = '[server]\nallowed_origins = ["https://chat.example"]\n'
    async with bench(tmp_path, config=config) as one:
        answer = await ask(one, question("completions", GPT, "Hello", stream=False), {**TAKES, **origin})
        assert answer.headers["x-passenger-cache"] == "stored"
        assert "x-passenger-cache" in answer.headers["access-control-expose-headers"]
