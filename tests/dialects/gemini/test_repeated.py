"""Repeated fields with and without their brackets."""

from typing import Any

import pytest

from passenger.dialects.gemini.peeking import peek
from passenger.dialects.gemini.prompt_in import read_prompt
from passenger.dialects.gemini.repeated import objects
from passenger.errors import Failure, Kind
from tests.dialects.gemini.asking import request

LISTED: dict[str, Any] = {
    "contents": [{"parts": [{"text": "hi"}]}],
    "systemInstruction": {"parts": [{"text": "be kind"}]},
    "tools": [{"functionDeclarations": [{"name": "f"}]}],
}
ALONE: dict[str, Any] = {
    "contents": {"parts": {"text": "hi"}},
    "systemInstruction": {"parts": {"text": "be kind"}},
    "tools": {"functionDeclarations": {"name": "f"}},
}


def test_an_element_alone_is_a_list_of_one() -> None:
    assert read_prompt(request(ALONE)) == read_prompt(request(LISTED))
    assert peek(request(ALONE)) == peek(request(LISTED))


def test_each_object_knows_its_place() -> None:
    assert objects({"parts": [{}, {"a": 1}]}, "parts", "x.") == [("x.parts[0]", {}), ("x.parts[1]", {"a": 1})]
    assert objects({"parts": {"a": 1}}, "parts") == [("parts[0]", {"a": 1})]
    assert objects({"parts": None}, "parts") == objects({}, "parts") == []


@pytest.mark.parametrize(("value", "param"), [("hi", "parts"), (1, "parts"), ([{}, "hi"], "parts[1]")])
def test_anything_else_is_refused_where_it_stands(value: object, param: str) -> None:
    with pytest.raises(Failure) as caught:
        objects({"parts": value}, "parts")
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID, param)
