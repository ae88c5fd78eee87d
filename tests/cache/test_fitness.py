"""Which requests may be answered by what is kept, and which answers are."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from passenger.cache.fitness import has_ended_well, may_keep_answer
from passenger.chat.prompt import Ask, Initiator
from passenger.copilot.call import Call, Operation
from passenger.exchange import Exchange

ASK = Ask("m", stream=False, initiator=Initiator.USER)
FUNCTION = {"type": "function", "function": {"name": "f"}}


def may(body: object, ask: Ask | None = ASK, **known: Any) -> bool:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return may_keep_answer(Call(Operation.CHAT, "/responses", data), Exchange("POST", "/", ask=ask, **known))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": [], "temperature": 0.7, "store": False, "background": False},
        {"tools": [FUNCTION, {"type": "custom", "name": "c"}]},
        {"tools": [{"name": "read", "input_schema": {}}]},
        {"tools": None, "previous_response_id": None},
    ],
)
def test_a_request_that_only_asks_may_be_kept(body: dict[str, Any]) -> None:
    assert may(body)


@pytest.mark.parametrize(
    "body",
    [
        {"tools": [FUNCTION, {"type": "web_search"}]},
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"tools": [{"type": "mcp", "server_url": "https://example.com"}]},
        {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
        {"tools": "none"},
        {"web_search_options": {}},
        {"mcp_servers": [{"url": "https://example.com"}]},
        {"background": True},
        {"store": True},
        {"previous_response_id": "resp_1"},
        {"conversation": "conv_1"},
        [],
        b"{",
        b'"\xff"',
    ],
)
def test_a_request_that_keeps_state_or_acts_elsewhere_may_not(body: object) -> None:
    assert not may(body)


def test_a_search_several_answers_and_a_compaction_may_not() -> None:
    assert not may({}, None)
    assert not may({}, replace(ASK, web_search="beside"))
    assert not may({}, replace(ASK, compacts=True))
    assert not may({}, replace(ASK, choices=2))
    assert may({}, replace(ASK, choices=1))
    assert not may({}, search="copilot")
    assert not may({}, echo={"store": b"true"})


# --- whole answers ---------------------------------------------------------------------------------------------------


def chat(reason: str | None, refusal: str | None = None) -> dict[str, Any]:
    return {"choices": [{"finish_reason": reason, "message": {"content": "Hi", "refusal": refusal}}]}


def response(status: str, kind: str = "output_text") -> dict[str, Any]:
    return {"status": status, "output": [{"type": "message", "content": [{"type": kind}]}, {"type": "reasoning"}]}


@pytest.mark.parametrize(
    ("path", "answer", "well"),
    [
        ("/chat/completions", chat("stop"), True),
        ("/chat/completions", chat("tool_calls"), True),
        ("/chat/completions", chat("length"), False),
        ("/chat/completions", chat("content_filter"), False),
        ("/chat/completions", chat(None), False),
        ("/chat/completions", chat("stop", "No."), False),
        ("/chat/completions", {"choices": []}, False),
        ("/chat/completions", {"error": {"message": "no"}}, False),
        ("/v1/messages", {"stop_reason": "end_turn"}, True),
        ("/v1/messages", {"stop_reason": "tool_use"}, True),
        ("/v1/messages", {"stop_reason": "max_tokens"}, False),
        ("/v1/messages", {"stop_reason": "refusal"}, False),
        ("/v1/messages", {"type": "error"}, False),
        ("/responses", response("completed"), True),
        ("/responses", response("incomplete"), False),
        ("/responses", response("failed"), False),
        ("/responses", response("completed", "refusal"), False),
        ("/responses", {}, False),
        ("/elsewhere", chat("stop"), False),
    ],
)
def test_a_whole_answer_is_kept_if_it_ended_by_itself(path: str, answer: dict[str, Any], *, well: bool) -> None:
    assert has_ended_well(Call(Operation.CHAT, path), json.dumps(answer).encode()) is well


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
@pytest.mark.parametrize("path", ["/chat/completions", "/v1/messages", "/responses"])
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_no_answer_is_not_kept(path: str, body: bytes, *, stream: bool) -> None:
    assert not has_ended_well(Call(Operation.CHAT, path, stream=stream), body)


# --- streams ---------------------------------------------------------------------------------------------------------


def stream(reason: str, *, done: bool = True) -> bytes:
    chunks = [
        {"choices": [{"index": 0, "delta": {"content": "Hi"}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
    ]
    end = b"data: [DONE]\n\n" if done else b""
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + end


@pytest.mark.parametrize(
    ("body", "well"),
    [
        (stream("stop"), True),
        (stream("length"), False),
        (stream("content_filter"), False),
        (stream("stop", done=False), False),
        (stream("stop")[:-20], False),
        (b'data: {"error": {"message": "no"}}\n\ndata: [DONE]\n\n', False),
        (b"data: [DONE]\n\n", False),
    ],
)
def test_a_stream_is_kept_if_its_end_has_come(body: bytes, *, well: bool) -> None:
    assert has_ended_well(Call(Operation.CHAT, "/chat/completions", stream=True), body) is well
