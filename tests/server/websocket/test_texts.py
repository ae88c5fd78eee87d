"""Server-sent events as text frames, and the frames that are made here."""

import json

import pytest
from websockets.frames import Frame, Opcode

from passenger.errors import Failure, Kind
from passenger.server.websocket.texts import (
    events_in,
    failed_text,
    failure_text,
    mark_of,
    marked,
    read_error,
    status_of,
    text_frames,
)


@pytest.mark.parametrize(
    "piece",
    [
        b'event: a\ndata: {"x":1}\n\nevent: b\ndata: {}\n\n',
        b'event: a\r\ndata: {"x":1}\r\n\r\nevent: b\r\ndata: {}\r\n\r\n',
        b': ping\n\nevent: a\nid: 7\ndata: {"x":1}\n\n: ping\n\ndata:{}\nevent:b\n\n',
    ],
)
def test_each_event_is_a_frame_and_comments_are_none(piece: bytes) -> None:
    assert [*events_in(piece)] == [(b"a", b'{"x":1}'), (b"b", b"{}")]


def test_an_event_without_a_name_keeps_its_data() -> None:
    assert [*events_in(b"data: {}\n\ndata: []\n\n")] == [(b"", b"{}"), (b"", b"[]")]


def test_the_lane_is_named_in_each_event() -> None:
    assert json.loads(marked(b'{"type":"t"}', mark_of('a"'))) == {"stream_id": 'a"', "type": "t"}
    assert marked(b"{}", mark_of(None)) == b"{}"


def test_a_failure_has_its_status_and_all_fields() -> None:
    failure = Failure(Kind.RATE_LIMIT, "slower", code="c", param="p", retry_after="3")
    assert json.loads(failure_text(failure, mark_of("a"))) == {
        "stream_id": "a",
        "type": "error",
        "status": 429,
        "error": {"message": "slower", "type": "rate_limit_error", "param": "p", "code": "c"},
        "headers": {"retry-after": "3"},
    }


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (b'{"error":{"type":"rate_limit_error","message":"m"}}', 429),
        (b'{"type":"error","code":"rate_limit_exceeded","message":"m"}', 429),
        (b'{"error":{"type":"invalid_request_error"}}', 400),
        (b'{"error":{"type":["x"]}}', 502),
        (b"[]", 502),
        (b"no json", 502),
    ],
)
def test_the_status_of_an_error_in_a_stream_is_that_of_its_kind(event: bytes, status: int) -> None:
    error = read_error(event)
    assert set(error) == {"type", "code", "message", "param"}
    assert status_of(error) == status


def test_a_failed_response_is_the_one_that_began() -> None:
    created = b'{"type":"response.created","response":{"id":"r","model":"m","status":"in_progress"}}'
    event = json.loads(failed_text(created, {"code": "c", "message": "m"}, 4, b""))
    assert event["sequence_number"] == 4
    assert event["response"] == {"id": "r", "model": "m", "status": "failed", "error": {"code": "c", "message": "m"}}
    assert json.loads(failed_text(b"?", {}, 1, b""))["response"]["error"]["code"] == "server_error"


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536, 70_000])
def test_a_frame_is_the_librarys(size: int) -> None:
    assert text_frames([b"x" * size, b"y"]) == b"".join(
        Frame(Opcode.TEXT, text).serialize(mask=False) for text in (b"x" * size, b"y")
    )
