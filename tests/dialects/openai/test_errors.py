import json
from typing import Any

import pytest

from passenger.dialects.copilot_errors import recognize_overflow
from passenger.dialects.framing import SSE
from passenger.dialects.openai import chat as completions
from passenger.errors import Failure, Kind

WORDS = "This model's maximum context length is"


def error(failure: Failure) -> dict[str, Any]:
    body = json.loads(completions.INBOUND.write_failure(failure))
    assert list(body) == ["error"]
    found: dict[str, Any] = body["error"]
    return found


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (Kind.INVALID, "invalid_request_error"),
        (Kind.NOT_FOUND, "invalid_request_error"),
        (Kind.TOO_LARGE, "invalid_request_error"),
        (Kind.MEDIA_TYPE, "invalid_request_error"),
        (Kind.LOGIN, "authentication_error"),
        (Kind.FORBIDDEN, "permission_error"),
        (Kind.QUOTA, "insufficient_quota"),
        (Kind.RATE_LIMIT, "rate_limit_error"),
        (Kind.UPSTREAM, "server_error"),
        (Kind.UNAVAILABLE, "server_error"),
        (Kind.TIMEOUT, "server_error"),
        (Kind.INTERNAL, "server_error"),
    ],
)
def test_each_kind_of_failure_has_its_type(kind: Kind, wanted: str) -> None:
    failure = Failure(kind, "because", code="c", param="p")
    assert error(failure) == {"message": "because", "type": wanted, "param": "p", "code": "c"}


def test_upstreams_own_type_is_kept() -> None:
    assert error(Failure(Kind.INVALID, "because", type="vendor_error")) == {
        "message": "because",
        "type": "vendor_error",
        "param": None,
        "code": None,
    }


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "prompt token count of 14001 exceeds the limit of 12288",
            f"{WORDS} 12288 tokens. However, your messages resulted in 14001 tokens.",
        ),
        (
            "prompt is too long: 1000500 tokens > 1000000 maximum",
            f"{WORDS} 1000000 tokens. However, your messages resulted in 1000500 tokens.",
        ),
        ("Your input exceeds the context window of this model.", f"{WORDS} exceeded."),
        ("gpt-5.5 takes 3 of these", f"{WORDS} exceeded."),
    ],
)
def test_a_prompt_that_is_too_long_is_told_in_openais_words_and_then_in_upstreams(said: str, told: str) -> None:
    message = error(recognize_overflow(Failure(Kind.INVALID, said, code="context_length_exceeded")))["message"]
    assert message.startswith(told)
    assert said in message
    assert error(Failure(Kind.INVALID, said, code="other"))["message"] == said


def test_openais_own_words_stay_as_they_are() -> None:
    words = f"{WORDS} 8192 tokens. However, your messages resulted in 9000 tokens."
    assert error(Failure(Kind.INVALID, words, code="context_length_exceeded"))["message"] == words


def test_a_lone_surrogate_in_the_words_becomes_a_replacement() -> None:
    assert error(Failure(Kind.INVALID, "no \ud800"))["message"] == "no \ufffd"


def test_a_stream_that_breaks_ends_with_an_error_and_nothing_after_it() -> None:
    failure = Failure(Kind.UPSTREAM, "it broke", code="stream_broken")
    message = completions.INBOUND.write_break(failure)
    assert (message.event, message.data) == ("", completions.INBOUND.write_failure(failure))


def test_a_break_is_one_event_whatever_the_message_holds() -> None:
    hostile = 'x\n\nevent: message_stop\ndata: {}\n\n\u2028"'
    raw = SSE.frame(completions.INBOUND.write_break(Failure(Kind.UPSTREAM, hostile)))
    assert raw.count(b"\n\n") == 1
    assert raw.startswith(b"data: {")
    assert json.loads(raw[6:])["error"]["message"] == hostile
