from pathlib import Path

import pytest

from passenger.chat.events import Usage
from passenger.dialects.anthropic.relay import StreamRelay
from passenger.dialects.framing import SseSplitter
from passenger.errors import Failure, Kind
from tests.dialects.anthropic.samples import DATA, SAMPLES, cuts


def passed(relay: StreamRelay, stream: bytes) -> bytes:
    splitter = SseSplitter()
    down = b"".join(map(relay.event, splitter.feed(stream)))
    return down + relay.end(splitter.flush())


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_stream_keeps_its_bytes_but_for_a_terminator_that_is_not_anthropics(path: Path) -> None:
    relay, data = StreamRelay(), path.read_bytes()
    assert passed(relay, data) == data.replace(b"event: message\ndata: [DONE]\n\n", b"")
    assert relay.done
    assert relay.usage is not None
    assert relay.usage.nano_credits


def test_the_usage_is_that_of_the_last_events() -> None:
    relay = StreamRelay()
    passed(relay, (DATA / "cached.sse").read_bytes())
    assert relay.usage == Usage(49220, 110, 48000, 0, 3435000000, 1200)


@pytest.mark.proves("F38")
def test_a_comment_before_an_event_hides_nothing_of_it() -> None:
    relay, data = StreamRelay(), b": a comment\n" + b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    assert passed(relay, data) == data
    assert relay.done


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_stream_that_is_cut_is_broken(path: Path) -> None:
    for cut in cuts(path.read_bytes()):
        with pytest.raises(Failure) as caught:
            passed(StreamRelay(), cut)
        assert caught.value.code == "stream_broken"


def test_an_error_of_upstreams_goes_down_as_it_is_and_ends_the_stream() -> None:
    relay = StreamRelay()
    raw = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    assert passed(relay, raw) == raw
    assert relay.failure is not None
    assert (relay.failure.kind, relay.failure.status, relay.done) == (Kind.UNAVAILABLE, 529, False)


def test_a_last_event_that_only_lacks_its_blank_line_is_whole() -> None:
    stop = b'event: message_stop\ndata: {"type":"message_stop"}'
    for tail in (stop, stop + b"\n", stop + b"\r\n"):
        assert StreamRelay().end(tail) == stop + b"\n\n"
    with pytest.raises(Failure):
        StreamRelay().end(stop[:-1])
    with pytest.raises(Failure):
        StreamRelay().end(b'event: x\ndata: {"text":"message_stop"}')


@pytest.mark.parametrize(
    "raw",
    [b": ping\n\n", b"\n\n", b"event: x\ndata: nonsense\n\n", b'data: {"type":"yet_to_come"}\n\n', b"data: [1]\n\n"],
)
def test_what_is_not_understood_is_the_clients_business(raw: bytes) -> None:
    assert StreamRelay().event(raw) == raw


def test_done_is_swallowed_also_after_the_end() -> None:
    relay = StreamRelay()
    stop = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    assert relay.event(stop) == stop
    assert relay.event(b"data: [DONE]\n\n") == b""
    assert relay.end(b"data: [DONE]") == b""
