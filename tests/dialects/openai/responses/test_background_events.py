"""The events of a response in the background: one numbering from the queue to the end, whatever upstream does."""

import json
from typing import Any

import pytest
from msgspec import Raw

from passenger.chat.events import AnswerIdentity
from passenger.dialects.framing import write_sse
from passenger.dialects.openai.responses.background_events import (
    BackgroundEvents,
    EventBatch,
    event_type,
    queued_object,
)
from passenger.errors import Failure, Kind

IDENTITY = AnswerIdentity("0123456789abcdef0123456789abcdef", 1_790_000_000, echo={"store": Raw(b"true")})


def begun() -> BackgroundEvents:
    return BackgroundEvents(queued_object({"top_p": Raw(b"0.5"), "user": Raw(b"null")}, "m", IDENTITY))


def sse(kind: str, **fields: Any) -> bytes:
    return write_sse(json.dumps({"type": kind, "sequence_number": 77, **fields}).encode(), kind)


def read(batch: EventBatch) -> list[tuple[int, str]]:
    return [(event["sequence_number"], event["type"]) for event in map(json.loads, batch.events)]


def test_it_is_queued_before_anything_else() -> None:
    batch = begun().queued()
    assert read(batch) == [(0, "response.created"), (1, "response.queued")]
    shown = json.loads(batch.response)
    assert batch.status == "queued"
    assert (shown["status"], shown["background"], shown["store"], shown["output"]) == ("queued", True, True, [])
    assert (shown["top_p"], shown["user"], shown["model"]) == (0.5, None, "m")
    assert json.loads(batch.events[1])["response"] == shown
    assert event_type(batch.events[1]) == "response.queued"


def test_events_are_numbered_anew_and_tell_the_status() -> None:
    events = begun()
    events.queued()
    whole = {"id": "other", "created_at": 1, "status": "in_progress", "background": False, "output": []}
    started = events.feed(sse("response.created", response=whole) + sse("response.in_progress", response=whole))
    assert read(started) == [(2, "response.in_progress")]
    assert started.status == "in_progress"
    shown = json.loads(started.response)
    assert (shown["id"], shown["created_at"], shown["background"]) == (f"resp_{IDENTITY.id}", 1_790_000_000, True)
    delta = sse("response.output_text.delta", delta="x")
    assert read(events.feed(delta[:20])) == []
    more = events.feed(delta[20:] + b": a comment\n\n")
    assert (read(more), more.status) == ([(3, "response.output_text.delta")], None)
    last = events.feed(
        sse("response.completed", response={**whole, "status": "completed", "output": [{"id": "msg_1"}]})
    )
    assert last.status == "completed"
    assert json.loads(last.response)["output"] == [{"id": "msg_1"}]


@pytest.mark.parametrize(
    "error",
    [
        {"type": "error", "message": "broke", "code": "bad"},
        {"type": "error", "error": {"message": "broke", "code": "bad"}},
        {"error": {"message": "broke", "code": "bad"}},
    ],
)
def test_an_error_event_is_why_it_failed(error: dict[str, Any]) -> None:
    events = begun()
    events.queued()
    assert read(events.feed(write_sse(json.dumps(error).encode()))) == []
    assert events.failure is not None
    last = events.ended(events.failure)
    assert read(last) == [(2, "response.failed")]
    assert last.status == "failed"
    assert json.loads(last.response)["error"] == {"code": "bad", "message": "broke"}


def test_it_ends_as_cancelled_or_as_failed() -> None:
    cancelled = begun().ended(None)
    assert (cancelled.status, json.loads(cancelled.response)["error"]) == ("cancelled", None)
    assert json.loads(cancelled.events[0])["response"]["status"] == "cancelled"
    failed = begun().ended(Failure(Kind.INTERNAL, "stopped", code="server_error"))
    assert json.loads(failed.response)["error"] == {"code": "server_error", "message": "stopped"}
