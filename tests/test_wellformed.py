"""What is refused of a body although JSON allows it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.errors import Failure
from passenger.wellformed import DEPTH, check

SCALARS = st.none() | st.booleans() | st.integers() | st.text()
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=40)


def nested(levels: int, inside: str = "1") -> bytes:
    return (b"[" * levels) + inside.encode() + (b"]" * levels)


@given(st.dictionaries(st.text(), TREES))
def test_what_a_program_writes_passes(document: dict[str, object]) -> None:
    check(json.dumps(document).encode())


@pytest.mark.parametrize("wide", [False, True])
def test_nesting_is_taken_up_to_the_limit_and_refused_beyond_it(wide: bool) -> None:
    more = b"[" + b",".join([b"[]"] * 3000) + b"]" if wide else b"1"
    check(b'{"x":' + nested(DEPTH - 1) + b',"y":' + more + b"}")
    with pytest.raises(Failure, match="nested more than 200"):
        check(b'{"y":' + more + b',"x":' + nested(DEPTH) + b"}")


def test_brackets_within_strings_are_no_nesting() -> None:
    check(json.dumps({"x": "[{" * 5000, "y": '\\"[[['}).encode())


@pytest.mark.parametrize("key", ["model", "messages", "stream", "input", "contents", "system", "tools"])
def test_a_key_that_is_read_may_not_be_said_twice(key: str) -> None:
    with pytest.raises(Failure) as caught:
        check(f'{{"{key}": 1, "x": 2, "{key}": 3}}'.encode())
    assert (caught.value.status, caught.value.param) == (400, key)


def test_the_same_key_further_down_is_nobodys_business() -> None:
    check(b'{"model": "m", "x": {"model": 1, "y": [{"model": 2, "model": 3}]}, "text": "\\"model\\""}')


@pytest.mark.parametrize("body", [b"", b"{", b'{"model": 1, "model"', b"\xff\xfe", b'["model", "model"]'])
def test_what_is_no_json_is_left_to_the_reader(body: bytes) -> None:
    check(body)
