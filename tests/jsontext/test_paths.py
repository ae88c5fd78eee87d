"""Fields inside a body, by their paths."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.copilot.rejected_fields import EFFORT_PATHS
from passenger.dialects.registry import OUTBOUND
from passenger.jsontext.paths import leave_out, put_in, resolve, text_at, value_at
from passenger.jsontext.raw_object import RawObject

NAMES = st.sampled_from(["a", "b", "type"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(tuple)


def test_a_field_is_left_out_and_put_in_wherever_it_is() -> None:
    body = RawObject(b'{"a": {"b": {"c": 1.50}, "d": 2}, "e": 3}')
    leave_out(body, ("a", "b", "c"))
    assert body.encode() == b'{"a":{"d":2},"e":3}'
    leave_out(body, ("a", "d"))
    leave_out(body, ("x", "y"))
    assert body.encode() == b'{"e":3}'
    put_in(body, ("f", "g"), "h")
    put_in(body, ("e",), 4)
    assert body.encode() == b'{"e":4,"f":{"g":"h"}}'


@given(st.dictionaries(NAMES, JSON), PATHS, JSON.filter(lambda value: value not in ({}, None)))
def test_what_was_put_in_is_found_and_read_there_until_it_is_left_out(
    document: dict[str, Any], path: tuple[str, ...], value: Any
) -> None:
    body = RawObject(json.dumps(document).encode())
    put_in(body, path, value)
    assert resolve(body, path) == path
    assert value_at(body, path) == value
    assert text_at(body, path) == (value if isinstance(value, str) else None)
    leave_out(body, path)
    assert value_at(body, path) is None


@given(st.dictionaries(NAMES, JSON), PATHS)
def test_any_body_may_be_asked_for_any_path(document: dict[str, Any], path: tuple[str, ...]) -> None:
    body = RawObject(json.dumps(document).encode())
    if resolve(body, path) is None:
        assert value_at(body, path) is None
    assert body.encode() == body.raw


@pytest.mark.parametrize("text", [r'"\ud800"', "1" * 60, "1e400"])
def test_what_the_fast_decoder_does_not_take_is_read_all_the_same(text: str) -> None:
    body = RawObject(b'{"a": {"b": %s, "c": "d"}}' % text.encode())
    assert value_at(body, ("a", "b")) == json.loads(text)
    assert text_at(body, ("a", "c")) == "d"


def test_a_path_may_name_the_type_of_an_object_that_it_enters() -> None:
    body = RawObject(b'{"thinking": {"type": "adaptive", "budget_tokens": 9}}')
    assert resolve(body, ("thinking", "adaptive", "budget_tokens")) == ("thinking", "budget_tokens")
    assert resolve(body, ("thinking", "enabled", "budget_tokens")) is None


def test_each_of_copilots_apis_is_told_the_effort_somewhere() -> None:
    assert set(EFFORT_PATHS) == {dialect.path for dialect in OUTBOUND}
