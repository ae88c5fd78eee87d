"""The protocol of a WebSocket by its transcripts: frames in, commands out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.errors import Failure, Kind
from passenger.server.websocket.commands import Command, SendText, StartTurn
from passenger.server.websocket.lanes import Lanes

LARGEST = 10_000


def lanes(most: int = 3, waiting: int = 2) -> Lanes:
    return Lanes(most, waiting, LARGEST)


def create(text: object = "hello", **fields: object) -> bytes:
    return json.dumps({"type": "response.create", "model": "m", "input": text, **fields}).encode()


def body(command: Command) -> dict[str, Any]:
    assert isinstance(command, StartTurn)
    read: dict[str, Any] = json.loads(command.body)
    return read


def told(command: Command) -> dict[str, Any]:
    assert isinstance(command, SendText)
    read: dict[str, Any] = json.loads(command.text)
    assert read["type"] != "error" or isinstance(read["status"], int)
    return read


def finish(
    some: Lanes, lane: str | None, identity: str, *output: object, kind: str = "response.completed"
) -> list[Command]:
    some.note(lane, kind, json.dumps({"type": kind, "response": {"id": identity, "output": output}}).encode())
    return some.ended(lane)


# --- requests ----------------------------------------------------------------------------------------------------


def test_what_the_transport_decides_does_not_go_on() -> None:
    (start,) = lanes().receive(create(stream=False, background=True, stream_id="a", generate=True, temperature=1))
    assert body(start) == {
        "model": "m",
        "input": "hello",
        "temperature": 1,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
    }
    assert isinstance(start, StartTurn)
    assert start.lane == "a"


def test_a_request_without_a_model_is_for_the_one_before() -> None:
    some = lanes()
    some.receive(create())
    finish(some, None, "r1")
    (start,) = some.receive(b'{"type":"response.create","input":"x"}')
    assert body(start)["model"] == "m"
    (start,) = some.receive(b'{"type":"response.create","input":"x","stream_id":"b"}')
    assert "model" not in body(start)


def test_a_chain_goes_on_from_where_it_was_compacted() -> None:
    some, asked = lanes(), {"type": "message", "role": "user", "content": "one"}
    compacted = {"type": "compaction", "encrypted_content": "x"}
    some.receive(create([asked], store=False))
    finish(some, None, "r1", {"type": "message", "role": "assistant", "content": "said"})
    some.receive(create([{"type": "compaction_trigger"}], store=False, previous_response_id="r1"))
    finish(some, None, "r2", compacted)
    (start,) = some.receive(create([asked], store=False, previous_response_id="r2"))
    assert body(start)["input"] == [asked, compacted, asked]


def test_a_lane_waits_for_its_answer_and_others_do_not() -> None:
    some = lanes()
    assert len(some.receive(create("1"))) == 1
    assert some.receive(create("2")) == []
    assert len(some.receive(create("3", stream_id="b"))) == 1
    assert (some.running, some.waiting) == (2, 1)
    (start,) = finish(some, None, "r1")
    assert body(start)["input"] == "2"


def test_what_waits_and_runs_is_bounded() -> None:
    some = lanes(most=2, waiting=1)
    some.receive(create(stream_id="a"))
    some.receive(create(stream_id="b"))
    assert some.receive(create(stream_id="a")) == []
    (refused,) = some.receive(create(stream_id="a"))
    assert (told(refused)["status"], told(refused)["error"]["code"]) == (429, "too_many_waiting_requests")
    (refused,) = some.receive(create(stream_id="c"))
    assert (told(refused)["error"]["code"], told(refused)["stream_id"]) == ("too_many_lanes", "c")
    finish(some, "b", "r1")
    assert len(some.receive(create(stream_id="c"))) == 1


@pytest.mark.parametrize(
    ("text", "param"),
    [
        (b"", None),
        (b"nonsense", None),
        (b"1", None),
        (b"[" * 100_000, None),
        (b'{"a":' * 100_000, None),
        (b"{}", "type"),
        (b'{"type":"response.processed","stream_id":"a"}', "type"),
        (b'{"type":"response.create","stream_id":7}', "stream_id"),
        (b'{"type":"response.create","stream_id":"\\ud800"}', "stream_id"),
        (create(generate=1), "generate"),
        (create(generate="yes"), "generate"),
        (create(7, generate=False), "input"),
    ],
)
def test_what_is_not_understood_is_refused_with_a_status(text: bytes, param: str | None) -> None:
    some = lanes()
    (refused,) = some.receive(text)
    assert told(refused)["status"] == 400
    assert told(refused)["error"]["param"] == param
    assert len(some.receive(create())) == 1


def test_nothing_is_taken_after_the_end() -> None:
    some = lanes()
    some.receive(create("1"))
    some.receive(create("2"))
    end = Failure(Kind.UNAVAILABLE, "the end", code="over")
    (refused,) = some.drop_waiting(end)
    assert told(refused)["error"]["code"] == "over"
    (refused,) = some.receive(create())
    assert told(refused)["status"] == 503
    assert finish(some, None, "r1") == []


# --- chains ------------------------------------------------------------------------------------------------------

SAID = {"type": "message", "role": "assistant", "content": "hi"}


def test_a_chain_is_made_whole() -> None:
    some = lanes()
    some.receive(create("one"))
    finish(some, None, "r1", SAID)
    (start,) = some.receive(create([{"role": "user", "content": "two"}], previous_response_id="r1"))
    assert body(start)["input"] == [
        {"type": "message", "role": "user", "content": "one"},
        SAID,
        {"role": "user", "content": "two"},
    ]
    assert "previous_response_id" not in body(start)
    assert isinstance(start, StartTurn)
    assert start.previous == "r1"
    finish(some, None, "r2", SAID)
    (start,) = some.receive(create("three", previous_response_id="r2"))
    assert len(body(start)["input"]) == 5


def test_a_waiting_request_may_follow_the_one_that_runs() -> None:
    some = lanes()
    some.receive(create("one"))
    some.receive(create("two", previous_response_id="r1"))
    (start,) = finish(some, None, "r1", SAID)
    assert len(body(start)["input"]) == 3


def test_another_lane_may_go_on_from_an_answer() -> None:
    some = lanes()
    some.receive(create("one", stream_id="a"))
    finish(some, "a", "r1", SAID)
    (start,) = some.receive(create("two", stream_id="b", previous_response_id="r1"))
    assert len(body(start)["input"]) == 3


@pytest.mark.parametrize("kind", ["response.failed", "error", ""])
def test_a_failed_turn_lets_the_chain_go(kind: str) -> None:
    some = lanes()
    some.receive(create("one"))
    finish(some, None, "r1")
    some.receive(create("two", previous_response_id="r1"))
    finish(some, None, "r2", kind=kind)
    for lost in "r1", "r2":
        (start,) = some.receive(create("three", previous_response_id=lost))
        assert body(start)["previous_response_id"] == lost  # whoever answers it looks for it elsewhere
        finish(some, None, "r3", kind="error")


def test_what_follows_an_answer_that_is_not_known_here_is_not_kept() -> None:
    some = lanes()
    some.receive(create("one", previous_response_id="elsewhere"))
    finish(some, None, "r1")
    (start,) = some.receive(create("two", previous_response_id="r1"))
    assert body(start)["previous_response_id"] == "r1"


def test_what_is_kept_is_bounded() -> None:
    some = lanes()
    some.receive(create("x" * (LARGEST + 1)))
    finish(some, None, "r1")
    assert some.size == 0


def test_what_is_kept_elsewhere_is_looked_for_there() -> None:
    some = Lanes(3, 2, LARGEST, is_kept=True)
    some.receive(create("one"))
    finish(some, None, "r1")
    (start,) = some.receive(create("two", previous_response_id="r1"))
    assert (body(start)["previous_response_id"], "include" in body(start)) == ("r1", False)
    finish(some, None, "r2")
    (start,) = some.receive(create("three", store=False, include=["x"]))
    assert body(start)["include"] == ["x", "reasoning.encrypted_content"]
    finish(some, None, "r3")
    (start,) = some.receive(create("four", previous_response_id="r3"))
    assert len(body(start)["input"]) == 2


def test_a_warm_up_is_answered_here() -> None:
    some = lanes()
    created, completed = (told(one) for one in some.receive(create("one", generate=False, stream_id="a")))
    assert (created["type"], completed["type"]) == ("response.created", "response.completed")
    assert completed["response"]["usage"]["total_tokens"] == 0
    (start,) = some.receive(create("two", previous_response_id=completed["response"]["id"], stream_id="a"))
    assert [item["content"] for item in body(start)["input"]] == ["one", "two"]
    (lost,) = some.receive(create("two", previous_response_id="nobody", generate=False))
    assert told(lost)["error"]["code"] == "previous_response_not_found"


# --- whatever comes ----------------------------------------------------------------------------------------------

_EVENTS = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda **fields: json.dumps(fields).encode(),
        type=st.sampled_from(["response.create", "response.steer", "response.processed"]),
        stream_id=st.sampled_from([None, "a", "b", "c", "d", 1]),
        generate=st.sampled_from([None, True, False, 2]),
        input=st.sampled_from(["x", [], [{"a": 1}], 5, None]),
        previous_response_id=st.sampled_from([None, "r", 4]),
    ),
    st.sampled_from(["a", "b", "c", "d", None]),
)


@given(st.lists(_EVENTS, max_size=30))
def test_whatever_comes_all_is_answered_once_and_in_bounds(events: list[bytes | str | None]) -> None:
    some, running = lanes(), set[str | None]()
    for event in events:
        if isinstance(event, bytes):
            commands = some.receive(event)
        else:
            running.discard(event)
            commands = finish(some, event, "r")
        for command in commands:
            if isinstance(command, StartTurn):
                assert command.lane not in running
                running.add(command.lane)
                assert body(command)["stream"] is True
            else:
                told(command)
        assert some.running == len(running) <= 3
        assert some.waiting <= 2
