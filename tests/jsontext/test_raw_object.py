import msgspec
import pytest

from passenger.jsontext.raw_object import RawObject, split_array, split_object

RAW = b'{ "model" : "a",  "x":1.10, "big":123456789012345678901234567890, "s":"\\u00e9\\ud83d\\ude00" }'


def test_an_unedited_body_keeps_every_byte() -> None:
    body = RawObject(RAW)
    assert body.get("model") == "a"
    assert body.encode() is RAW


def test_an_edit_keeps_the_bytes_of_every_other_value() -> None:
    body = RawObject(RAW)
    body.set("model", "b")
    sent = body.encode()
    assert b'"x":1.10' in sent
    assert b'"big":123456789012345678901234567890' in sent
    assert b'"s":"\\u00e9\\ud83d\\ude00"' in sent
    assert list(msgspec.json.decode(sent)) == ["model", "x", "big", "s"]


def test_a_field_can_be_dropped_and_renamed() -> None:
    body = RawObject(b'{"a":1,"b":2}')
    body.drop("a")
    body.rename("b", "c")
    assert msgspec.json.decode(body.encode()) == {"c": 2}


def test_dropping_and_renaming_what_is_not_there_changes_nothing() -> None:
    body = RawObject(RAW)
    body.drop("none")
    body.rename("none", "other")
    assert body.encode() is RAW


def test_a_rename_never_overwrites() -> None:
    body = RawObject(b'{"a":1,"b":2}')
    body.rename("a", "b")
    assert msgspec.json.decode(body.encode()) == {"b": 2}


LONE = rb'{ "a" : "\ud800 x" , "model":"m","b":[1, {"c":"\udc00"}] ,"n":1.50 }'


def test_a_body_with_lone_surrogates_can_be_edited_and_keeps_them() -> None:
    body = RawObject(LONE)
    body.set("model", "other")
    assert body.get("a") == "\ud800 x"
    assert body.encode() == rb'{"a":"\ud800 x","model":"other","b":[1, {"c":"\udc00"}],"n":1.50}'


def test_a_value_that_is_put_in_may_have_lone_surrogates() -> None:
    body = RawObject(b'{"model":"m"}')
    body.set("messages", [{"\udc00": "\ud800 x", "raw": msgspec.Raw(b"1.50")}])
    assert body.encode() == rb'{"model":"m","messages":[{"\udc00":"\ud800 x","raw":1.50}]}'


def test_an_empty_object_is_split_too() -> None:
    body = RawObject(b' { "x" : "\\ud800" } ')
    body.drop("x")
    assert body.encode() == b"{}"


def test_an_object_within_is_edited_and_put_back_and_keeps_its_other_bytes() -> None:
    body = RawObject(b'{"a": {"b": 1.50, "c": [ 2 ]}, "d": 3}')
    inside = body.inside("a")
    assert inside is not None
    inside.set("b", 5)
    body.put_object("a", inside)
    assert body.encode() == b'{"a":{"b":5,"c":[ 2 ]},"d":3}'
    inside.drop("b")
    inside.drop("c")
    body.put_object("a", inside)
    assert body.encode() == b'{"d":3}'
    assert body.inside("d") is None
    assert body.inside("none") is None


def test_a_value_can_be_read_and_written_as_the_bytes_it_is() -> None:
    body = RawObject(b'{"a": 1.10, "b": [ 1,2 ]}')
    assert (body.raw_value("b"), body.raw_value("c")) == (b"[ 1,2 ]", b"")
    body.set_raw("b", b'{ "n": 1e3 }')
    assert body.encode() == b'{"a":1.10,"b":{ "n": 1e3 }}'


# --- split ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["x", "\\ud800"])
def test_values_keep_their_bytes_with_a_lone_surrogate_or_without(text: str) -> None:
    values = [b'"%b"' % text.encode(), b"1.50", b'{ "a" : "%b" }' % text.encode(), b"[ ]", b"null"]
    array = b" [ " + b" ,\n".join(values) + b" ] "
    assert split_array(array) == values
    raw = b"{" + b" , ".join(b'"%d" : %b' % pair for pair in enumerate(values)) + b"}"
    assert [*map(bytes, split_object(raw).values())] == values
    assert split_array(b"[ ]") == []


@pytest.mark.parametrize("raw", [b"", b"1", b"nul", b'"\\ud800"', b'{"a":"\\ud800"', b'["\\ud800"'])
def test_what_is_neither_object_nor_array_is_refused(raw: bytes) -> None:
    for read in (split_object, split_array):
        with pytest.raises(msgspec.MsgspecError):
            read(raw)
