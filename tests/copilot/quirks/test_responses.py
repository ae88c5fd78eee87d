import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger import seals
from passenger.body import Body
from passenger.chat import Abilities, Ask, Initiator, Seal, Stamp, Usage
from passenger.copilot.quirks import Quirks, responses
from passenger.copilot.quirks.response_object import COUNTS, LEFT_OUT
from passenger.errors import Failure, Kind
from passenger.framing import SseSplitter, read_sse

DATA = Path(__file__).parents[2] / "data" / "responses"
SAMPLES = sorted(path.stem for path in DATA.glob("*.sse"))
FAILURES = sorted(path.stem for path in (DATA / "failures").glob("*.sse"))
ASK = Ask("gpt-5.5", stream=True, initiator=Initiator.USER)
ABLE = Abilities(vendor="openai")
STAMP = Stamp("0123456789abcdef" * 2, 1790000000)


def test_the_module_is_what_relaying_needs() -> None:
    quirks: Quirks = responses
    assert quirks is responses


# --- requests ----------------------------------------------------------------------------------------------------


def prepared(body: bytes) -> tuple[bytes, tuple[str, ...]]:
    document = Body(body)
    headers, dropped = responses.prepare(document, ASK, ABLE)
    assert headers == {}
    return document.encode(), dropped


def sent(**fields: object) -> tuple[dict[str, Any], tuple[str, ...]]:
    body, dropped = prepared(json.dumps({"model": "gpt-5.5", "input": "hi", **fields}).encode())
    return json.loads(body), dropped


PLAIN = b'{ "model" : "gpt-5.5", "store": false, "input": [ {"role":"user", "content":"hi"} ], "n": 1.10 }'


def test_a_request_that_needs_no_change_keeps_its_bytes() -> None:
    assert prepared(PLAIN) == (PLAIN, ())
    assert prepared(b'{"model":"m","input":"id"}') == (b'{"model":"m","input":"id"}', ())


@pytest.mark.parametrize(("value", "dropped"), [(True, ("store",)), (None, ())])
def test_leave_out_store(value: object, dropped: tuple[str, ...]) -> None:
    body, named = sent(store=value)
    assert "store" not in body
    assert named == dropped


@pytest.mark.parametrize(("value", "dropped"), [("flex", ("service_tier",)), ("auto", ("service_tier",)), (None, ())])
def test_leave_out_service_tier(value: object, dropped: tuple[str, ...]) -> None:
    body, named = sent(service_tier=value)
    assert "service_tier" not in body
    assert named == dropped


@pytest.mark.parametrize(
    ("limit", "sent_as", "dropped"),
    [(1, 16, ("max_output_tokens",)), (15, 16, ("max_output_tokens",)), (16, 16, ()), (None, None, ()), ("1", "1", ())],
)
def test_raise_limit(limit: object, sent_as: object, dropped: tuple[str, ...]) -> None:
    body, named = sent(max_output_tokens=limit)
    assert body["max_output_tokens"] == sent_as
    assert named == dropped


ITEMS: list[dict[str, Any]] = [
    {"id": "msg_1", "role": "user", "content": [{"type": "input_text", "text": "hi", "id": "kept"}]},
    {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "sealed"},
    {"type": "function_call", "id": "fc_1", "call_id": "call_a", "name": "f", "arguments": "{}", "namespace": "ns"},
    {"type": "function_call_output", "call_id": "call_a", "output": "1"},
    {"type": "compaction", "id": "cmp_1", "encrypted_content": "compact"},
]


def test_edit_items_takes_every_id_out_and_nothing_else() -> None:
    body, dropped = sent(input=ITEMS)
    assert body["input"] == [{name: value for name, value in item.items() if name != "id"} for item in ITEMS]
    assert dropped == ()


def test_edit_items_keeps_the_bytes_of_what_it_does_not_touch() -> None:
    item = b'{"role": "user", "id": "msg_1", "content": "\\u00e9", "n": 1.10, "big": 123456789012345678901234567890}'
    body, _ = prepared(b'{"model": "m", "input": [%b]}' % item)
    assert b'"content":"\\u00e9","n":1.10,"big":123456789012345678901234567890' in body
    assert b"msg_1" not in body


def test_edit_items_passes_lone_surrogates_on() -> None:
    item = b'{"role":"user","id":"msg_1","content":"a, \\ud800","n":1e999}'
    body, _ = prepared(b'{"model":"\\udfff","input":[%b , {"role":"user","content":"]"} ]}' % item)
    assert body == (
        b'{"model":"\\udfff","input":[{"role":"user","content":"a, \\ud800","n":1e999},{"role":"user","content":"]"}]}'
    )


def test_a_text_with_lone_surrogates_is_passed_on() -> None:
    body = b'{"model":"m","input":"\\ud800 id"}'
    assert prepared(body) == (body, ())


def test_edit_items_unwraps_the_model_s_own_seal() -> None:
    wrapped = seals.wrap(Seal("responses/openai", "sealed"))
    body, dropped = sent(input=[{"type": "reasoning", "summary": [], "encrypted_content": wrapped}])
    assert body["input"][0]["encrypted_content"] == "sealed"
    assert dropped == ()


@pytest.mark.parametrize(
    "seal",
    [
        Seal("messages/anthropic", "signature"),
        Seal("responses/xai", "sealed"),
    ],
)
def test_edit_items_takes_another_s_thought_out_by_name(seal: Seal) -> None:
    thought = {"type": "reasoning", "summary": [], "encrypted_content": seals.wrap(seal)}
    body, dropped = sent(input=[thought, ITEMS[3]])
    assert body["input"] == [ITEMS[3]]
    assert dropped == ("encrypted_content",)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "type", "a", "\ud800"]), inner),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.sampled_from(["id", "type", "content"]), values), max_size=4), st.booleans())
