from typing import Any

import pytest

from passenger.chat import Grammar, Tool, ToolChoice
from tests.dialects.responses.asking import prompt, refusal

FUNCTION = {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True}
F = Tool("f", "d", {"type": "object"}, strict=True)
PATCH = {"type": "custom", "name": "patch"}
SPACE = {"type": "namespace", "name": "ns", "tools": [FUNCTION, PATCH]}
SEARCH = {"type": "web_search"}
EMPTY = {"type": "object", "properties": {}}


def test_a_function_is_a_tool() -> None:
    assert prompt(tools=[FUNCTION]).tools == (F,)
    assert prompt(tools=[{"type": "function", "name": "g", "parameters": None}]).tools == (Tool("g", schema=EMPTY),)


def test_a_custom_tool_takes_free_text_or_what_a_grammar_allows() -> None:
    form = {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}
    free, bound = prompt(tools=[{**PATCH, "format": {"type": "text"}}, {**PATCH, "format": form}]).tools
    assert free == Tool("patch", custom=True)
    assert bound == Tool("patch", custom=True, grammar=Grammar("lark", "start: /.+/"))


def test_the_tools_of_a_namespace_have_it() -> None:
    asked = prompt(tools=[{**SPACE, "description": "Things."}])
    assert [(tool.namespace, tool.name) for tool in asked.tools] == [("ns", "f"), ("ns", "patch")]
    assert asked.dropped == ("tools[ns].description",)
    assert prompt(tools=[SPACE]).dropped == ()


def test_tools_may_come_within_the_input() -> None:
    added = {"type": "additional_tools", "role": "developer", "tools": [SPACE]}
    asked = prompt(tools=[FUNCTION], input=[added, {"role": "user", "content": "hi"}])
    assert len(asked.tools) == 3
    assert len(asked.messages) == 1


def test_tools_that_a_search_found_are_tools() -> None:
    found = {"type": "tool_search_output", "call_id": "c", "tools": [FUNCTION]}
    assert prompt(input=[found]).tools == (F,)


def test_a_tool_that_openai_runs_is_left_out_by_name() -> None:
    assert prompt(tools=[FUNCTION, SEARCH, SEARCH]).dropped == ("tools[web_search]",)
    assert prompt(tools=[FUNCTION, SEARCH]).tools == (F,)


@pytest.mark.parametrize("kind", ["web_search", "file_search", "code_interpreter", "image_generation", "mcp", "shell"])
def test_a_tool_that_openai_runs_is_refused_where_it_is_the_only_one(kind: str) -> None:
    failure = refusal(tools=[{"type": kind}])
    assert failure.param == "tools"
    assert kind in failure.message


@pytest.mark.parametrize(
    ("choice", "read"),
    [
        (None, None),
        ("auto", ToolChoice("auto")),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ({"type": "function", "name": "f"}, ToolChoice("required", ("f",))),
        ({"type": "custom", "name": "patch"}, ToolChoice("required", ("patch",))),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}, SEARCH]},
            ToolChoice("auto", ("f",)),
        ),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [FUNCTION, PATCH]},
            ToolChoice("required", ("f", "patch")),
        ),
    ],
)
def test_the_choice_is_read(choice: object, read: ToolChoice | None) -> None:
    assert prompt(tools=[FUNCTION, PATCH], tool_choice=choice).tool_choice == read


@pytest.mark.parametrize(
    ("choice", "param"),
    [
        ("any", "tool_choice"),
        (1, "tool_choice"),
        ({"type": "web_search"}, "tool_choice"),
        ({"type": "mcp", "server_label": "x"}, "tool_choice"),
        ({"type": "function"}, "tool_choice.name"),
        ({"type": "function", "name": "g"}, "tool_choice.name"),
        ({"type": "allowed_tools", "tools": []}, "tool_choice.tools"),
        ({"type": "allowed_tools", "tools": [SEARCH]}, "tool_choice.tools"),
        ({"type": "allowed_tools", "mode": "none", "tools": [FUNCTION]}, "tool_choice.mode"),
        ({"type": "allowed_tools", "tools": [{"type": "function", "name": "g"}]}, "tool_choice.tools[0].name"),
    ],
)
def test_a_choice_that_cannot_be_made_is_refused(choice: object, param: str) -> None:
    assert refusal(tools=[FUNCTION, SEARCH], tool_choice=choice).param == param


def test_a_tool_cannot_be_required_where_there_is_none() -> None:
    assert refusal(tool_choice="required").param == "tool_choice"


@pytest.mark.parametrize(
    ("tool", "param"),
    [
        ({}, "tools[0].type"),
        ({"type": "function"}, "tools[0].name"),
        ({"type": "function", "name": "f", "parameters": []}, "tools[0].parameters"),
        ({"type": "function", "name": "f", "strict": "yes"}, "tools[0].strict"),
        ({"type": "namespace", "tools": []}, "tools[0].name"),
        ({"type": "namespace", "name": "n", "tools": [{"type": "function"}]}, "tools[0].tools[0].name"),
        ({"type": "custom", "name": "c", "format": "text"}, "tools[0].format"),
        ({"type": "custom", "name": "c", "format": {"type": "grammar"}}, "tools[0].format.syntax"),
    ],
)
def test_what_is_wrong_with_a_tool_is_said_by_the_field_s_name(tool: dict[str, Any], param: str) -> None:
    assert refusal(tools=[tool]).param == param
