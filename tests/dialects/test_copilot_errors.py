import pytest

from passenger.dialects.copilot_errors import OVERFLOW, recognize_overflow
from passenger.errors import Failure, Kind


@pytest.mark.parametrize(
    ("message", "counts"),
    [
        ("prompt token count of 14001 exceeds the limit of 12288", (14001, 12288)),
        ("prompt is too long: 1000500 tokens > 1000000 maximum", (1000500, 1000000)),
        ("Your input exceeds the context window of this model. Please adjust your input and try again.", None),
    ],
)
@pytest.mark.parametrize("kind", [Kind.INVALID, Kind.TOO_LARGE, Kind.UPSTREAM])
def test_each_api_says_in_its_own_way_that_a_prompt_is_too_long(
    message: str, counts: tuple[int, int] | None, kind: Kind
) -> None:
    failure = recognize_overflow(Failure(kind, message, code="invalid_request_body", param="messages"))
    assert (failure.kind, failure.status, failure.code, failure.overflow) == (Kind.INVALID, 400, OVERFLOW, counts)
    assert (failure.message, failure.param) == (message, "messages")


@pytest.mark.parametrize("code", ["model_max_prompt_tokens_exceeded", "context_length_exceeded"])
def test_a_code_is_enough(code: str) -> None:
    failure = recognize_overflow(Failure(Kind.INVALID, "gpt-5.5 takes 3 of these", code=code))
    assert (failure.code, failure.overflow) == (OVERFLOW, None)


@pytest.mark.parametrize("message", ["the prompt is empty", "prompt token count of -1 exceeds the limit of 5"])
def test_any_other_failure_is_the_same(message: str) -> None:
    failure = Failure(Kind.INVALID, message, code="invalid_request_body")
    assert recognize_overflow(failure) is failure


def test_numbers_of_any_length_are_read_or_left() -> None:
    many = "9" * 1000
    failure = Failure(Kind.INVALID, f"prompt token count of {many} exceeds the limit of {many}", code=None)
    assert recognize_overflow(failure) is failure