def test_edit_items_never_changes_another_value(items: list[dict[str, Any]], surrogate: bool) -> None:
    body = {"model": "\ud800" if surrogate else "m", "input": items}
    after, _ = prepared(json.dumps(body).encode())
    expected = [{name: value for name, value in item.items() if name != "id"} for item in items]
    assert json.loads(after) == {**body, "input": expected}


# --- streams -----------------------------------------------------------------------------------------------------


def path(name: str) -> Path:
    whole = DATA / f"{name}.sse"
    return whole if whole.exists() else DATA / "failures" / f"{name}.sse"


def raw_events(name: str) -> list[bytes]:
    return SseSplitter().feed(path(name).read_bytes())


def relayed(name: str) -> tuple[bytes, responses.StreamRelay]:
    relay = responses.relay(ASK, STAMP)
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
    added = {name: json.loads(bytes(value)) for name, value in LEFT_OUT.items()}
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
        relay = responses.relay(ASK, STAMP)
        for raw in events[:cut]:
            relay.event(raw)
        with pytest.raises(Failure) as caught:
            relay.end(events[cut][:-20])
        assert (caught.value.kind, caught.value.code) == (Kind.UPSTREAM, "stream_broken")
        assert not relay.done


def test_a_last_event_that_only_lacks_its_blank_line_is_whole() -> None:
    *events, last = raw_events("text")
    relay = responses.relay(ASK, STAMP)
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
    assert responses.relay(ASK, STAMP).event(raw) == raw


def test_an_event_of_several_lines_goes_down_in_one() -> None:
    down = responses.relay(ASK, STAMP).event(
        b'data: {"item_id":"x",\ndata:  "output_index":0,"type":"response.new.x"}\n\n'
    )
    assert down.count(b"\n") == 2
    assert decoded(down)[0]["item_id"].startswith("item_")


def test_lone_surrogates_in_an_event_are_passed_on() -> None:
    raw = b'data: {"delta":"\\ud83d","item_id":"x","output_index":0,"type":"response.output_text.delta"}\n\n'
    down = responses.relay(ASK, STAMP).event(raw)
    assert b'"\\ud83d"' in down
    assert decoded(down)[0]["item_id"].startswith("msg_")


def test_an_item_that_is_new_to_us_has_an_id_as_well() -> None:
    event = {"type": "response.output_item.added", "output_index": 4, "item": {"type": "brand_new"}}
    down = responses.relay(ASK, STAMP).event(b"data: %b\n\n" % json.dumps(event).encode())
    assert decoded(down)[0]["item"]["id"].startswith("item_")


# --- whole answers -----------------------------------------------------------------------------------------------


def whole(**fields: object) -> bytes:
    answer = {
        "copilot_usage": {"token_details": [], "total_nano_aiu": 5},
        "created_at": 7,
        "id": "changes",
        "model": "gpt-5.5-2026-04-23",
        "object": "response",
        "output": [
            {"content": [], "encrypted_content": "s", "id": "changes", "summary": [], "type": "reasoning"},
            {"arguments": "{}", "call_id": "call_a", "id": "changes", "name": "f", "type": "function_call"},
        ],
        "output_text": None,
        "status": "completed",
        "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
        **fields,
    }
    return json.dumps(answer).encode()


def completed(data: bytes) -> tuple[dict[str, Any], Usage | None]:
    answer, usage = responses.complete(data, "gpt-5.5", STAMP)
    return json.loads(answer), usage


def test_a_whole_answer_has_stable_ids_and_every_field() -> None:
    answer, usage = completed(whole())
    assert answer["id"] == f"resp_{STAMP.id}"
    assert [item["id"].partition("_")[0] for item in answer["output"]] == ["rs", "fc"]
    assert answer["output"][1]["call_id"] == "call_a"
    assert (answer["error"], answer["metadata"], answer["store"], answer["user"]) == (None, {}, False, None)
    assert (answer["created_at"], answer["model"]) == (7, "gpt-5.5-2026-04-23")
    assert usage == Usage(3, 4, nano_credits=5)


def test_a_whole_answer_has_the_ids_of_its_stream() -> None:
    response = decoded(path("tools").read_bytes())[-1]["response"]
    answer, _ = completed(json.dumps(response).encode())
    assert answer["output"] == decoded(relayed("tools")[0])[-1]["response"]["output"]


def test_the_text_that_is_null_makes_way_for_the_sdk_s_own() -> None:
    assert "output_text" not in completed(whole())[0]
    assert completed(whole(output_text="kept"))[0]["output_text"] == "kept"


def test_what_a_whole_answer_says_is_kept() -> None:
    answer, _ = completed(whole(metadata={"a": "b"}, error={"code": "server_error"}, temperature=1.0))
    assert (answer["metadata"], answer["error"]) == ({"a": "b"}, {"code": "server_error"})


def test_a_whole_answer_may_hold_lone_surrogates() -> None:
    data = whole(output=[]).replace(b'"changes"', b'"\\ud800"').replace(b'"completed"', b'"\\udfff"')
    assert b"\\udfff" in responses.complete(data, "m", STAMP)[0]


@pytest.mark.parametrize("data", [b"", b"<html>", b"[]", b"{}", b'{"output":1}', b'{"output":[1]}', b'{"error":{}}'])
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        responses.complete(data, "m", STAMP)
