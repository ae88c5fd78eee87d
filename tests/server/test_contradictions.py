"""Answers that contradict themselves or say what is not to be understood: an error, and never a wrong answer."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.server.bench import Bench
from tests.server.rogue import (
    DONE,
    ENDS,
    EVENTS,
    ROUTES,
    STREAMS,
    WORDS,
    Rogue,
    all_words,
    asked,
    block,
    chunk,
    completed,
    data,
    item,
    message_end,
    message_start,
    rogue,
    whole,
    words,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

Both = tuple[Rogue, Bench]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    async with rogue(tmp_path_factory.mktemp("rogue")) as pair:
        yield pair


def call(arguments: str) -> dict[str, object]:
    return {"type": "function_call", "call_id": "c", "name": "f", "arguments": arguments}


def arguments(text: str, kind: str = "delta") -> bytes:
    name = "delta" if kind == "delta" else "arguments"
    return data({"type": f"response.function_call_arguments.{kind}", "output_index": 0, name: text})


def done(inside: dict[str, object]) -> bytes:
    return data({"type": "response.output_item.done", "output_index": 0, "item": inside})


def added(inside: dict[str, object]) -> bytes:
    return data({"type": "response.output_item.added", "output_index": 0, "item": inside})


def message(text: str) -> dict[str, object]:
    return {"type": "message", "content": [{"type": "output_text", "text": text}]}


WORDLESS = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0}

WRONG: dict[str, tuple[str, list[bytes]]] = {
    "a piece is lost": ("responses", [item(), words("Hel"), words("wor"), words("ld"), all_words(WORDS), completed()]),
    "a piece is of another shape": (
        "responses",
        [item(), words("Hel"), words("lo ", content_index="0"), words("world"), all_words(WORDS), completed()],
    ),
    "a piece has no type": ("responses", [item(), words("Hel"), data('{"delta":"lo"}'), completed()]),
    "a piece is no JSON": (
        "responses",
        [item(), words("Hel"), data('{"type":"response.output_text.delta"'), completed()],
    ),
    "a whole text is shorter": ("responses", [item(), words(WORDS), all_words("Hello"), completed()]),
    "an item differs": ("responses", [item(), words("Hello"), done(message("Hullo")), completed()]),
    "a text goes on after its end": ("responses", [item(), done(message("Hello")), words(" world"), completed()]),
    "a call differs": ("responses", [added(call("")), arguments('{"a":1'), arguments('{"a":2}', "done"), completed()]),
    "a called item differs": ("responses", [added(call("")), arguments('{"a":1}'), done(call('{"a":2}')), completed()]),
    "arguments in the place of a text": ("responses", [item(), words("a"), arguments("{}"), completed()]),
    "a whole text is said twice and differs": (
        "responses",
        [item(), words("Hello"), all_words(WORDS), all_words(f"{WORDS}, too"), completed()],
    ),
    "a piece has no words": ("responses", [item(), words("Hel"), data(WORDLESS), completed()]),
    "a whole answer has failed": (
        "responses",
        [item(), words("a"), data({"type": "response.completed", "response": {"status": "failed", "output": []}})],
    ),
    "a whole answer has an error": (
        "responses",
        [item(), words("a"), data({"type": "response.completed", "response": {"error": {"message": "no"}}})],
    ),
    "a message begins with words": (
        "messages",
        [
            data({"type": "message_start", "message": {"model": "m", "content": [{"type": "text", "text": "Hi"}]}}),
            *message_end(),
        ],
    ),
    "an end of another shape": ("responses", [item(), words("a"), data({"type": "response.completed", "response": 1})]),
    "a whole message": (
        "completions",
        [data({"choices": [{"index": 0, "message": {"content": WORDS}, "finish_reason": "stop"}]})],
    ),
    "a chunk is no JSON": ("completions", [chunk({"content": "a"}), data('{"choices":'), chunk({}, "stop")]),
    "a chunk is of another shape": ("completions", [chunk({"content": ["a"]}), chunk({}, "stop")]),
    "a block has no type": (
        "messages",
        [message_start(), data('{"index":0,"delta":{"type":"text_delta","text":"a"}}'), *message_end()],
    ),
    "a block is of another shape": (
        "messages",
        [message_start(), *block("a"), data({"type": "content_block_delta", "index": "0"}), *message_end()],
    ),
    "an end is no JSON": ("messages", [message_start(), *block("a"), b'event: message_stop\ndata: {"type"\n\n']),
}


@pytest.mark.proves("promise 6", "F41")
@pytest.mark.parametrize(
    ("name", "dialect"),
    # What is relayed is for the client to read, but for the end.
    [(name, to) for name, (api, _) in WRONG.items() for to in ROUTES if api != to or name.startswith("an end")],
)
async def test_what_is_wrong_never_ends_well(both: Both, name: str, dialect: str) -> None:
    upstream, one = both
    api, events = WRONG[name]
    upstream.play = whole(EVENTS + b"".join(events) + DONE[api])
    answer = await asked(one, dialect, api)
    assert answer.status == 200
    assert ENDS[dialect] not in answer.body
    assert b'"error"' in answer.body or b"response.failed" in answer.body
    assert "outcome=broken" in await one.line(answer)


@pytest.mark.proves("promise 6", "F41")
@pytest.mark.parametrize("name", WRONG)
async def test_what_is_wrong_is_no_whole_answer(both: Both, name: str) -> None:
    upstream, one = both
    api, events = WRONG[name]
    upstream.play = whole(EVENTS + b"".join(events) + DONE[api])
    assert (await asked(one, "gemini", api, stream=False)).status == 502


RIGHT: dict[str, tuple[str, list[bytes]]] = {
    "an unknown type": (
        "responses",
        [item(), words(WORDS), data({"type": "new", "item": 1, "delta": {}}), completed()],
    ),
    "an unknown event": (
        "messages",
        [message_start(), data({"type": "new", "index": "1", "delta": "x"}), *block(WORDS), *message_end()],
    ),
    "items out of their order": (
        "responses",
        [
            item(0),
            item(1),
            words(" world", output_index=1),
            words("Hello"),
            all_words(" world", output_index=1),
            all_words("Hello"),
            data({"type": "response.output_item.done", "output_index": 1, "item": message(" world")}),
            done(message("Hello")),
            completed(),
        ],
    ),
    "pieces and wholes agree": (
        "responses",
        [item(), words("Hello "), words("world"), all_words(WORDS), done(message(WORDS)), completed()],
    ),
}


@pytest.mark.proves("F39", "F41")
@pytest.mark.parametrize("name", RIGHT)
async def test_what_is_odd_but_right_is_an_answer(both: Both, name: str) -> None:
    upstream, one = both
    api, events = RIGHT[name]
    upstream.play = whole(EVENTS + b"".join(events) + DONE[api])
    answer = await asked(one, "ollama", api, stream=False)
    assert answer.status == 200
    assert answer.json()["message"]["content"] == WORDS


HALVES: dict[str, list[bytes]] = {
    "completions": [chunk({"content": "a\ud83c"}), chunk({"content": "\udfd3b"}), chunk({}, "stop")],
    "messages": [
        message_start(),
        data({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        *(
            data({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
            for text in ("a\ud83c", "\udfd3b")
        ),
        data({"type": "content_block_stop", "index": 0}),
        *message_end(),
    ],
    "responses": [item(), words("a\ud83c"), words("\udfd3b"), all_words("a🏓b"), completed()],
}


@pytest.mark.proves("F38")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("api", HALVES)
async def test_a_character_that_comes_in_two_halves_is_one(both: Both, api: str, *, stream: bool) -> None:
    upstream, one = both
    upstream.play = whole(EVENTS + b"".join(HALVES[api]) + DONE[api])
    answer = await asked(one, "ollama", api, stream=stream)
    assert "🏓b".encode() in answer.body
    assert "\ufffd".encode() not in answer.body


REFUSAL = [
    data(
        {
            "type": "message_delta",
            "delta": {"stop_reason": "refusal", "stop_details": {"explanation": "I cannot."}},
            "usage": {"output_tokens": 2},
        }
    ),
    data({"type": "message_stop"}),
]


@pytest.mark.proves("F39")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", [dialect for dialect in ROUTES if dialect != "messages"])
async def test_a_refusal_before_the_beginning_is_an_answer(both: Both, dialect: str, *, stream: bool) -> None:
    upstream, one = both
    upstream.play = whole(EVENTS + b"".join(REFUSAL))
    answer = await asked(one, dialect, "messages", stream=stream)
    assert answer.status == 200
    assert b"I cannot." in answer.body
    assert not stream or ENDS[dialect] in answer.body


@pytest.mark.proves("F38")
async def test_half_a_character_is_no_reason_to_break(both: Both) -> None:
    upstream, one = both
    relayed = b"".join([chunk({"content": "a"}), chunk({"content": "\ud83c"}, "stop"), DONE["completions"]])
    upstream.play = whole(EVENTS + relayed)
    assert (await asked(one, "completions", "completions")).body == relayed


@pytest.mark.proves("F39")
@pytest.mark.parametrize("ends", ["\n\n", ""])
@pytest.mark.parametrize("dialect", ROUTES)
async def test_an_end_with_blanks_around_it_is_one_end(both: Both, dialect: str, ends: str) -> None:
    upstream, one = both
    upstream.play = whole(EVENTS + b"".join(STREAMS["completions"]) + f"data:   [DONE] {ends}".encode())
    answer = await asked(one, dialect, "completions")
    assert answer.body.count(ENDS[dialect]) == 1
    assert answer.body.count(b"[DONE]") == (dialect == "completions")
    assert b"error" not in answer.body.replace(b'"error":null', b"")
