"""What a request refers to, its whole input, and its answer taken apart."""

import json
from typing import Any

import msgspec
import pytest

from passenger.dialects import Request
from passenger.dialects.openai.responses import stored_turn
from passenger.dialects.openai.responses.stored_turn import References
from passenger.errors import Failure
from passenger.jsontext.raw_object import RawObject


def body(**fields: Any) -> RawObject:
    return RawObject(json.dumps({"model": "m", "input": "x", **fields}).encode())


# --- requests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, References()),
        ({"store": None, "conversation": None, "metadata": None, "include": None}, References()),
        ({"store": False}, References(store=False)),
        ({"previous_response_id": "resp_1", "stream": True}, References(previous="resp_1", stream=True)),
        ({"conversation": "conv_1"}, References(conversation="conv_1")),
        ({"conversation": {"id": "conv_1"}}, References(conversation="conv_1")),
        ({"background": True}, References(background=True)),
        ({"input": [{"type": "item_reference", "id": "a"}]}, References(has_items=True)),
        ({"include": ["a", "b"]}, References(include=("a", "b"))),
    ],
)
def test_a_request_says_what_it_refers_to(fields: dict[str, Any], found: References) -> None:
    assert stored_turn.read_references(body(**fields)) == found


@pytest.mark.parametrize(
    ("references", "is_plain"),
    [
        (References(store=False), True),
        (References(store=False, stream=True, include=("a",)), True),
        (References(), False),
        (References(store=False, previous=""), False),
        (References(store=False, conversation=""), False),
        (References(store=False, background=True), False),
        (References(store=False, has_items=True), False),
    ],
)
def test_a_request_is_plain_that_neither_refers_nor_is_kept(references: References, is_plain: bool) -> None:
    assert references.is_plain == is_plain


@pytest.mark.parametrize(
    "fields",
    [
        {"previous_response_id": "", "conversation": ""},
        {"conversation": {"name": "x"}},
        {"conversation": 7},
        {"background": "yes"},
        {"metadata": {"a": 1}},
        {"include": "a"},
    ],
)
def test_a_field_of_another_type_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(Failure):
        stored_turn.read_references(body(**fields))


def test_a_turn_is_written_with_its_whole_input_and_nothing_that_refers() -> None:
    fields = body(previous_response_id="resp_1", metadata={"a": "b"}, background=False, include=["a"], top_p=1)
    references = stored_turn.read_references(fields)
    whole = stored_turn.write_turn(Request(fields.raw), fields, references, [b'{"n":1.0}', b"{ }"])
    assert json.loads(whole.body) == {
        "model": "m",
        "input": [{"n": 1.0}, {}],
        "include": ["a", stored_turn.ENCRYPTED],
        "top_p": 1,
        "store": False,
    }
    assert b'[{"n":1.0},{ }]' in whole.body


def test_the_input_of_a_turn_stays_as_it_came() -> None:
    fields = RawObject(b'{"input": [ {"n":1.0} ], "store": false, "conversation": null}')
    whole = stored_turn.write_turn(Request(fields.raw), fields, References(store=False), None)
    assert b"[ {" in whole.body
    assert json.loads(whole.body) == {"input": [{"n": 1.0}], "store": False}


@pytest.mark.parametrize(
    ("metadata", "shown"),
    [(None, {}), ({}, {}), ({"a": "null"}, {"a": "null"}), ({"null": "x"}, {"null": "x"})],
)
def test_a_response_repeats_what_was_asked(metadata: dict[str, str] | None, shown: dict[str, str]) -> None:
    fields = body(metadata=metadata, previous_response_id="resp_1", instructions="be kind")
    told = stored_turn.echo(fields, stored_turn.read_references(fields), is_kept=True)
    assert {name: json.loads(bytes(value)) for name, value in told.items()} == {
        "store": True,
        "background": False,
        "previous_response_id": "resp_1",
        "conversation": None,
        "instructions": "be kind",
        "metadata": shown,
    }


# --- answers ---------------------------------------------------------------------------------------------------------


def event(name: str, text: str = "x") -> bytes:
    data = json.dumps({"type": name, "response": {"id": "r", "text": text}})
    return f"event: {name}\ndata: {data}\n\n".encode()


@pytest.mark.parametrize("text", ["x", "event: response.completed", "a\nevent: response.failed\n", "data: {}\n\n"])
@pytest.mark.parametrize("name", ["response.completed", "response.incomplete", "response.failed"])
@pytest.mark.parametrize(
    "before", [b"", event("response.created"), event("response.output_text.done", "event: response.")]
)
def test_the_end_of_a_stream_is_found_whatever_it_says(before: bytes, name: str, text: str) -> None:
    piece = before + event(name, text)
    found = stored_turn.find_final(piece)
    assert found is not None
    assert json.loads(found) == {"id": "r", "text": text}
    told = stored_turn.tell_unkept_at_the_end(piece)
    unkept = stored_turn.find_final(told)
    assert unkept is not None
    assert json.loads(unkept) == {"id": "r", "text": text, "store": False}
    assert told.startswith(before)


@pytest.mark.parametrize(
    "piece",
    [
        b"",
        b": keep-alive\n\n",
        event("response.created"),
        event("response.output_text.delta", "event: response.completed\n"),
        event("response.completed_in_part"),
        b"event: error\ndata: {}\n\n",
        b"xevent: response.completed\ndata: {}\n\n",
    ],
)
def test_what_ends_no_stream_is_no_end(piece: bytes) -> None:
    assert stored_turn.find_final(piece) is None


def test_a_response_is_taken_apart_and_put_together() -> None:
    response = (
        b'{"id":"resp_1","created_at":7.0,"status":"completed","output":[{"id":"a","n":1.0},{"id":"b"}],"usage":null}'
    )
    final = stored_turn.read_final(response)
    assert (final.id, final.created, final.status) == ("resp_1", 7, "completed")
    assert final.output == (b'{"id":"a","n":1.0}', b'{"id":"b"}')
    assert json.loads(final.answer)["output"] == []
    assert stored_turn.write_stored(final.answer, final.output) == response


def test_an_answer_with_half_a_character_is_found_and_taken_apart_as_it_is() -> None:
    item = b'{"id":"a","text":"\\ud800"}'
    response = b'{"id":"r","created_at":1,"status":"completed","output":[%b],"instructions":"\\udc00"}' % item
    piece = b'event: response.completed\ndata: {"type":"response.completed","response":%b}\n\n' % response
    assert stored_turn.find_final(piece) == response
    final = stored_turn.read_final(response)
    assert final.output == (item,)
    assert stored_turn.write_stored(final.answer, final.output) == response


@pytest.mark.parametrize("response", [b"", b"[]", b'{"error":{}}', b'{"id":"a","created_at":1,"status":"x"}'])
def test_what_is_no_response_is_not_taken_apart(response: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        stored_turn.read_final(response)
