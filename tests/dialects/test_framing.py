import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai._streaming import SSEDecoder

from passenger.dialects.framing import (
    JSON_ARRAY,
    NDJSON,
    SSE,
    SseSplitter,
    StreamMessage,
    one_line,
    read_sse,
    write_sse,
)
from passenger.errors import Failure

STREAMS = [
    b'data: {"a":1}\n\ndata: {"b":2}\n\ndata: [DONE]\n\n',
    b'data: {"a":1}\r\n\r\ndata: [DONE]\r\n\r\n',
    b'data:{"a":1}\r\rdata:[DONE]\r\r',
    b'data: {"a":1}\n\r\ndata: 2\r\n\n\n\ndata: 3\r\r\n',
    '\ufeff: hello\n\nevent: x\ndata: {"a":\ndata: 1}\n\ndata: "\u2028 \U0001f600 é"\n\n'.encode(),
    b"data: cut off",
    b"",
    b"\n\n\r\n\r\n\r\r",
]


def split_at(stream: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted({min(cut, len(stream)) for cut in cuts} | {len(stream)})
    return [stream[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def events_of(pieces: list[bytes]) -> tuple[list[bytes], bytes]:
    splitter = SseSplitter()
    events = [event for piece in pieces for event in splitter.feed(piece)]
    return events, splitter.flush()


def messages_of(pieces: list[bytes]) -> list[StreamMessage]:
    events, _ = events_of(pieces)
    return [message for event in events if (message := read_sse(event)) is not None]


@pytest.mark.parametrize("stream", STREAMS)
def test_events_and_tail_concatenate_to_the_bytes_fed_wherever_they_are_cut(stream: bytes) -> None:
    for cut in range(len(stream) + 1):
        events, tail = events_of([stream[:cut], stream[cut:]])
        assert b"".join(events) + tail == stream


@pytest.mark.proves("F30")
@pytest.mark.parametrize("stream", STREAMS)
def test_the_messages_are_the_same_at_every_cut_and_byte_by_byte(stream: bytes) -> None:
    whole = messages_of([stream])
    for cut in range(len(stream) + 1):
        assert messages_of([stream[:cut], stream[cut:]]) == whole
    assert messages_of([stream[i : i + 1] for i in range(len(stream))]) == whole


@pytest.mark.proves("F30")
@given(
    st.lists(
        st.sampled_from([b"data: 1", b"data:", b"\r", b"\n", b"\r\n", b": c", b"event: e", "é\U0001f600".encode()])
    ),
    st.lists(st.integers(0, 60)),
)
def test_any_stream_survives_any_cuts(words: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(words)
    pieces = split_at(stream, cuts)
    events, tail = events_of(pieces)
    assert b"".join(events) + tail == stream
    assert messages_of(pieces) == messages_of([stream])


@pytest.mark.proves("F30")
@pytest.mark.parametrize("end", [b"\n", b"\r"])
@given(
    st.lists(st.sampled_from([[b"data: 1"], [b"data:"], [b": c", b"data: 2"], [b"event: e", b"data: 3"]])), st.data()
)
def test_events_with_one_blank_line_after_each_are_the_same_bytes_at_any_cuts(
    end: bytes, events: list[list[bytes]], data: st.DataObject
) -> None:
    written = [b"".join(line + end for line in [*lines, b""]) for lines in events]
    stream = b"".join(written) + b"data: cut"
    cuts = data.draw(st.lists(st.integers(0, len(stream))))
    assert events_of(split_at(stream, cuts)) == (written, b"data: cut")


@pytest.mark.proves("F30")
@given(
    st.lists(st.sampled_from([b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n", b"\r\n\n", b"\r\n\r"]), max_size=6),
    st.lists(st.integers(0, 100)),
)
def test_line_ends_that_change_within_a_stream_end_its_events_at_any_cuts(ends: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(b"data: %d%b" % (number, end) for number, end in enumerate(ends))
    assert [message.data for message in messages_of(split_at(stream, cuts))] == [b"%d" % n for n in range(len(ends))]


@given(st.lists(st.sampled_from([b"data: 1", b"data:2", b"data", b"data:  x", b": c", b"event: e", b""]), max_size=12))
def test_messages_agree_with_the_reader_of_the_openai_sdk(lines: list[bytes]) -> None:
    stream = b"\n".join([*lines, b"", b""])
    theirs = [(event.event or "", event.data) for event in SSEDecoder().iter_bytes(iter([stream]))]
    ours = [(message.event, message.data.decode()) for message in messages_of([stream])]
    assert [m for m in ours if m[1]] == [m for m in theirs if m[1]]


@pytest.mark.proves("F31", "promise 8")
@pytest.mark.parametrize("more", [b"x" * 10, b"x\n" * 5, b"\n\n" + b"x" * 101, b"\r" * 2 + b"x" * 101])
def test_an_event_without_end_is_refused_at_its_limit(more: bytes) -> None:
    splitter = SseSplitter(limit=100)
    splitter.feed(b"data: " + b"x" * 90)
    with pytest.raises(Failure, match="larger than 100 bytes"):
        splitter.feed(more)


def test_comments_and_blank_lines_carry_no_data() -> None:
    assert read_sse(b": keep-alive\n\n") is None
    assert read_sse(b"\n\n") is None
    assert read_sse(b"event: ping\n\n") is None


def test_several_data_lines_are_one_value() -> None:
    assert read_sse(b"event: e\ndata: a\ndata: b\n\n") == StreamMessage("e", b"a\nb")


def test_line_separators_inside_json_end_nothing() -> None:
    data = '{"text":"a\u2028b\u2029c\u0085d"}'.encode()
    assert messages_of([b"data: " + data + b"\n\n"]) == [StreamMessage("", data)]


@given(st.binary(max_size=50).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b"")), st.sampled_from(["", "error"]))
def test_what_is_written_is_read(data: bytes, event: str) -> None:
    assert read_sse(write_sse(data, event)) == StreamMessage(event, data)


@given(
    st.lists(
        st.sampled_from(
            [
                b"event: e",
                b"event:e",
                b"event: \xff",
                b"event: ",
                b"data: 1",
                b"data:1",
                b"data: ",
                b": c",
                b"id: 5",
                b"",
            ]
        ),
        max_size=4,
    ),
)
def test_the_fields_are_the_same_whatever_the_lines_end_with(lines: list[bytes]) -> None:
    found = [read_sse(b"".join(line + end for line in [*lines, b""])) for end in (b"\n", b"\r", b"\r\n")]
    assert found[0] == found[1] == found[2]


@pytest.mark.proves("promise 8", "F31")
@pytest.mark.parametrize("ends", [b"\n", b"\r", b"\r\n"])
def test_very_many_blank_lines_are_few_events(ends: bytes) -> None:
    events, tail = events_of([b"data: 1" + ends * 1_000_000, ends * 1_000_000, b"data: 2" + ends * 2])
    assert b"".join(events) + tail == b"data: 1" + ends * 2_000_000 + b"data: 2" + ends * 2
    assert len(events) <= 4
    assert [message.data for event in events if (message := read_sse(event)) is not None] == [b"1", b"2"]


@pytest.mark.proves("promise 8", "F31")
def test_an_event_of_very_many_lines_is_a_failure() -> None:
    assert read_sse(b":\n" * 99_000 + b"data: 1\n\n") == StreamMessage("", b"1")
    with pytest.raises(Failure, match="lines"):
        read_sse(b":\n" * 101_000 + b"data: 1\n\n")


# --- ways to frame an answer --------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none()
    | st.integers()
    | st.text(st.characters(codec="utf-8"))
    | st.text('\x85\u2028\u2029\\"\n\r\x1c\x0b\u2027Â\u0080'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("\u2028ab"), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(JSON, min_size=1, max_size=4))
def test_each_message_is_one_line_to_every_reader_of_lines_and_means_what_it_meant(values: list[object]) -> None:
    messages = [StreamMessage("", msgspec.json.encode(value)) for value in values]
    lines = "".join(NDJSON.frame(message).decode() for message in messages).splitlines()
    assert [json.loads(line) for line in lines] == values
    events = "".join(SSE.frame(message).decode() for message in messages).splitlines()
    assert [json.loads(line.removeprefix("data: ")) for line in events if line] == values
    array = JSON_ARRAY.opening + JSON_ARRAY.between.join(map(JSON_ARRAY.frame, messages)) + JSON_ARRAY.closing
    assert json.loads(array) == values
    assert len(array.decode().splitlines()) == len(values)


def test_what_needs_no_escape_is_left_alone() -> None:
    for plain in (b'{"a":"b"}', '{"a":"\u2027 é \U0001f600"}'.encode()):
        assert one_line(plain) is plain
