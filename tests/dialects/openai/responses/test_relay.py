import json
from pathlib import Path
from typing import Any

import pytest

from passenger.chat.events import AnswerIdentity, Usage
from passenger.chat.prompt import Ask, Initiator
from passenger.dialects.framing import SseSplitter, read_sse
from passenger.dialects.openai.responses import quirks
from passenger.dialects.openai.responses.relay import StreamRelay
from passenger.dialects.openai.responses.response_object import COUNTS, DEFAULTS
from passenger.errors import Failure, Kind

DATA = Path(__file__).parents[3] / "data" / "responses"
SAMPLES = sorted(path.stem for path in DATA.glob("*.sse"))
FAILURES = sorted(path.stem for path in (DATA / "failures").glob("*.sse"))
ASK = Ask("gpt-5.5", stream=True, initiator=Initiator.USER)
STAMP = AnswerIdentity("0123456789abcdef" * 2, 1790000000)


def path(name: str) -> Path:
    whole = DATA / f"{name}.sse"
    return whole if whole.exists() else DATA / "failures" / f"{name}.sse"


def raw_events(name: str) -> list[bytes]:
    return SseSplitter().feed(path(name).read_bytes())


def relayed(name: str) -> tuple[bytes, StreamRelay]:
    relay = quirks.relay(ASK, STAMP)
    down = b"".join(map(relay.event, raw_events(name)))
    return down + relay.end(b""), relay


def decoded(stream: bytes) -> list[dict[str, Any]]:
    messages = [read_sse(raw) for raw in SseSplitter().feed(stream)]
    return [json.loads(message.data) for message in messages if message is not None]


def names(events: list[bytes]) -> list[str]:
    return [message.event for raw in events if (message := read_sse(raw)) is not None]


def without_ids(value: Any) -> Any:
    match value:
        case dict():
            left_out = {"id", "item_id", "obfuscation"}
            return {name: without_ids(item) for name, item in value.items() if name not in left_out}
        case list():
            return [without_ids(item) for item in value]
        case _:
            return value


def filled(event: dict[str, Any]) -> dict[str, Any]:
    """An event with all that a response object must have."""
    if not isinstance(response := event.get("response"), dict):
        return event
    added = {name: json.loads(bytes(value)) for name, value in DEFAULTS.items()}
    return event | {
        "response": added | response | ({"usage": counted(response["usage"])} if response.get("usage") else {})
    }


def counted(usage: dict[str, Any]) -> dict[str, Any]:
    return usage | {name: dict.fromkeys(counts, 0) | usage.get(name, {}) for name, counts in COUNTS.items()}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_event_goes_down_with_stable_ids_and_is_otherwise_unchanged(name: str) -> None:
    down, relay = relayed(name)
    assert b"changes-with-every-event" not in down
    assert b"obfuscation" not in down
    assert without_ids(decoded(down)) == without_ids([filled(event) for event in decoded(path(name).read_bytes())])
    assert (relay.done, relay.failure) == (True, None)


@pytest.mark.parametrize("name", SAMPLES)
def test_one_item_has_one_id_from_its_first_event_to_the_last(name: str) -> None:
    events = decoded(relayed(name)[0])
    final = events[-1]["response"]
    assert {event["response"]["id"] for event in events if "response" in event} == {f"resp_{STAMP.id}"}
    for event in events:
        if "output_index" in event:
            item = event.get("item_id") or event["item"]["id"]
            assert item == final["output"][event["output_index"]]["id"]
    ids = [item["id"] for item in final["output"]]
    assert len(set(ids)) == len(ids)


def test_the_names_of_the_events_are_kept() -> None:
    down, _ = relayed("tools")
    assert names(SseSplitter().feed(down)) == names(raw_events("tools"))


def test_usage_and_the_bill_are_read_from_the_last_event() -> None:
    assert relayed("text")[1].usage == Usage(31, 12, nano_credits=48500000)
    assert relayed("reasoning")[1].usage == Usage(420, 61, cached=256, reasoning=40, written=100)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_stream_that_ends_before_its_answer_is_broken(name: str) -> None:
    events = raw_events(name)
    for cut in range(len(events)):
        relay = quirks.relay(ASK, STAMP)
        for raw in events[:cut]:
            relay.event(raw)
        with pytest.raises(Failure) as caught:
            relay.end(events[cut][:-20])
        assert (caught.value.kind, caught.value.code) == (Kind.UPSTREAM, "stream_broken")
        assert not relay.done


def test_a_last_event_that_only_lacks_its_blank_line_is_whole() -> None:
    *events, last = raw_events("text")
    relay = quirks.relay(ASK, STAMP)
    for raw in events:
        relay.event(raw)
    down = relay.end(last.rstrip(b"\n"))
    assert decoded(down)[0]["type"] == "response.completed"
    assert relay.done


def test_an_error_that_has_no_type_is_a_failure_that_is_still_to_be_told() -> None:
    with pytest.raises(Failure) as caught:
        relayed("capi_error")
    assert (caught.value.message, caught.value.status) == ("quota", 402)


@pytest.mark.parametrize("name", [name for name in FAILURES if name != "capi_error"])
def test_what_upstream_says_went_wrong_is_kept_and_goes_down(name: str) -> None:
    down, relay = relayed(name)
    assert relay.failure is not None
    assert without_ids(decoded(down)) == without_ids([filled(event) for event in decoded(path(name).read_bytes())])


@pytest.mark.parametrize(
    "raw",
    [
        b": a comment\n\n",
        b"\n\n",
        b"data: [DONE]\n\n",
        b"data: not json\n\n",
        b"data: {\ndata: \n\n",
        b"data: [1]\n\n",
        b'event: new\r\ndata: {"type":"response.new","n":1.10}\r\n\r\n',
        b'data: {"type":"response.new","response":{"output":[1]}}\n\n',
        b'data: {"type":"response.new","item":{"type":"\xff"}}\n\n',
    ],
)
def test_what_has_nothing_to_change_keeps_its_bytes(raw: bytes) -> None:
    assert quirks.relay(ASK, STAMP).event(raw) == raw


def test_an_event_of_several_lines_goes_down_in_one() -> None:
    down = quirks.relay(ASK, STAMP).event(
        b'data: {"item_id":"x",\ndata:  "output_index":0,"type":"response.new.x"}\n\n'
    )
    assert down.count(b"\n") == 2
    assert decoded(down)[0]["item_id"].startswith("item_")


def test_lone_surrogates_in_an_event_are_passed_on() -> None:
    raw = b'data: {"delta":"\\ud83d","item_id":"x","output_index":0,"type":"response.output_text.delta"}\n\n'
    down = quirks.relay(ASK, STAMP).event(raw)
    assert b'"\\ud83d"' in down
    assert decoded(down)[0]["item_id"].startswith("msg_")


def test_an_item_that_is_new_to_us_has_an_id_as_well() -> None:
    event = {"type": "response.output_item.added", "output_index": 4, "item": {"type": "brand_new"}}
    down = quirks.relay(ASK, STAMP).event(b"data: %b\n\n" % json.dumps(event).encode())
    assert decoded(down)[0]["item"]["id"].startswith("item_")


def test_a_whole_answer_has_the_ids_of_its_stream() -> None:
    response = decoded(path("tools").read_bytes())[-1]["response"]
    answer, _ = quirks.complete(json.dumps(response).encode(), "gpt-5.5", STAMP)
    assert json.loads(answer)["output"] == decoded(relayed("tools")[0])[-1]["response"]["output"]
