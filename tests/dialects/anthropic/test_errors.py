import json

import pytest

from passenger.dialects.anthropic.errors import write_break, write_failure
from passenger.dialects.copilot_errors import recognize_overflow
from passenger.errors import Failure, Kind


def written(failure: Failure) -> dict[str, object]:
    document = json.loads(write_failure(failure))
    assert document["type"] == "error"
    error: dict[str, object] = document["error"]
    return error


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (415, "invalid_request_error"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (502, "api_error"),
        (503, "overloaded_error"),
        (529, "overloaded_error"),
    ],
)
def test_the_type_is_that_of_the_status(status: int, name: str) -> None:
    assert written(Failure(Kind.UPSTREAM, "no", status=status)) == {"type": name, "message": "no"}


def test_the_message_names_the_field() -> None:
    assert written(Failure(Kind.INVALID, "is too odd", param="tools"))["message"] == "tools: is too odd"
    assert written(Failure(Kind.INVALID, "tools are odd", param="tools"))["message"] == "tools are odd"


def test_a_refused_thread_has_the_details_that_the_sdks_look_for() -> None:
    error = written(Failure(Kind.INVALID, "no threads", code="thread_unsupported_request", param="thread"))
    assert error["details"] == {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}


@pytest.mark.parametrize(
    ("message", "code", "expected"),
    [
        (
            "prompt token count of 14001 exceeds the limit of 12288",
            "model_max_prompt_tokens_exceeded",
            "prompt is too long: 14001 tokens > 12288 maximum",
        ),
        (
            "prompt is too long: 1000500 tokens > 1000000 maximum",
            None,
            "prompt is too long: 1000500 tokens > 1000000 maximum",
        ),
        (
            "Your input exceeds the context window of this model.",
            "invalid_request_body",
            "prompt is too long: Your input exceeds the context window of this model.",
        ),
        ("too much", "context_length_exceeded", "prompt is too long: too much"),
        ("prompt is too long", "context_length_exceeded", "prompt is too long: "),
    ],
)
def test_a_prompt_that_is_too_long_is_said_in_words_that_make_claude_code_compact(
    message: str, code: str | None, expected: str
) -> None:
    error = written(recognize_overflow(Failure(Kind.INVALID, message, code=code, status=413)))
    assert error == {"type": "invalid_request_error", "message": expected}


def test_a_break_is_an_error_event() -> None:
    message = write_break(Failure(Kind.UPSTREAM, "gone \ud800"))
    assert message.event == "error"
    assert json.loads(message.data)["error"] == {"type": "api_error", "message": "gone \ufffd"}
