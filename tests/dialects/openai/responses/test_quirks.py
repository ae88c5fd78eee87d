import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat import signatures
from passenger.chat.capabilities import Capabilities
from passenger.chat.events import AnswerIdentity, Usage
from passenger.chat.prompt import Ask, Initiator, Signature
from passenger.dialects.openai.responses import quirks as responses
from passenger.dialects.openai.responses.quirks import INTERNAL_FIELDS, leave_out_internal_fields
from passenger.jsontext.raw_object import RawObject

ASK = Ask("gpt-5.5", stream=True, initiator=Initiator.USER)
ABLE = Capabilities(vendor="openai")
STAMP = AnswerIdentity("0123456789abcdef" * 2, 1790000000)


# --- requests ----------------------------------------------------------------------------------------------------


def prepared(body: bytes) -> tuple[bytes, tuple[str, ...]]:
    document = RawObject(body)
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


def test_edit_items_unwraps_the_model_s_own_signature() -> None:
    wrapped = signatures.wrap(Signature("responses/openai", "sealed"))
    body, dropped = sent(input=[{"type": "reasoning", "summary": [], "encrypted_content": wrapped}])
    assert body["input"][0]["encrypted_content"] == "sealed"
    assert dropped == ()


@pytest.mark.parametrize(
    "signature",
    [
        Signature("messages/anthropic", "signature"),
        Signature("responses/xai", "sealed"),
    ],
)
def test_edit_items_takes_another_s_reasoning_out_by_name(signature: Signature) -> None:
    thought = {"type": "reasoning", "summary": [], "encrypted_content": signatures.wrap(signature)}
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


# --- internal fields -------------------------------------------------------------------------------------------------


CODEX_ASK = Ask("gpt-5.5", stream=True, initiator=Initiator.AGENT)


@pytest.mark.parametrize("name", INTERNAL_FIELDS)
def test_an_internal_field_is_left_out_and_the_rest_keeps_its_bytes(name: str) -> None:
    item = RawObject(b'{"type":"function_call","n":1.10,"%b":{"turn_id":"1"},"arguments":"{}"}' % name.encode())
    leave_out_internal_fields(item)
    assert item.encode() == b'{"type":"function_call","n":1.10,"arguments":"{}"}'


@pytest.mark.parametrize("name", INTERNAL_FIELDS)
@pytest.mark.parametrize("kind", ["message", "reasoning", "function_call", "function_call_output", "compaction", "new"])
def test_it_is_left_out_of_every_item_that_is_relayed_and_not_named(kind: str, name: str) -> None:
    items = [{"role": "user", "content": "hi"}, {"type": kind, name: ["x"], "more": 1}]
    body = RawObject(json.dumps({"model": "gpt-5.5", "input": items}).encode())
    _, dropped = responses.prepare(body, CODEX_ASK, Capabilities(vendor="openai"))
    assert body.get("input") == [items[0], {"type": kind, "more": 1}]
    assert dropped == ()


@pytest.mark.parametrize("name", INTERNAL_FIELDS)
def test_words_that_only_speak_of_it_keep_every_byte(name: str) -> None:
    raw = json.dumps({"model": "m", "input": [{"role": "user", "content": f'see "{name}": 1'}]}).encode()
    body = RawObject(raw)
    responses.prepare(body, CODEX_ASK, Capabilities())
    assert body.encode() == raw
