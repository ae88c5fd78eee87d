import json

import msgspec
import pytest

from passenger.chat.events import Usage
from passenger.dialects.framing import write_sse
from passenger.dialects.openai.chat.relay import RelayChunk, StreamRelay, read_chunk, read_usage
from passenger.errors import Failure


def event(**fields: object) -> bytes:
    return write_sse(json.dumps(fields).encode())


def delta(text: str, index: int = 0) -> bytes:
    return event(choices=[{"index": index, "delta": {"content": text}}])


def finish(index: int = 0) -> bytes:
    return event(choices=[{"index": index, "delta": {}, "finish_reason": "stop"}])


DONE = b"data: [DONE]\n\n"


def relayed(*events: bytes, tail: bytes = b"") -> bytes:
    relay = StreamRelay()
    return b"".join(relay.event(raw) for raw in events) + relay.end(tail)


def test_a_complete_stream_goes_down_as_it_came() -> None:
    events = [b": hello\n\n", event(choices=[]), delta("a"), finish(), DONE]
    assert relayed(*events) == b"".join(events)


def test_a_forgotten_done_is_added() -> None:
    assert relayed(delta("a"), finish()) == delta("a") + finish() + DONE


def test_a_done_that_lacks_its_blank_line_is_completed() -> None:
    assert relayed(finish(), tail=b"data: [DONE]") == finish() + DONE


@pytest.mark.parametrize(
    "events",
    [[], [delta("a")], [delta("a"), delta("b", 1), finish(0)], [event(choices=[])], [b": only a comment\n\n"]],
)
def test_an_end_without_a_finish_reason_for_each_choice_is_a_break(events: list[bytes]) -> None:
    with pytest.raises(Failure, match="before the answer was complete"):
        relayed(*events)
    with pytest.raises(Failure, match="before the answer was complete"):
        relayed(*events, DONE)


def test_an_event_that_was_cut_off_is_not_passed_on() -> None:
    with pytest.raises(Failure):
        relayed(delta("a"), tail=b'data: {"choices":[{"index":0,"finish_reason":"st')


def test_an_error_that_upstream_tells_of_goes_down_and_no_done_follows() -> None:
    error = event(error={"message": "boom", "code": 429, "status": "Too Many Requests"})
    relay = StreamRelay()
    assert relay.event(error) == error
    assert relay.event(DONE) == b""
    assert relay.end(b"") == b""
    assert relay.failure is not None
    assert (relay.failure.status, relay.failure.message) == (429, "boom")


@pytest.mark.parametrize("raw", [b"data: not json\n\n", b'data: {"choices":7}\n\n', b"data: []\n\n", b"data: \xff\n\n"])
def test_what_the_tap_does_not_understand_cannot_break_the_stream(raw: bytes) -> None:
    assert relayed(raw, finish(), DONE) == raw + finish() + DONE


def test_usage_is_read_wherever_it_comes() -> None:
    relay = StreamRelay()
    relay.event(event(choices=[{"index": 0, "finish_reason": "stop"}], copilot_usage={"total_nano_aiu": 155}))
    relay.event(
        event(
            choices=[],
            usage={
                "prompt_tokens": 31,
                "completion_tokens": 2,
                "prompt_tokens_details": {"cached_tokens": 7},
                "completion_tokens_details": {"reasoning_tokens": 1},
            },
        )
    )
    assert relay.usage == Usage(input=31, output=2, cached=7, reasoning=1, nano_credits=155)


def test_geminis_reasoning_tokens_are_read_from_where_it_puts_them() -> None:
    chunk = read_chunk(b'{"usage":{"prompt_tokens":1,"completion_tokens":2,"reasoning_tokens":60}}')
    assert chunk is not None
    assert read_usage(chunk) == Usage(input=1, output=2, reasoning=60)


def test_a_chunk_knows_only_what_relaying_needs() -> None:
    fields = {field.name for field in msgspec.structs.fields(RelayChunk)}
    assert fields == {"object", "choices", "usage", "copilot_usage", "error"}
