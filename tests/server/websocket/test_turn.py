"""The answer to one request of a lane, as the server writes it and as the client gets it."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, cast

import pytest

from passenger.server.http.send_buffer import SendBuffer
from passenger.server.http.stream import Stream
from passenger.server.websocket.turn import TurnStream

CREATED = b'event: response.created\ndata: {"response":{"id":"r"}}\n\n'
DONE = b'data: {"type":"response.completed","response":{"id":"r"}}\n\n'


class Socket:
    def __init__(self) -> None:
        self.loop = cast("asyncio.AbstractEventLoop", None)
        self.out = SendBuffer()
        self.is_ending = False
        self.sent: list[dict[str, Any]] = []
        self.noted: list[str] = []
        self.finished = 0

    def resume_reading(self) -> None: ...

    def release_parser(self) -> None: ...

    def abort_response(self) -> None: ...

    def finish_response(self, stream: Stream) -> None:
        assert stream.ended
        self.finished += 1

    def note(self, lane: str | None, kind: str, data: bytes) -> None:
        assert (lane, json.loads(data)["response"]["id"]) == ("a", "r")
        self.noted.append(kind)

    def send_texts(self, texts: Sequence[bytes]) -> None:
        self.sent += [json.loads(text) for text in texts]


def turn() -> tuple[Socket, TurnStream]:
    socket = Socket()
    return socket, TurnStream(socket, "a", {"method": "POST"}, {}, b"{}")


def test_the_request_is_there_at_once() -> None:
    _, made = turn()
    assert (made.complete, made.take()) == (True, b"{}")


def test_a_refusal_that_comes_in_pieces_is_one_error() -> None:
    socket, made = turn()
    body = json.dumps({"error": {"message": "no", "type": "authentication_error", "code": "invalid_api_key"}}).encode()
    made.start(401, [(b"retry-after", b"7")])
    made.write(body[:20])
    made.end(body[20:])
    (told,) = socket.sent
    assert (told["type"], told["status"], told["error"]["code"]) == ("error", 401, "invalid_api_key")
    assert told["headers"] == {"retry-after": "7"}
    assert (socket.finished, made.is_whole) == (1, True)


def test_events_are_frames_and_the_end_says_nothing_more() -> None:
    socket, made = turn()
    made.start(200, ())
    made.write(CREATED)
    made.end(DONE)
    assert [text["response"]["id"] for text in socket.sent] == ["r", "r"]
    assert all(text["stream_id"] == "a" for text in socket.sent)
    assert socket.noted == ["response.completed"]
    assert (socket.finished, made.is_sent, made.is_sending) == (1, True, False)


@pytest.mark.parametrize("how", ["end", "abort"])
def test_an_answer_without_an_end_has_failed(how: str) -> None:
    socket, made = turn()
    made.start(200, ())
    made.write(CREATED)
    getattr(made, how)()
    getattr(made, how)()
    text = socket.sent[-1]
    assert (text["type"], text["response"]["id"], text["response"]["status"]) == ("response.failed", "r", "failed")
    assert socket.finished == 1


def test_an_error_before_the_first_event_is_an_error_frame() -> None:
    socket, made = turn()
    made.start(200, ())
    made.write(b": keep-alive\n\n")
    made.end(b'event: error\ndata: {"type":"error","error":{"type":"rate_limit_error","message":"m"}}\n\n')
    assert [(text["type"], text["status"]) for text in socket.sent] == [("error", 429)]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, b'{"error":{"message":"m","type":"t","param":"p","code":"c"}}', (404, "m")),
        (500, b"Internal Server Error", (500, "Passenger failed; its log says more")),
        (200, b"{}", (500, "Passenger failed; its log says more")),
    ],
)
def test_a_whole_answer_is_an_error_frame(status: int, body: bytes, expected: tuple[int, str]) -> None:
    socket, made = turn()
    made.respond(status, [(b"retry-after", b"4")], body)
    (text,) = socket.sent
    assert (text["type"], text["status"], text["error"]["message"]) == ("error", *expected)
    assert text["headers"] == {"retry-after": "4"}
    assert socket.finished == 1
