"""What is counted of a JSON text without reading it, beside what reading it finds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.jsontext import structure

WORDS = st.text() | st.sampled_from(['\\"', "\\", '"', '\\\\"[', "{[,", '",{', "\\\\", "\ud800", "]]"])
TREES = st.recursive(
    st.none() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=30,
)


def marks_of(value: Any) -> str:
    """The brackets and commas that a value is written with."""
    match value:
        case dict():
            return "{" + ",".join(marks_of(inner) for inner in value.values()) + "}"
        case list():
            return "[" + ",".join(marks_of(inner) for inner in value) + "]"
        case _:
            return ""


def values_in(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(values_in, inner))


def depth_of(value: Any) -> int:
    match value:
        case dict():
            return 1 + max(map(depth_of, value.values()), default=0)
        case list():
            return 1 + max(map(depth_of, value), default=0)
        case _:
            return 0


@pytest.fixture(params=[1, 2, 3, 7, structure.PIECE])
def piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structure, "PIECE", request.param)


@pytest.mark.usefixtures("piece")
@pytest.mark.parametrize("ascii_only", [True, False])
def test_what_is_outside_of_strings_is_found_however_it_is_cut(ascii_only: bool) -> None:
    @given(TREES)
    def law(tree: Any) -> None:
        text = json.dumps(tree, ensure_ascii=ascii_only).encode("utf-8", "replace")
        assert b"".join(structure.outside(text)).decode() == marks_of(tree)

    law()


@given(TREES)
def test_there_are_never_more_values_than_are_counted(tree: Any) -> None:
    text = json.dumps(tree).encode()
    exact = b"".join(structure.outside(text))
    assert values_in(tree) <= 1 + structure.values(exact) <= 1 + structure.values(structure.marks(text))


@given(TREES)
def test_nesting_is_what_it_is(tree: Any) -> None:
    found, depth = b"".join(structure.outside(json.dumps(tree).encode())), depth_of(tree)
    assert not structure.is_deeper(found, depth)
    assert not depth or structure.is_deeper(found, depth - 1)


@given(st.binary())
def test_what_is_no_json_is_counted_too(text: bytes) -> None:
    found = b"".join(structure.outside(text))
    assert len(found) <= len(structure.marks(text))
    structure.is_deeper(found, 3)


@given(TREES)
def test_more_values_than_that_are_those_outside_of_strings(tree: Any) -> None:
    text = json.dumps(tree).encode()
    exact = structure.values(b"".join(structure.outside(text)))
    assert not structure.has_more_values(text, exact)
    assert not exact or structure.has_more_values(text, exact - 1)
