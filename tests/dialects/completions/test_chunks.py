import pytest

from passenger.dialects.completions.chunks import decode_chunk
from passenger.errors import Failure, Kind
from tests.dialects.completions.samples import raw_events, sample


def test_a_lone_surrogate_becomes_a_replacement() -> None:
    choices = decode_chunk(b'{"choices":[{"delta":{"content":"a\\ud83d"}}]}').choices
    assert [choice.delta.content for choice in choices or [] if choice.delta is not None] == ["a\ufffd"]


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"choices":null,"copilot_references":[{}]}',
        b'{"choices":[{"index":null,"delta":null,"finish_reason":null}],"usage":null,"copilot_usage":null}',
        b'{"choices":[{"delta":{"content":null,"role":null,"tool_calls":[{"index":null,"function":null}]}}]}',
        b'{"usage":{"prompt_tokens":null,"total_tokens":null},"copilot_usage":{"total_nano_aiu":null}}',
        raw_events(sample("azure_text"))[0].removeprefix(b"data: "),
    ],
)
def test_whatever_may_be_missing_or_null_is_understood(data: bytes) -> None:
    assert decode_chunk(data).error is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"choices":7}',
        b'{"choices":[{"delta":{"content":5}}]}',
        b'{"choices":[{"delta":{"content":"\\ud800","refusal":5}}]}',
    ],
)
def test_an_event_that_is_not_to_be_understood_is_a_failure(data: bytes) -> None:
    with pytest.raises(Failure) as caught:
        decode_chunk(data)
    assert (caught.value.kind, caught.value.code) == (Kind.UPSTREAM, "bad_event")
