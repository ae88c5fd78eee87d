import json
from itertools import islice
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.jsontext.array_ends import TRIES, from_the_end, from_the_start

FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
TEXTS = st.text('ab"\\{}[],: \n\u00e9', max_size=8) | st.sampled_from(('{"role":"a"}', '},{"role":"user"', '"role"'))
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("role", "content", "x")), inner),
    max_leaves=8,
)
OBJECTS = st.builds(lambda first, rest: {"role": first, **rest}, TEXTS, st.dictionaries(TEXTS, VALUES, max_size=3))
LAYOUTS = st.sampled_from(({"separators": (",", ":")}, {}, {"indent": 2}, {"ensure_ascii": False}))


def read(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: json.loads(bytes(raw)) for name, raw in fields.items()}


@given(st.lists(OBJECTS, max_size=5), LAYOUTS)
def test_from_the_end_come_all_objects_where_they_are(objects: list[Any], layout: Any) -> None:
    array = json.dumps(objects, **layout).encode()
    found = list(from_the_end(array, FIELDS))
    assert [read(item.value) for item in found] == objects[::-1]
    assert [json.loads(array[item.start : item.stop]) for item in found] == objects[::-1]


@given(st.lists(OBJECTS, min_size=1, max_size=5), LAYOUTS)
def test_from_the_start_come_all_objects_too(objects: list[Any], layout: Any) -> None:
    array = json.dumps(objects, **layout).encode()
    found = [json.loads(array[item.start : item.stop]) for item in from_the_start(array, FIELDS)]
    assert found == objects


@given(st.lists(VALUES, max_size=5), LAYOUTS)
def test_of_any_array_what_is_found_is_its_objects_in_their_order(values: list[Any], layout: Any) -> None:
    array = json.dumps(values, **layout).encode()
    last = [read(item.value) for item in from_the_end(array, FIELDS)]
    assert last == values[::-1][: len(last)]
    first = [read(item.value) for item in from_the_start(array, FIELDS)]
    assert first == values[: len(first)]


def test_objects_that_begin_with_another_key_than_the_first_are_found_by_reading_all() -> None:
    array = b'[{"role":"system","content":"a"},{"content":"b","role":"user"},{"content":"c","role":"user"}]'
    assert [read(item.value)["content"] for item in from_the_end(array, FIELDS)] == ["c", "b", "a"]
    assert [read(item.value)["content"] for item in from_the_start(array, FIELDS)] == ["a", "b", "c"]


def test_many_objects_within_one_are_no_hindrance() -> None:
    inner = [{"role": "x"}] * (TRIES + 1)
    objects = [{"role": "a"}, {"role": "b", "inner": inner}]
    array = json.dumps(objects).encode()
    assert [read(item.value) for item in from_the_end(array, FIELDS)] == objects[::-1]
    assert [read(item.value) for item in from_the_start(array, FIELDS)] == objects


@pytest.mark.parametrize("array", [b"[]", b"[{}]", b"[1]", b'["a"]', b"[[]]", rb'[{"role":"\ud800"}]', b"{}", b'"[{"'])
def test_where_there_is_no_object_that_can_be_read_none_is_found(array: bytes) -> None:
    assert list(from_the_end(array, FIELDS)) == list(from_the_start(array, FIELDS)) == []


def test_no_more_is_read_than_is_asked_for() -> None:
    array = b'[{"role":"never closed",{"role":"a"},{"role":"b"}]'
    assert [read(item.value)["role"] for item in islice(from_the_end(array, FIELDS), 2)] == ["b", "a"]
