from typing import Any

import pytest

from passenger.chat import Grammar, Prompt, Tool, ToolChoice
from passenger.dialects.messages.tools_out import CUSTOM_SCHEMA, write_tools
from passenger.errors import Failure
from passenger.toolnames import Names

F, G = Tool("f", "does", {"type": "object"}), Tool("g", schema={"$schema": "x", "properties": {}})


def written(
    *tools: Tool, choice: ToolChoice | None = None, parallel: bool | None = None
) -> tuple[dict[str, Any], list[str]]:
    dropped: list[str] = []
    prompt = Prompt("m", (), tools=tools, tool_choice=choice, parallel=parallel)
    return write_tools(prompt, Names(tools, 128), dropped), dropped


def test_tools_have_a_schema_of_an_object_without_its_dialect() -> None:
    fields, dropped = written(F, G, Tool("h"))
    assert fields == {
        "tools": [
            {"name": "f", "description": "does", "input_schema": {"type": "object"}},
            {"name": "g", "input_schema": {"type": "object", "properties": {}}},
            {"name": "h", "input_schema": {"type": "object", "properties": {}}},
        ]
    }
    assert dropped == []


def test_a_custom_tool_takes_its_text_in_an_object_and_its_grammar_in_words() -> None:
    patch = Tool("patch", "edits", custom=True, grammar=Grammar("lark", "start: WORD"))
    fields, dropped = written(
        patch, Tool("raw", custom=True, grammar=Grammar("regex", "a+")), Tool("free", custom=True)
    )
    first, second, third = fields["tools"]
    assert first["description"] == "edits\n\n`input` must match this lark grammar:\nstart: WORD"
    assert second["description"] == "`input` must match this regex grammar:\na+"
    assert [tool["input_schema"] for tool in (first, second, third)] == [CUSTOM_SCHEMA] * 3
    assert dropped == ["tools[patch].format (in words)", "tools[raw].format (in words)"]


def test_strictness_is_left_out_by_name() -> None:
    assert written(Tool("f", schema={}, strict=True))[1] == ["tools.strict"]


@pytest.mark.parametrize(
    ("choice", "parallel", "said"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice("auto"), None, {"type": "auto"}),
        (ToolChoice("required"), False, {"type": "any", "disable_parallel_tool_use": True}),
        (ToolChoice("required", ("f",)), None, {"type": "tool", "name": "f"}),
        (ToolChoice("none"), False, {"type": "none"}),
    ],
)
def test_the_choice_among_tools_is_said(choice: ToolChoice | None, parallel: bool | None, said: object) -> None:
    assert written(F, G, choice=choice, parallel=parallel)[0].get("tool_choice") == said


@pytest.mark.parametrize(("mode", "said"), [("required", "any"), ("auto", "auto")])
def test_a_choice_of_several_narrows_the_tools(mode: Any, said: str) -> None:
    fields, _ = written(F, G, Tool("h"), choice=ToolChoice(mode, ("f", "h")))
    assert [tool["name"] for tool in fields["tools"]] == ["f", "h"]
    assert fields["tool_choice"] == {"type": said}


def test_a_tool_of_a_namespace_is_forced_by_the_name_that_goes_up() -> None:
    fields, _ = written(Tool("run", namespace="mcp"), choice=ToolChoice("required", ("run",)))
    assert fields["tool_choice"] == {"type": "tool", "name": "mcp__run"}


def test_a_choice_without_tools_is_nothing_unless_it_demands_one() -> None:
    assert written(choice=ToolChoice("auto"), parallel=False) == ({}, [])
    for choice, tools in ((ToolChoice("required"), ()), (ToolChoice("required", ("x",)), (F,))):
        with pytest.raises(Failure) as caught:
            written(*tools, choice=choice)
        assert caught.value.param == "tool_choice"


@pytest.mark.parametrize(
    ("parallel", "said"),
    [(None, {"type": "auto"}), (False, {"type": "auto", "disable_parallel_tool_use": True})],
)
def test_the_choice_for_a_summary_is_that_of_the_turns_before(parallel: bool | None, said: object) -> None:
    prompt = Prompt("m", (), tools=(F,), tool_choice=ToolChoice("none"), parallel=parallel, compacts=True)
    assert write_tools(prompt, Names((F,), 128), [])["tool_choice"] == said
