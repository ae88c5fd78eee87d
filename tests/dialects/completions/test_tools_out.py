from typing import Any

import pytest

from passenger.chat import Grammar, Prompt, Tool, ToolChoice
from passenger.dialects.completions.tools_out import TOOLS, write_tools
from passenger.errors import Failure
from passenger.toolnames import Names

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}
EMPTY: dict[str, Any] = {"type": "object", "properties": {}}
F, G = Tool("f", schema=SCHEMA), Tool("g", schema=SCHEMA)


def written(*tools: Tool, dropped: list[str] | None = None, **fields: Any) -> dict[str, Any]:
    return write_tools(Prompt("m", (), tools=tools, **fields), Names(tools), [] if dropped is None else dropped)


def names(body: dict[str, Any]) -> list[str]:
    return [tool["function"]["name"] for tool in body["tools"]]


def test_a_tool_is_a_function() -> None:
    assert written(F, Tool("g", "does", None, strict=True, cache=True)) == {
        "tools": [
            {"type": "function", "function": {"name": "f", "parameters": SCHEMA}},
            {
                "type": "function",
                "function": {"name": "g", "description": "does", "parameters": EMPTY, "strict": True},
                "copilot_cache_control": {"type": "ephemeral"},
            },
        ]
    }


def test_names_are_made_such_that_copilot_takes_them() -> None:
    first, second, third = names(written(Tool("read", namespace="fs"), Tool("x" * 80), Tool("a.b")))
    assert (first, len(second), third[:4]) == ("fs__read", 64, "a_b_")


@pytest.mark.parametrize(
    ("tool", "description", "dropped"),
    [
        (Tool("exec", custom=True), None, []),
        (Tool("exec", "runs", custom=True), "runs", []),
        (
            Tool("exec", "runs", custom=True, grammar=Grammar("lark", "start: A")),
            "runs\n\nThe input must match this lark grammar:\nstart: A",
            ["tools[exec].format (in words)"],
        ),
    ],
)
def test_a_custom_tool_takes_its_text_in_an_object(tool: Tool, description: str | None, dropped: list[str]) -> None:
    named: list[str] = []
    (function,) = written(tool, dropped=named)["tools"]
    assert function["function"].get("description") == description
    assert function["function"]["parameters"] == {
        "type": "object",
        "properties": {"input": {"type": "string"}},
        "required": ["input"],
    }
    assert named == dropped


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (ToolChoice("auto"), "auto"),
        (ToolChoice("none"), "none"),
        (ToolChoice("required"), "required"),
        (ToolChoice("required", ("g",)), {"type": "function", "function": {"name": "g"}}),
        (ToolChoice("required", ("read",)), {"type": "function", "function": {"name": "fs__read"}}),
    ],
)
def test_the_choice_is_a_word_or_one_tool(choice: ToolChoice, said: object) -> None:
    body = written(F, G, Tool("read", namespace="fs"), tool_choice=choice)
    assert (body["tool_choice"], len(body["tools"])) == (said, 3)


@pytest.mark.parametrize(
    ("choice", "word", "left"),
    [
        (ToolChoice("auto", ("g",)), "auto", ["g"]),
        (ToolChoice("auto", ("g", "f")), "auto", ["f", "g"]),
        (ToolChoice("required", ("f", "g")), "required", ["f", "g"]),
    ],
)
def test_where_only_some_are_allowed_only_those_are_there(choice: ToolChoice, word: str, left: list[str]) -> None:
    body = written(F, G, Tool("h"), tool_choice=choice)
    assert (body["tool_choice"], names(body)) == (word, left)


@pytest.mark.parametrize("parallel", [True, False])
def test_parallel_calls_are_only_spoken_of_where_there_are_tools(parallel: bool) -> None:
    assert written(F, parallel=parallel)["parallel_tool_calls"] is parallel
    assert written(parallel=parallel, tool_choice=ToolChoice("auto")) == {}
    assert "parallel_tool_calls" not in written(F)


def test_more_tools_than_copilot_takes_are_refused() -> None:
    many = [Tool(f"t{index}") for index in range(TOOLS + 1)]
    assert len(written(*many[:-1])["tools"]) == TOOLS == 128
    with pytest.raises(Failure, match="at most 128 tools here, and there are 129") as caught:
        written(*many)
    assert caught.value.param == "tools"
    assert len(written(*many, tool_choice=ToolChoice("auto", ("t1",)))["tools"]) == 1


@pytest.mark.parametrize("choice", [ToolChoice("required"), ToolChoice("required", ("x", "y"))])
def test_a_call_that_cannot_be_is_not_demanded_in_silence(choice: ToolChoice) -> None:
    with pytest.raises(Failure) as caught:
        written(*([F] if choice.names else []), tool_choice=choice)
    assert caught.value.param == "tool_choice"
