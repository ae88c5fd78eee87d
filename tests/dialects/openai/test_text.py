import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.events import Answer, AnswerIdentity, AnswerPart, Reason, Usage, unfold
from passenger.chat.prompt import Ask, Initiator, Message, Prompt, Reasoning, Refusal, Text, ToolCall
from passenger.dialects import Request
from passenger.dialects.copilot_errors import recognize_overflow
from passenger.dialects.framing import SSE
from passenger.dialects.openai import text as legacy
from passenger.errors import Failure, Kind

IDENTITY = AnswerIdentity("0123456789abcdef0123456789abcdef", 1_790_000_000)
HEAD = {"id": f"cmpl-{IDENTITY.id}", "object": "text_completion", "created": IDENTITY.created, "model": "vendor-model"}


def request(**fields: object) -> Request:
    return Request(json.dumps({"model": "m", "prompt": "Once upon", **fields}).encode())


def read(**fields: object) -> Prompt:
    return legacy.INBOUND.read_prompt(request(**fields))


# --- requests ----------------------------------------------------------------------------------------------------


def test_the_facts_that_headers_need_are_read() -> None:
    assert legacy.INBOUND.peek(request()) == Ask("m", stream=False, initiator=Initiator.USER, wants_usage=False)
    asked = legacy.INBOUND.peek(request(stream=True, stream_options={"include_usage": True}))
    assert (asked.stream, asked.wants_usage) == (True, True)
    assert not legacy.INBOUND.peek(request(stream=None, stream_options=None)).stream


def test_the_prompt_is_the_one_message_of_a_chat() -> None:
    said = (Message("user", (Text("Once upon"),)),)
    assert read() == Prompt("m", said, limit=16, wants_usage=False)
    assert read(prompt=["Once upon"]).messages == said


@pytest.mark.parametrize(
    ("field", "value", "name", "read_as"),
    [
        ("stream", True, "stream", True),
        ("stream_options", {"include_usage": True}, "wants_usage", True),
        ("max_tokens", 5, "limit", 5),
        ("max_tokens", None, "limit", 16),
        ("temperature", 1, "temperature", 1.0),
        ("top_p", 0.5, "top_p", 0.5),
        ("stop", "END", "stop", ("END",)),
        ("stop", ["END", "\n"], "stop", ("END", "\n")),
        ("stop", None, "stop", ()),
        ("seed", 10**30, "seed", 10**30),
        ("presence_penalty", 0.5, "presence_penalty", 0.5),
        ("frequency_penalty", -0.5, "frequency_penalty", -0.5),
        ("user", "u", "user", "u"),
        ("prompt", "a\ud800", "messages", (Message("user", (Text("a\ufffd"),)),)),
    ],
)
def test_each_field_is_read(field: str, value: object, name: str, read_as: object) -> None:
    prompt = read(**{field: value})
    assert getattr(prompt, name) == read_as
    assert prompt.dropped == ()


@pytest.mark.parametrize(
    ("fields", "dropped"),
    [
        ({"logprobs": 0, "logit_bias": {"1": 2}, "new field": False}, ("logprobs", "logit_bias", "new field")),
        ({"logprobs": None, "logit_bias": {}, "x": []}, ()),
        ({"n": 1, "best_of": 1, "suffix": "", "echo": False}, ()),
        ({"n": None, "best_of": None, "suffix": None, "echo": None}, ()),
    ],
)
def test_what_only_tunes_is_left_out_and_named(fields: dict[str, object], dropped: tuple[str, ...]) -> None:
    assert read(**fields).dropped == dropped


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"best_of": 3}, "best_of"),
        ({"suffix": "."}, "suffix"),
        ({"echo": True}, "echo"),
        ({"prompt": None}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"prompt": [1, 2, 3]}, "prompt"),
        ({"prompt": [[1, 2, 3]]}, "prompt"),
        ({"prompt": {"text": "a"}}, "prompt"),
        ({"model": ""}, "model"),
        ({"model": 5}, "model"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": "5"}, "max_tokens"),
        ({"stop": 5}, "stop"),
        ({"stop": [5]}, "stop"),
        ({"temperature": "hot"}, "temperature"),
        ({"seed": 1.5}, "seed"),
        ({"user": 5}, "user"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": 5}, "stream_options"),
        ({"stream_options": {"include_usage": 5}}, "stream_options.include_usage"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_its_name(fields: dict[str, object], param: str) -> None:
    with pytest.raises(Failure) as caught:
        read(**fields)
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID, param)


# --- answers -----------------------------------------------------------------------------------------------------


def events(*parts: AnswerPart, reason: Reason = Reason.END, usage: Usage | None = None) -> list[dict[str, Any]]:
    """The events of an answer, `[DONE]` left out, which is always the last."""
    writer = legacy.INBOUND.writer(Prompt("asked-model", (), wants_usage=usage is not None), IDENTITY)
    answer = Answer("vendor-model", parts, reason, usage)
    *messages, last = [message for event in unfold(answer) for message in writer.send(event)]
    assert (last.event, last.data) == ("", b"[DONE]")
    return [json.loads(message.data) for message in messages]


def whole(*parts: AnswerPart, reason: Reason = Reason.END, usage: Usage | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        legacy.INBOUND.write_answer(Prompt("asked-model", ()), Answer("vendor-model", parts, reason, usage), IDENTITY)
    )
    return found


def choice(text: str, reason: str | None) -> dict[str, Any]:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": reason}


PARTS = (Reasoning("hm"), Text("a time"), ToolCall("c", "f", "{}"), Refusal(", no"))


def test_a_whole_answer_is_a_text_without_reasoning() -> None:
    assert whole(*PARTS, usage=Usage(31, 7, 4, 2)) == {
        **HEAD,
        "choices": [choice("a time, no", "stop")],
        "usage": {
            "prompt_tokens": 31,
            "completion_tokens": 7,
            "total_tokens": 38,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    }
    assert whole()["choices"] == [choice("", "stop")]


def test_a_stream_is_its_texts_and_why_it_ends() -> None:
    assert events(*PARTS) == [
        {**HEAD, "choices": [choice("a time", None)]},
        {**HEAD, "choices": [choice(", no", None)]},
        {**HEAD, "choices": [choice("", "stop")]},
    ]


def test_usage_comes_in_an_event_of_its_own_to_those_who_want_it() -> None:
    last = events(usage=Usage(3, 2))[-1]
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 5)
    assert last == {**HEAD, "choices": [], "usage": whole(usage=Usage(3, 2))["usage"]}


def test_the_model_is_the_clients_name_of_it_where_the_vendor_has_none() -> None:
    body = legacy.INBOUND.write_answer(Prompt("asked-model", ()), Answer("", (), Reason.END), IDENTITY)
    assert json.loads(body)["model"] == "asked-model"


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        (Reason.END, "stop"),
        (Reason.STOP, "stop"),
        (Reason.TOOL, "stop"),
        (Reason.REFUSAL, "stop"),
        (Reason.LENGTH, "length"),
        (Reason.FILTER, "content_filter"),
    ],
)
def test_why_it_stopped_is_said_in_openais_words(reason: Reason, finish: str) -> None:
    assert whole(reason=reason)["choices"][0]["finish_reason"] == finish
    assert events(reason=reason)[-1]["choices"][0]["finish_reason"] == finish


