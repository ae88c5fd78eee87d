from typing import Any

import pytest

from passenger.chat import Grammar, Tool, ToolChoice
from passenger.dialects.completions.tools_in import read_choice, read_tools
from passenger.errors import Failure, Kind

JSON = dict[str, Any]
SCHEMA: JSON = {"type": "object", "properties": {"a": {"type": "string"}}}
EMPTY: JSON = {"type": "object", "properties": {}}
CACHE = {"cache_control": {"type": "ephemeral"}}


def function(name: str = "f", **fields: object) -> JSON:
    return {"type": "function", "function": {"name": name, **fields}}


def custom(name: str = "exec", **fields: object) -> JSON:
    return {"type": "custom", "custom": {"name": name, **fields}}


# --- tools -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tool", "read"),
    [
        (function(), Tool("f", schema=EMPTY)),
        (function(parameters=None, description=None, strict=None), Tool("f", schema=EMPTY)),
        (function(parameters=SCHEMA, description="does", strict=True), Tool("f", "does", SCHEMA, strict=True)),
        ({"function": {"name": "f"}}, Tool("f", schema=EMPTY)),
        ({**function(), **CACHE}, Tool("f", schema=EMPTY, cache=True)),
        ({**function(), "copilot_cache_control": {"type": "ephemeral"}}, Tool("f", schema=EMPTY, cache=True)),
        (custom(), Tool("exec", custom=True)),
        (custom(description="runs", format={"type": "text"}), Tool("exec", "runs", custom=True)),
        (
            custom(format={"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: A"}}),
            Tool("exec", custom=True, grammar=Grammar("lark", "start: A")),
        ),
        ({**custom(), **CACHE}, Tool("exec", custom=True, cache=True)),
    ],
)
def test_tools_are_functions_or_custom(tool: JSON, read: Tool) -> None:
    assert read_tools({"tools": [tool]}) == (read,)


@pytest.mark.parametrize("body", [{}, {"tools": None}, {"tools": [], "functions": None}])
def test_there_may_be_none(body: JSON) -> None:
    assert read_tools(body) == ()


def test_functions_of_older_clients_are_tools_too() -> None:
    body = {"tools": [function("a")], "functions": [{"name": "b", "description": "does", "parameters": SCHEMA}]}
    assert read_tools(body) == (Tool("a", schema=EMPTY), Tool("b", "does", SCHEMA))


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"tools": {}}, "tools"),
        ({"functions": {}}, "functions"),
        ({"tools": [function(), 5]}, "tools[1]"),
        ({"functions": [5]}, "functions[0]"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": None}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"tools": [function(description=5)]}, "tools[0].function.description"),
        ({"tools": [function(parameters=[])]}, "tools[0].function.parameters"),
        ({"tools": [function(strict="yes")]}, "tools[0].function.strict"),
        ({"functions": [{}]}, "functions[0].name"),
        ({"tools": [{"type": "custom"}]}, "tools[0].custom"),
        ({"tools": [{"type": "custom", "custom": {}}]}, "tools[0].custom.name"),
        ({"tools": [custom(format=5)]}, "tools[0].custom.format"),
        ({"tools": [custom(format={"grammar": 5})]}, "tools[0].custom.format.grammar"),
        ({"tools": [custom(format={"grammar": {}})]}, "tools[0].custom.format.grammar.syntax"),
    ],
)
def test_a_tool_at_fault_is_refused_by_its_place(body: JSON, param: str) -> None:
    with pytest.raises(Failure) as caught:
        read_tools(body)
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID, param)


# --- which may be called -----------------------------------------------------------------------------------------

TOOLS = (Tool("f", schema=EMPTY), Tool("exec", custom=True))


def allowed(mode: object, *tools: object) -> JSON:
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": list(tools)}}


@pytest.mark.parametrize("field", ["tool_choice", "function_call"])
@pytest.mark.parametrize(
    ("said", "choice"),
    [
        (None, None),
        ("auto", ToolChoice("auto")),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        (function("f"), ToolChoice("required", ("f",))),
        (custom("exec"), ToolChoice("required", ("exec",))),
        ({"name": "f"}, ToolChoice("required", ("f",))),
        (allowed("auto", function("f")), ToolChoice("auto", ("f",))),
        (allowed("required", function("f"), custom("exec")), ToolChoice("required", ("f", "exec"))),
    ],
)
def test_the_choice_is_a_word_a_tool_or_some(field: str, said: object, choice: ToolChoice | None) -> None:
    assert read_choice({field: said}, TOOLS) == choice


def test_the_newer_name_of_the_choice_wins() -> None:
    assert read_choice({"tool_choice": "none", "function_call": "auto"}, TOOLS) == ToolChoice("none")
    assert read_choice({"tool_choice": None, "function_call": "auto"}, TOOLS) == ToolChoice("auto")


@pytest.mark.parametrize(
    "said",
    [
        "any",
        5,
        [],
        {},
        {"type": "function"},
        function("g"),
        allowed("auto"),
        allowed("none", function("f")),
        allowed(["auto"], function("f")),
        allowed("auto", function("f"), {}),
        allowed("auto", function("g")),
        {"type": "allowed_tools"},
    ],
)
@pytest.mark.parametrize("field", ["tool_choice", "function_call"])
def test_a_choice_that_cannot_be_had_is_refused(field: str, said: object) -> None:
    with pytest.raises(Failure) as caught:
        read_choice({field: said}, TOOLS)
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID, field)


@pytest.mark.parametrize("said", ["required", function("f")])
def test_a_tool_cannot_be_demanded_where_there_is_none(said: object) -> None:
    with pytest.raises(Failure) as caught:
        read_choice({"tool_choice": said}, ())
    assert caught.value.param == "tool_choice"
    assert read_choice({"tool_choice": "auto"}, ()) == ToolChoice("auto")
