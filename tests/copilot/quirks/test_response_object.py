import json
from typing import Any

import msgspec
import pytest

from passenger.copilot.quirks.response_object import LEFT_OUT, complete_object

FULL: dict[str, Any] = {
    "input_tokens": 7,
    "input_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 2},
    "output_tokens": 3,
    "output_tokens_details": {"reasoning_tokens": 1},
}


def completed(response: bytes) -> dict[str, Any]:
    fields = msgspec.json.decode(response, type=dict[str, msgspec.Raw])
    complete_object(fields)
    document: dict[str, Any] = json.loads(msgspec.json.encode(fields))
    return document


def test_what_is_missing_is_added_and_what_is_there_stays() -> None:
    response = completed(b'{"id":"resp_1","top_logprobs":3,"prompt_cache_key":"k","metadata":null}')
    assert set(response) == {"id", *LEFT_OUT}
    assert (response["top_logprobs"], response["prompt_cache_key"], response["metadata"]) == (3, "k", None)
    assert (response["presence_penalty"], response["max_tool_calls"]) == (0, None)


def test_a_usage_that_has_its_counts_keeps_its_bytes() -> None:
    raw = json.dumps(FULL, indent=1).encode()
    fields = {"usage": msgspec.Raw(raw)}
    complete_object(fields)
    assert bytes(fields["usage"]) == raw


@pytest.mark.parametrize(
    "usage",
    [
        {"input_tokens": 7, "output_tokens": 3},
        {"input_tokens": 7, "input_tokens_details": None, "output_tokens": 3, "output_tokens_details": {}},
        {"input_tokens": 7, "input_tokens_details": "odd", "output_tokens": 3},
    ],
)
def test_counts_that_nobody_told_of_are_zeros(usage: dict[str, Any]) -> None:
    assert completed(json.dumps({"usage": usage}).encode())["usage"] == {
        "input_tokens": 7,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 0},
    }


@pytest.mark.parametrize("usage", [b"null", b'"odd"', b"[]"])
def test_no_usage_stays_none(usage: bytes) -> None:
    assert completed(b'{"usage":%b}' % usage)["usage"] == json.loads(usage)
