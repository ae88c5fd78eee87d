import json
import time

import pytest

from passenger.chat import Ask, Initiator
from passenger.dialects import Request
from passenger.dialects.messages import peek
from passenger.errors import Failure, Kind

USER: dict[str, object] = {"role": "user", "content": "go"}
ASSISTANT: dict[str, object] = {
    "role": "assistant",
    "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}],
}
SYSTEM: dict[str, object] = {"role": "system", "content": "<system-reminder>x</system-reminder>"}
RESULT: dict[str, object] = {"type": "tool_result", "tool_use_id": "a", "content": "42"}
REMINDER: dict[str, object] = {"type": "text", "text": "<system-reminder>be\nbrief</system-reminder>\n"}
WORDS: dict[str, object] = {"type": "text", "text": "<system-reminder>x</system-reminder> and now go on"}
IMAGE: dict[str, object] = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}


def ask(headers: dict[str, str] | None = None, **fields: object) -> Ask:
    body = {"model": "claude-opus-5", "messages": [USER], "max_tokens": 5, **fields}
    return peek(Request(json.dumps(body).encode(), headers=headers or {}))


def user(*blocks: dict[str, object]) -> dict[str, object]:
    return {"role": "user", "content": list(blocks)}


@pytest.mark.parametrize(
    ("messages", "initiator"),
    [
        ([USER], Initiator.USER),
        ([user(IMAGE)], Initiator.USER),
        ([USER, ASSISTANT, user(RESULT)], Initiator.AGENT),
        ([USER, ASSISTANT, user(RESULT, REMINDER)], Initiator.AGENT),
        ([USER, ASSISTANT, user(RESULT), user(REMINDER, REMINDER)], Initiator.AGENT),
        ([USER, ASSISTANT, user(RESULT), SYSTEM], Initiator.AGENT),
        ([USER, ASSISTANT, user(RESULT, WORDS)], Initiator.USER),
        ([USER, ASSISTANT, user(RESULT), USER], Initiator.USER),
        ([USER, ASSISTANT, user(RESULT), USER, SYSTEM], Initiator.USER),
        ([USER, ASSISTANT, user(REMINDER)], Initiator.USER),
        ([user(REMINDER)], Initiator.USER),
        ([{"role": "user", "content": "<system-reminder>x</system-reminder>"}], Initiator.USER),
        ([USER, ASSISTANT], Initiator.AGENT),
        ([SYSTEM], Initiator.AGENT),
        ([user()], Initiator.AGENT),
    ],
)
def test_the_initiator_is_a_person_only_where_the_last_turn_has_ones_own_words(
    messages: list[dict[str, object]], initiator: Initiator
) -> None:
    assert ask(messages=messages).initiator is initiator


def test_many_reminders_before_words_are_read_at_once() -> None:
    text = "<system-reminder>x</system-reminder>\n" * 2000 + "go"
    began = time.process_time()
    assert ask(messages=[user(RESULT, {"type": "text", "text": text})]).initiator is Initiator.USER
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "block",
    [
        IMAGE,
        {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "see"}, IMAGE]},
        {"type": "document", "source": {"type": "content", "content": [IMAGE]}},
    ],
)
def test_an_image_anywhere_is_vision(block: dict[str, object]) -> None:
    assert ask(messages=[user(block), ASSISTANT, USER]).vision
    assert not ask().vision


def test_blocks_of_every_known_shape_pass() -> None:
    blocks: list[dict[str, object]] = [
        {
            "type": "search_result",
            "source": "https://example.com",
            "title": "x",
            "content": [{"type": "text", "text": "y"}],
        },
        {"type": "web_search_tool_result", "tool_use_id": "a", "content": {"type": "web_search_tool_result_error"}},
        {"type": "yet to come", "anything": [1]},
    ]
    assert not ask(messages=[user(*blocks)]).vision


def test_the_facts_that_headers_need_are_read() -> None:
    assert ask(tools=[{"name": "f"}]).tools
    assert not ask(tools=[]).tools
    assert ask(stream=True).stream
    assert not ask(stream=None).stream
    assert ask().wants_usage


@pytest.mark.parametrize(("kind", "thinks"), [("enabled", True), ("adaptive", True), ("disabled", False)])
def test_thinking_is_asked_for_where_it_is_not_disabled(kind: str, *, thinks: bool) -> None:
    assert ask(thinking={"type": kind}).thinks is thinks
    assert not ask().thinks


def test_betas_are_the_names_in_the_header_each_once() -> None:
    assert ask({"anthropic-beta": "a-1, b-2,,a-1 "}).betas == ("a-1", "b-2")
    assert ask().betas == ()


def test_a_limit_may_be_missing() -> None:
    assert peek(Request(b'{"model":"m","messages":[{"role":"user","content":"x"}]}')).model == "m"


@pytest.mark.parametrize("thread", [{"type": "create"}, "x", False])
def test_a_thread_is_refused_so_that_the_history_is_sent_instead(thread: object) -> None:
    with pytest.raises(Failure) as caught:
        ask(thread=thread)
    assert (caught.value.status, caught.value.code, caught.value.param) == (400, "thread_unsupported_request", "thread")
    assert ask(thread=None).model == "claude-opus-5"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b"[]", None),
        (b'{"model":"m","messages":[],"max_tokens":NaN}', None),
        (b"\xff", None),
        (b"[" * 100_000, None),
        (b'{"messages":[{"role":"user"}]}', "model"),
        (b'{"model":"","messages":[{"role":"user"}]}', "model"),
        (b'{"model":1,"messages":[{"role":"user"}]}', "model"),
        (b'{"model":"m"}', "messages"),
        (b'{"model":"m","messages":[]}', "messages"),
        (b'{"model":"m","messages":[{}]}', "messages[0]"),
        (b'{"model":"m","messages":[{"role":"user","content":5}]}', "messages[0].content"),
        (b'{"model":"m","messages":[{"role":"user"}],"x":' + b"[" * 100_000, None),
        (b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}],"x":' + b"[" * 100_000, None),
        (b'{"model":"m","messages":[{"role":"user"}],"stream":"yes"}', "stream"),
        (b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}],"stream":"yes"}', "stream"),
    ],
)
def test_a_request_at_fault_is_refused_with_the_field_named(body: bytes, param: str | None) -> None:
    with pytest.raises(Failure) as caught:
        peek(Request(body))
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID, param)


def test_a_lone_surrogate_escape_is_no_fault() -> None:
    assert peek(Request(b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}]}')).initiator is Initiator.USER


def test_a_lone_surrogate_escape_is_no_fault_beside_fields_that_are_kept_as_they_came() -> None:
    asked = ask(messages=[{"role": "user", "content": "\ud800"}], tools=[{"name": "f"}, 5], thread=None)
    assert asked.tools
    with pytest.raises(Failure) as caught:
        ask(messages=[{"role": "user", "content": "\ud800"}], thread={"type": "create"})
    assert caught.value.param == "thread"
