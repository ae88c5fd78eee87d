"""What is refused of a body although JSON allows it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.errors import Failure
from passenger.jsontext import body_checks
from passenger.jsontext.body_checks import READ
from passenger.jsontext.raw_object import split
from passenger.limits import Limits

DEPTH = 200

SCALARS = st.none() | st.booleans() | st.integers() | st.text()
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=40)


def check(body: bytes) -> None:
    body_checks.measure(body, Limits(max_depth=DEPTH))
    body_checks.check(body, split(body), Limits().max_fields)


def nested(levels: int, inside: str = "1") -> bytes:
    return (b"[" * levels) + inside.encode() + (b"]" * levels)


@given(st.dictionaries(st.text(), TREES))
def test_what_a_program_writes_passes(document: dict[str, object]) -> None:
    check(json.dumps(document).encode())


@pytest.mark.proves("N12")
@pytest.mark.parametrize("wide", [False, True])
def test_nesting_is_taken_up_to_the_limit_and_refused_beyond_it(wide: bool) -> None:
    more = b"[" + b",".join([b"[]"] * 3000) + b"]" if wide else b"1"
    check(b'{"x":' + nested(DEPTH - 1) + b',"y":' + more + b"}")
    with pytest.raises(Failure, match="nested more than 200"):
        check(b'{"y":' + more + b',"x":' + nested(DEPTH) + b"}")


def test_brackets_within_strings_are_no_nesting() -> None:
    check(json.dumps({"x": "[{" * 5000, "y": '\\"[[['}).encode())


@pytest.mark.proves("N12")
@pytest.mark.parametrize("key", READ)
def test_a_key_that_is_read_may_not_be_said_twice(key: str) -> None:
    with pytest.raises(Failure) as caught:
        check(f'{{"{key}": 1, "x": 2, "{key}": 3}}'.encode())
    assert (caught.value.status, caught.value.param) == (400, key)


def test_the_same_key_further_down_is_nobodys_business() -> None:
    check(b'{"model": "m", "x": {"model": 1, "y": [{"model": 2, "model": 3}]}, "text": "\\"model\\""}')


def test_a_key_is_said_twice_however_it_is_written() -> None:
    with pytest.raises(Failure, match="the body has model twice"):
        check(b'{"model": "m", "messages": [], "mod\\u0065l": "n"}')
    check(b'{"model": "m", "x": {"mod\\u0065l": 1}, "text": "\\u0041"}')


@given(st.lists(st.sampled_from(READ), unique=True), TREES)
def test_keys_that_are_within_the_values_too_are_not_said_twice(keys: list[str], tree: object) -> None:
    inner = {key: {"input": tree, "content": [{"model": 1}]} for key in READ}
    check(json.dumps({key: [inner, inner] for key in keys}).encode())


@given(st.dictionaries(st.sampled_from(READ) | st.text(), TREES), st.sampled_from([None, 1, "\t"]), st.data())
def test_a_key_said_twice_is_found_in_every_layout(
    document: dict[str, object], indent: int | str | None, data: st.DataObject
) -> None:
    written = [json.dumps({key: value}, indent=indent)[1:-1].strip() for key, value in document.items()]
    key = data.draw(st.sampled_from(READ))
    again = [json.dumps({key: data.draw(TREES)}, indent=indent)[1:-1].strip()]
    places = data.draw(st.integers(0, len(written)))
    body = ("{" + " ,\n".join(written[:places] + again + written[places:]) + "}").encode()
    if key in document:
        with pytest.raises(Failure, match=r"the body has .* twice"):
            check(body)
    else:
        check(body)


@pytest.mark.parametrize("body", [b"", b"{", b'{"model": 1, "model"', b'["model", "model"]'])
def test_what_is_no_json_is_left_to_the_reader(body: bytes) -> None:
    check(body)


@pytest.mark.parametrize("body", [b'{"model":"m","x":"\xff"}', b'{"\xff":1}', b'{"x":{"y\xed\xa0\x80":1}}'])
def test_what_is_not_utf_8_is_refused_wherever_it_stands(body: bytes) -> None:
    with pytest.raises(Failure, match="not UTF-8") as caught:
        check(body)
    assert caught.value.status == 400


def test_what_is_utf_8_passes() -> None:
    check('{"é":"\U0001f600"}'.encode())


@pytest.mark.proves("N12")
def test_a_number_of_many_digits_hides_no_key_that_is_said_twice() -> None:
    many = b"1" * 5000
    with pytest.raises(Failure, match="the body has model twice"):
        check(b'{"model":"a","messages":[],"x":' + many + b',"model":"b"}')
    check(b'{"model": "a","messages":[],"x":' + many + b"}")


@pytest.mark.proves("N12")
@pytest.mark.parametrize("value", [b"{}", b"[]", b"1", b'"[,{"', b'{"a":1}'])
def test_values_are_taken_up_to_the_limit_and_refused_beyond_it(value: bytes) -> None:
    def measured(count: int) -> int:
        return body_checks.measure(b'{"x":[' + b",".join([value] * count) + b"]}", Limits(max_values=1000))

    assert measured(300) <= 1000
    with pytest.raises(Failure, match=r"\[limits\] max_values") as caught:
        measured(1001)
    assert (caught.value.status, caught.value.code) == (400, "too_many_values")


def test_commas_and_brackets_in_a_text_are_no_values() -> None:
    text = json.dumps({"x": 'a, "b", [c], \\' * 200_000}).encode()
    assert body_checks.measure(text, Limits()) < 10


@pytest.mark.proves("N12")
@pytest.mark.parametrize("first", ['"a":"\\ud83d"', '"a":1,"a":2', '"a": 1'])
def test_fields_of_a_body_are_taken_up_to_the_limit(first: str) -> None:
    def body(more: int) -> bytes:
        return ("{" + ",".join([first, *(f'"k{at}":0' for at in range(more))]) + "}").encode()

    few = first.count(":")
    for split_up in (body(10 - few), body(9 - few)):
        body_checks.check(split_up, split(split_up), 10)
    with pytest.raises(Failure, match=r"more than 10 fields \(\[limits\] max_fields\)"):
        body_checks.check(body(11 - few), split(body(11 - few)), 10)
