from typing import Any

import pytest

from passenger.chat import Tool
from passenger.dialects.ollama.tools_in import read_tools
from passenger.errors import Failure
from tests.dialects.ollama.asking import TOOL, WEATHER


def test_a_function_becomes_a_tool() -> None:
    assert read_tools({"tools": [TOOL]}) == (Tool("weather", "It", WEATHER),)


@pytest.mark.parametrize("body", [{}, {"tools": None}, {"tools": []}])
def test_no_tools_are_normal(body: dict[str, Any]) -> None:
    assert read_tools(body) == ()


@pytest.mark.parametrize("parameters", [{}, {"parameters": None}, {"parameters": {}}])
def test_a_tool_without_parameters_takes_an_empty_object(parameters: dict[str, Any]) -> None:
    read = read_tools({"tools": [{"function": {"name": "now", **parameters}}]})
    assert read == (Tool("now", None, {"type": "object", "properties": {}}),)


@pytest.mark.parametrize(
    ("tool", "field"),
    [
        ({}, "tools[0].function"),
        ({"type": "retrieval"}, "tools[0].type"),
        ({"function": {}}, "tools[0].function.name"),
        ({"function": {"name": ""}}, "tools[0].function.name"),
        ({"function": {"name": "f", "parameters": []}}, "tools[0].function.parameters"),
        ({"function": {"name": "f", "description": 1}}, "tools[0].function.description"),
        ("weather", "tools[0]"),
    ],
)
def test_what_is_no_function_is_refused(tool: object, field: str) -> None:
    with pytest.raises(Failure) as caught:
        read_tools({"tools": [tool]})
    assert caught.value.param == field
