import contextlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.dialects import Request
from passenger.dialects.anthropic.peek import peek
from passenger.dialects.anthropic.request_in import read_prompt
from passenger.errors import Failure, Kind
from passenger.jsontext.reading import decode, decode_as, loads, number, type_of
from passenger.jsontext.surrogates import replace_surrogates_in


def test_integers_stay_exact_and_lone_surrogates_become_replacements() -> None:
    decoded = decode(b'{"a":123456789012345678901234567890,"\\udc00":["x\\ud800","\\ud83d\\ude00"],"c":1.5}')
    assert decoded == {"a": 123456789012345678901234567890, "\ufffd": ["x\ufffd", "\U0001f600"], "c": 1.5}


@pytest.mark.parametrize(
    "body", [b"1e400", b'{"a":1e400}', b'{"a":-1e400}', b'{"a":NaN}', b"[]", b'{"a":"\xff"}', b"[" * 99_999]
)
def test_what_is_no_object_of_json_values_is_refused(body: bytes) -> None:
    with pytest.raises(Failure) as caught:
        decode(body)
    assert caught.value.kind is Kind.INVALID


@pytest.mark.parametrize("text", [b"", b"nul", b"[1,]", b"NaN", b"[Infinity]", b"1e999", b"\xff", b'"\xed\xa0\x80"'])
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the decoders have their own words
        loads(text)


@given(st.text(st.characters(), max_size=20))
def test_what_is_mended_can_be_encoded(text: str) -> None:
    assert loads(json.dumps([{text: text}]).encode()) == replace_surrogates_in([{text: text}])
    json.dumps(replace_surrogates_in([{text: text}]), ensure_ascii=False).encode()


@pytest.mark.parametrize("depth", [*range(100, 1500, 100), 5000, 20_000])
def test_any_depth_is_read_or_refused_with_a_lone_surrogate_too(depth: int) -> None:
    body = b'{"a":"\\ud800","model":' + b"[" * depth + b"]" * depth + b"}"
    for read in (decode, lambda body: decode_as(NARROW, body)):
        with contextlib.suppress(Failure):
            read(body)


# --- into a shape ------------------------------------------------------------------------------------------------


class Shape(msgspec.Struct):
    model: str
    tools: list[msgspec.Raw] | None = None
    thinking: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    count: int = 0


SHAPE = msgspec.json.Decoder(Shape)
NARROW = msgspec.json.Decoder(dict[str, msgspec.Raw])


@pytest.mark.parametrize("text", ["x", "\\ud800"])
def test_raw_fields_are_read_with_a_lone_surrogate_or_without(text: str) -> None:
    number = 123456789012345678901234567890
    body = f'{{"model":"{text}","tools":[{{"name":"{text}"}},5],"thinking":null,"count":{number}}}'.encode()
    shape = decode_as(SHAPE, body)
    assert shape.model == text.replace("\\ud800", "\ufffd")
    assert [msgspec.json.decode(raw) for raw in shape.tools or ()] == [{"name": shape.model}, 5]
    assert bytes(shape.thinking if isinstance(shape.thinking, msgspec.Raw) else b"") == b"null"
    assert shape.count == number


@pytest.mark.parametrize("text", ["x", "\\ud800"])
@pytest.mark.parametrize(("rest", "field"), [('"count":"1"', "count"), ('"tools":{}', "tools"), ('"model":5', "model")])
def test_a_field_of_the_wrong_type_is_named_with_a_lone_surrogate_or_without(text: str, rest: str, field: str) -> None:
    with pytest.raises(Failure) as caught:
        decode_as(SHAPE, f'{{"x":"{text}","model":"m",{rest}}}'.encode())
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID, field)


# --- one value ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [True, "1", [], 10**400])
def test_a_number_is_a_number(value: object) -> None:
    with pytest.raises(Failure, match="temperature"):
        number({"temperature": value}, "temperature")


def test_a_whole_number_is_one_too() -> None:
    assert number({"temperature": 1}, "temperature") == 1.0
    assert number({"temperature": None}, "temperature") is None


FIELDS = (
    "model messages system max_tokens stream tools tool_choice thinking output_config output_format stop_sequences "
    "temperature top_p top_k metadata mcp_servers thread role content type text source data media_type id name input "
    "signature tool_use_id is_error cache_control ttl input_schema format effort budget_tokens display user_id"
)
VALUES_OF_FIELDS = (
    "user assistant system text image document thinking redacted_thinking tool_use tool_result base64 content enabled "
    "adaptive any tool auto json_schema search_result server_tool_use"
)
NAMES, WORDS = st.sampled_from(FIELDS.split()), st.sampled_from(VALUES_OF_FIELDS.split())
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), WORDS)
SMALL = LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(NAMES, LEAVES, max_size=3)
VALUES = SMALL | st.lists(SMALL, max_size=2) | st.dictionaries(NAMES, SMALL, max_size=4)
BLOCKS = st.fixed_dictionaries(
    {"type": WORDS}, optional={"text": VALUES, "source": VALUES, "content": VALUES, "id": VALUES}
)
MESSAGES = st.fixed_dictionaries({"role": WORDS, "content": st.lists(BLOCKS) | VALUES})


@given(
    st.dictionaries(NAMES, VALUES) | st.fixed_dictionaries({"model": st.text(), "messages": st.lists(MESSAGES)}), VALUES
)
def test_whatever_comes_is_read_or_refused(document: dict[str, object], tools: object) -> None:
    for body in (document, {**document, "tools": tools}):
        for read in (peek, read_prompt):
            try:
                read(Request(json.dumps(body).encode()))
            except Failure as failure:
                assert failure.kind is Kind.INVALID  # noqa: PT017 - either outcome is right


@given(st.binary())
def test_whatever_bytes_come_are_refused(body: bytes) -> None:
    for read in (peek, read_prompt):
        with pytest.raises(Failure):
            read(Request(body))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"type":"a","index":"b"}', "a"),
        (b'{"x":"\\ud800","type":"a"}', "a"),
        (b'{"type":1}', ""),
        (b"{}", ""),
        (b"[1]", ""),
        (b"a", ""),
        (b"\xff", ""),
    ],
)
def test_the_type_of_an_object_is_read_whatever_the_rest_is(data: bytes, kind: str) -> None:
    assert type_of(data) == kind


def test_a_lone_surrogate_becomes_the_replacement_character_wherever_it_is() -> None:
    body = rb'{"a\ud800": ["\udc00x", {"b": "\ud83d\ude00"}], "n": 12345678901234567890123}'
    assert decode(body) == {"a\ufffd": ["\ufffdx", {"b": "\U0001f600"}], "n": 12345678901234567890123}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1',
        b'{"a": "\xff"}',
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"\\ud800":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"a": ' + b"1" * 5000 + b"}",
    ],
    ids=lambda body: str(body[:12]),
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Failure) as caught:
        decode(body)
    assert caught.value.kind is Kind.INVALID


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_lacks_is_named(name: str) -> None:
    with pytest.raises(Failure, match=f"JSON has no {name.removeprefix('-')}$"):
        decode(f'{{"top_p": {name}}}'.encode())
