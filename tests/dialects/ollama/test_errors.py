import json

import pytest

from passenger.dialects.copilot_errors import recognize_overflow
from passenger.dialects.framing import StreamMessage
from passenger.dialects.ollama.errors import write_break, write_failure
from passenger.errors import Failure, Kind


def said(failure: Failure) -> str:
    body: dict[str, str] = json.loads(write_failure(failure))
    assert list(body) == ["error"]
    return body["error"]


def test_a_failure_is_one_sentence() -> None:
    assert said(Failure(Kind.NOT_FOUND, "model 'x' not found", param="model")) == "model 'x' not found"


def test_a_broken_stream_ends_with_the_same_object() -> None:
    failure = Failure(Kind.UPSTREAM, "it broke")
    assert write_break(failure) == StreamMessage("", write_failure(failure))


@pytest.mark.parametrize(
    "message",
    ["prompt token count of 9000 exceeds the limit of 8000", "prompt is too long: 9000 tokens > 8000 maximum"],
)
def test_a_prompt_that_is_too_long_is_told_in_ollamas_words_with_its_numbers(message: str) -> None:
    failure = recognize_overflow(Failure(Kind.INVALID, message, code="context_length_exceeded"))
    assert said(failure) == f"the input length exceeds the context length (9000 > 8000 tokens): {message}"


def test_numbers_that_are_not_there_are_not_made_up() -> None:
    failure = Failure(Kind.INVALID, "Your input exceeds the context window", code="context_length_exceeded")
    assert said(failure) == "the input length exceeds the context length: Your input exceeds the context window"


def test_a_lone_surrogate_can_be_told_of() -> None:
    assert said(Failure(Kind.NOT_FOUND, "model '\ud800' not found")) == "model '\ufffd' not found"