def test_messages_are_events_without_names_and_a_comment_keeps_alive() -> None:
    assert legacy.INBOUND.framing(request()) is SSE
    assert {*legacy.INBOUND.keep_alive} == {b": keep-alive\n\n"}


# --- failures ----------------------------------------------------------------------------------------------------


def error(failure: Failure) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(legacy.INBOUND.write_failure(failure))["error"]
    return found


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (Kind.INVALID, "invalid_request_error"),
        (Kind.NOT_FOUND, "invalid_request_error"),
        (Kind.LOGIN, "authentication_error"),
        (Kind.FORBIDDEN, "permission_error"),
        (Kind.QUOTA, "insufficient_quota"),
        (Kind.RATE_LIMIT, "rate_limit_error"),
        (Kind.TIMEOUT, "server_error"),
    ],
)
def test_a_failure_is_openais_error(kind: Kind, wanted: str) -> None:
    failure = Failure(kind, "no \ud800", code="c", param="p")
    assert error(failure) == {"message": "no \ufffd", "type": wanted, "param": "p", "code": "c"}
    assert error(failure.but(type="vendor_error"))["type"] == "vendor_error"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "prompt token count of 14001 exceeds the limit of 12288",
            " is 12288 tokens. However, your messages resulted in 14001 tokens. (",
        ),
        (
            "prompt is too long: 1000500 tokens > 1000000 maximum",
            " is 1000000 tokens. However, your messages resulted in 1000500 tokens. (",
        ),
        ("Your input exceeds the context window of gpt-5.5 v2.", " is exceeded. Your input"),
        ("This model's maximum context length is 5 tokens.", " is 5 tokens."),
    ],
)
def test_a_prompt_that_is_too_long_is_told_in_openais_words(said: str, told: str) -> None:
    message = error(recognize_overflow(Failure(Kind.INVALID, said, code="context_length_exceeded")))["message"]
    assert message.startswith(f"This model's maximum context length{told}")
    assert said in message
    assert error(Failure(Kind.INVALID, said))["message"] == said


def test_a_stream_that_breaks_ends_with_the_error() -> None:
    failure = Failure(Kind.UPSTREAM, "it broke", code="stream_broken")
    message = legacy.INBOUND.write_break(failure)
    assert (message.event, message.data) == ("", legacy.INBOUND.write_failure(failure))
    assert list(legacy.INBOUND.writer(Prompt("m", ()), IDENTITY).fail(failure)) == [message]


# --- the law -----------------------------------------------------------------------------------------------------

WHOLE: dict[str, Any] = {
    "model": "m",
    "prompt": "Once upon",
    "stream": True,
    "stream_options": {"include_usage": True},
    "max_tokens": 5,
    "temperature": 1,
    "top_p": 1,
    "stop": ["END"],
    "seed": 1,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "user": "u",
    "n": 1,
    "suffix": "",
    "echo": False,
    "best_of": 1,
    "logprobs": 5,
}
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just("\ud800"))
VALUES = LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(st.sampled_from([*WHOLE, "include_usage"]), LEAVES)


@given(st.dictionaries(st.sampled_from([*WHOLE]), VALUES, max_size=3), st.booleans())
def test_whatever_comes_is_read_or_refused(changed: dict[str, Any], alone: bool) -> None:
    body = json.dumps(changed if alone else {**WHOLE, **changed}).encode()
    for reading in (legacy.INBOUND.peek, legacy.INBOUND.read_prompt):
        try:
            reading(Request(body))
        except Failure as failure:
            assert failure.kind is Kind.INVALID  # noqa: PT017 - either outcome is right


@given(st.binary())
def test_whatever_bytes_come_are_refused(body: bytes) -> None:
    for reading in (legacy.INBOUND.peek, legacy.INBOUND.read_prompt):
        with pytest.raises(Failure):
            reading(Request(body))
