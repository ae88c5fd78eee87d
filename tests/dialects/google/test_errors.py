"""Failures as Google's error object."""

import json

import pytest
from google.genai.errors import APIError

from passenger.dialects.copilot_errors import recognize_overflow
from passenger.dialects.google.errors import write_break, write_failure
from passenger.errors import Failure, Kind


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Kind.INVALID, "INVALID_ARGUMENT"),
        (Kind.LOGIN, "UNAUTHENTICATED"),
        (Kind.FORBIDDEN, "PERMISSION_DENIED"),
        (Kind.NOT_FOUND, "NOT_FOUND"),
        (Kind.QUOTA, "RESOURCE_EXHAUSTED"),
        (Kind.RATE_LIMIT, "RESOURCE_EXHAUSTED"),
        (Kind.UPSTREAM, "INTERNAL"),
        (Kind.UNAVAILABLE, "UNAVAILABLE"),
        (Kind.TIMEOUT, "DEADLINE_EXCEEDED"),
    ],
)
def test_the_sdk_reads_code_status_and_message(kind: Kind, status: str) -> None:
    failure = Failure(kind, "because")
    document = json.loads(write_failure(failure))
    assert document == {"error": {"code": failure.status, "message": "because", "status": status}}
    error = APIError(failure.status, document)
    assert (error.code, error.status, error.message) == (failure.status, status, "because")
    assert write_break(failure).data == write_failure(failure)


def test_details_say_what_programs_look_for() -> None:
    failure = Failure(Kind.RATE_LIMIT, "slowly", code="rate_limited", param="contents", retry_after="7")
    details = json.loads(write_failure(failure))["error"]["details"]
    assert [detail["@type"].rsplit(".", 1)[1] for detail in details] == ["ErrorInfo", "BadRequest", "RetryInfo"]
    assert details[0]["reason"] == "rate_limited"
    assert details[1]["fieldViolations"][0]["field"] == "contents"
    assert details[2]["retryDelay"] == "7s"


def test_a_prompt_that_is_too_long_is_said_in_googles_words() -> None:
    def said(message: str) -> str:
        failure = recognize_overflow(Failure(Kind.INVALID, message, code="context_length_exceeded"))
        return str(json.loads(write_failure(failure))["error"]["message"])

    assert said("prompt token count of 14001 exceeds the limit of 12288") == (
        "The input token count (14001) exceeds the maximum number of tokens allowed (12288)."
    )
    assert said("prompt is too long: 1000500 tokens > 1000000 maximum") == (
        "The input token count (1000500) exceeds the maximum number of tokens allowed (1000000)."
    )
    assert said("Your input exceeds the context window").startswith("The input token count exceeds the maximum")
    assert "(5)" not in said("Your input exceeds the context window of gpt-5.2")
