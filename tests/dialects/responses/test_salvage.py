from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from passenger.dialects.responses.salvage import salvaged


class Part(Struct):
    text: str | None = None
    at: int = 0


class Whole(Struct):
    name: str = ""
    part: Part | None = None
    parts: list[Part] | None = None
    count: int | None = None
    free: Any = None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(Whole.__struct_fields__), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("document", "read"),
    [
        ({"name": "a", "part": {"text": "b"}}, Whole("a", Part("b"))),
        ({"name": 1, "part": {"text": "b", "at": "c"}, "count": "d"}, Whole("", Part("b"))),
        (
            {"name": "a", "part": 7, "parts": [{"text": "b"}, 8, {"text": []}]},
            Whole("a", None, [Part("b"), Part(), Part()]),
        ),
        ({"name": "a", "parts": {"text": "b"}, "free": {"x": 1}, "count": 3}, Whole("a", count=3, free={"x": 1})),
    ],
)
def test_what_is_of_its_type_is_read_and_the_rest_passed_over(document: dict[str, Any], read: Whole) -> None:
    assert salvaged(document, Whole) == read


@given(st.dictionaries(st.sampled_from(Whole.__struct_fields__), JSON))
def test_no_field_hides_another(document: dict[str, Any]) -> None:
    read = salvaged(document, Whole)
    assert read.name == (document["name"] if isinstance(document.get("name"), str) else "")
    if isinstance(count := document.get("count"), int) and not isinstance(count, bool):
        assert read.count == count
    if isinstance(parts := document.get("parts"), list):
        assert len(read.parts) == len(parts)


@pytest.mark.parametrize("value", [None, 1, "x", []])
def test_what_is_no_object_is_nothing(value: object) -> None:
    assert salvaged(value, Whole) is None
