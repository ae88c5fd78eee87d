import json
from typing import Any

import pytest

from passenger.dialects.openai import responses
from passenger.dialects.openai.responses.errors import error_event, read_failure, response_error
from passenger.dialects.openai.responses.stream_events import StreamEvent, read_event
from passenger.errors import Failure, Kind


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        (Kind.INVALID, "invalid_request_error"),
        (Kind.NOT_FOUND, "invalid_request_error"),
        (Kind.LOGIN, "authentication_error"),
        (Kind.RATE_LIMIT, "rate_limit_error"),
        (Kind.UPSTREAM, "server_error"),
    ],
)
def test_an_error_answer_is_openai_s_object(kind: Kind, type_: str) -> None:
    body = json.loads(responses.INBOUND.write_failure(Failure(kind, "no", code="c", param="p")))
    assert body == {"error": {"message": "no", "type": type_, "param": "p", "code": "c"}}


def test_upstream_s_own_type_is_kept() -> None:
    body = json.loads(responses.INBOUND.write_failure(Failure(Kind.INVALID, "no", type="their_type")))
    assert body["error"]["type"] == "their_type"


def test_a_broken_relay_ends_with_an_error_that_is_flat_and_nested() -> None:
    message = responses.INBOUND.write_break(Failure(Kind.UPSTREAM, "broke", code="stream_broken"))
    assert message.event == "error"
    event = json.loads(message.data)
    assert (event["type"], event["code"], event["message"], event["param"]) == ("error", "stream_broken", "broke", None)
    assert event["error"] == {"message": "broke", "type": "server_error", "param": None, "code": "stream_broken"}


def test_an_error_event_always_has_a_code() -> None:
    assert error_event(Failure(Kind.UPSTREAM, "broke"), 7)["code"] == "server_error"
    assert error_event(Failure(Kind.UPSTREAM, "broke"), 7)["sequence_number"] == 7


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Failure(Kind.INVALID, "long", code="context_length_exceeded"), "context_length_exceeded"),
        (Failure(Kind.INVALID, "no"), "invalid_prompt"),
        (Failure(Kind.RATE_LIMIT, "slow", code="user_global_rate_limited:pro"), "rate_limit_exceeded"),
        (Failure(Kind.QUOTA, "none left", code="quota_exceeded"), "insufficient_quota"),
        (Failure(Kind.UPSTREAM, "broke", code="stream_broken"), "stream_broken"),
        (Failure(Kind.TIMEOUT, "late"), "server_error"),
    ],
)
def test_a_failed_response_has_the_code_that_codex_reads(failure: Failure, code: str) -> None:
    assert response_error(failure)["code"] == code


@pytest.mark.parametrize(
    ("retry_after", "message"),
    [("30", "slow Please try again in 30s."), ("Wed, 21 Oct 2026 07:28:00 GMT", "slow"), (None, "slow")],
)
def test_a_rate_limit_says_how_long_to_wait(retry_after: str | None, message: str) -> None:
    failure = Failure(Kind.RATE_LIMIT, "slow", retry_after=retry_after)
    assert response_error(failure)["message"] == message


# --- from upstream -----------------------------------------------------------------------------------------------


def read(**fields: Any) -> Failure | None:
    event = read_event(json.dumps(fields).encode())
    assert event is not None
    return read_failure(event)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("context_length_exceeded", Kind.INVALID),
        ("rate_limit_exceeded", Kind.RATE_LIMIT),
        ("user_model_rate_limited:pro", Kind.RATE_LIMIT),
        ("quota_exceeded", Kind.QUOTA),
        ("server_is_overloaded", Kind.UNAVAILABLE),
        ("server_error", Kind.UPSTREAM),
        ("something_new", Kind.UPSTREAM),
        (429, Kind.RATE_LIMIT),
        (None, Kind.UPSTREAM),
    ],
)
def test_the_code_says_whose_fault_it_is(code: object, kind: Kind) -> None:
    failure = read(type="error", code=code, message="no", param="input")
    assert failure is not None
    assert (failure.kind, failure.message, failure.param) == (kind, "no", "input")


def test_a_context_overflow_is_known_by_its_words() -> None:
    error = {"code": "invalid_request_body", "message": "Your input exceeds the context window of this model."}
    failure = read(type="response.failed", response={"error": error})
    assert failure is not None
    assert (failure.kind, failure.code) == (Kind.INVALID, "context_length_exceeded")


@pytest.mark.parametrize("error", [None, {}, "what", 1])
def test_a_failure_without_a_word_still_is_one(error: object) -> None:
    failure = read(type="response.failed", response={"error": error})
    assert failure is not None
    assert failure.message == "Copilot's answer failed"


def test_other_events_are_no_failures() -> None:
    assert read_failure(StreamEvent(type="response.completed")) is None
    assert read_failure(StreamEvent()) is None
