"""Items as they are stored and listed."""

import json

import pytest

from passenger.dialects.openai.responses.stored_items import join, listed, referred_id, split_input, with_ids
from passenger.errors import Failure
from passenger.jsontext.raw_object import RawObject


@pytest.mark.parametrize(
    ("body", "items"),
    [
        (
            b'{"input": "a \\"b\\""}',
            [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": 'a "b"'}]}],
        ),
        (b'{"input": [ {"id": 1.0e0 } , {}]}', [{"id": 1.0}, {}]),
        (b'{"input": []}', []),
    ],
)
def test_an_input_is_split_into_its_items(body: bytes, items: list[object]) -> None:
    assert [json.loads(item) for item in split_input(RawObject(body))] == items


@pytest.mark.parametrize("body", [b"{}", b'{"input": null}', b'{"input": 7}', b'{"input": {}}'])
def test_an_input_that_is_no_input_is_refused(body: bytes) -> None:
    with pytest.raises(Failure, match="input must be a text or a list of items"):
        split_input(RawObject(body))


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (b'{"type": "item_reference", "id": "msg_1"}', "msg_1"),
        (b'{"id": "msg_1"}', "msg_1"),
        (b'{"id": "msg_1", "type": null}', "msg_1"),
        (b'{"type": "message", "role": "user", "id": "msg_1"}', None),
        (b'{"role": "user", "id": "msg_1"}', None),
        (b'{"type": "item_reference", "id": ""}', None),
        (b"{}", None),
    ],
)
def test_a_reference_is_told_from_an_item(item: bytes, name: str | None) -> None:
    assert referred_id(item) == name


@pytest.mark.parametrize("item", [b"7", b'"text"', b'{"id": 7}', b'{"type": ["message"]}'])
def test_what_is_no_item_is_refused(item: bytes) -> None:
    with pytest.raises(Failure):
        referred_id(item)
    with pytest.raises(Failure):
        list(with_ids([item]))


@pytest.mark.parametrize(
    ("item", "prefix"),
    [
        (b'{"role": "user", "content": "x"}', "msg_"),
        (b' { "type": "function_call_output", "output": "{\\"id\\": 1}"}', "fc_"),
        (b'{"type": "reasoning", "id": null}', "rs_"),
        (b'{"id": "", "type": "function_call"}', "fc_"),
        (b'{"type": "message", "content": [{"id": "other"}]}', "msg_"),
        (b'{"type": "never_heard_of"}', "item_"),
        (b"{ }", "msg_"),
    ],
)
def test_an_item_without_an_id_gets_one_for_its_type(item: bytes, prefix: str) -> None:
    (made,) = (json.loads(one) for one in with_ids([item]))
    identity = made.pop("id")
    assert identity.startswith(prefix)
    assert len(identity) == len(prefix) + 32
    assert made == {name: value for name, value in json.loads(item).items() if name != "id"}
    assert [json.loads(one)["id"] for one in with_ids([item])] != [identity]


def test_an_item_keeps_its_bytes_unless_its_id_is_anothers() -> None:
    item, other = b'{ "id" : "msg_1", "role":"user","n":1.0}', b'{"id":"msg_2","role":"user"}'
    assert list(with_ids([item, other])) == [item, other]
    assert list(with_ids([item], [other])) == [item]
    for items, history in (([item, item], []), ([other, item], [other]), ([item], [other, item])):
        made = list(with_ids(items, history))
        names = [json.loads(one)["id"] for one in (*history, *made)]
        assert len(set(names)) == len(names)
        assert [json.loads(one) | {"id": ""} for one in made] == [json.loads(one) | {"id": ""} for one in items]


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        (
            {"role": "user", "content": "x"},
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "x"}],
                "status": "completed",
            },
        ),
        (
            {"role": "assistant", "content": "x", "status": "incomplete"},
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "x", "annotations": []}],
                "status": "incomplete",
            },
        ),
        ({"type": "function_call", "name": "f"}, {"type": "function_call", "name": "f"}),
    ],
)
def test_a_message_is_listed_with_its_type_and_parts(item: dict[str, object], shown: dict[str, object]) -> None:
    assert json.loads(bytes(listed(json.dumps(item).encode()))) == shown


def test_an_item_with_half_a_character_keeps_it() -> None:
    item = b'{"id":"msg_1","role":"user","content":"\\ud800"}'
    assert list(with_ids([item], [item.replace(b"_1", b"_2")])) == [item]
    assert b"\\ud800" in bytes(listed(item))


def test_items_are_joined_as_they_are() -> None:
    assert join([]) == b"[]"
    assert join([b'{"a":1.0}', b"{ }"]) == b'[{"a":1.0},{ }]'
