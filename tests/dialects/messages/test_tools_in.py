from typing import Any

import pytest

from passenger.chat import Tool, ToolChoice
from passenger.dialects.messages.blocks_in import Blocks
from passenger.dialects.messages.tools_in import Offer, read_tools
from passenger.errors import Failure

F: dict[str, Any] = {"name": "f", "description": "does", "input_schema": {"type": "object"}}
SEARCH: dict[str, Any] = {"type": "web_search_20250305", "name": "web_search"}


def offer(**body: Any) -> tuple[Offer, list[str]]:
    blocks = Blocks()
    return read_tools(body, blocks), blocks.dropped


def test_a_tool_is_read_with_its_words_schema_and_breakpoint() -> None:
    tools = [{**F, "type": "custom", "strict": True, "cache_control": {"type": "ephemeral"}}]
    read, dropped = offer(tools=tools)
    assert read.tools == (Tool("f", "does", {"type": "object"}, strict=True, cache=True),)
    assert dropped == []


def test_a_tool_that_is_deferred_or_has_no_schema_is_taken_as_it_is() -> None:
    read, dropped = offer(tools=[{"name": "DeferredToolPlaceholder"}, {**F, "defer_loading": True}])
    assert read.tools[0] == Tool("DeferredToolPlaceholder", None, {"type": "object", "properties": {}})
    assert dropped == ["tools.defer_loading"]


@pytest.mark.parametrize("kind", ["web_search_20250305", "code_execution_20250825", "tool_search_tool_regex_20251119"])
def test_a_server_tool_is_left_out_by_name(kind: str) -> None:
    read, dropped = offer(tools=[F, {"type": kind, "name": "x"}])
    assert [tool.name for tool in read.tools] == ["f"]
    assert dropped == ["tools[x]"]


def test_tools_that_only_anthropic_can_run_are_refused_by_name_where_there_is_no_other() -> None:
    with pytest.raises(Failure, match="'web_search'"):
        offer(tools=[SEARCH])
    with pytest.raises(Failure, match="'web_search_20250305'"):
        offer(tools=[{"type": SEARCH["type"]}])


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"tools": [SEARCH]}, "tools"),
        ({"tools": [F, SEARCH], "tool_choice": {"type": "tool", "name": "web_search"}}, "tool_choice"),
        ({"tools": [F], "tool_choice": {"type": "tool", "name": "g"}}, "tool_choice"),
        ({"tool_choice": {"type": "any"}}, "tool_choice"),
        ({"tools": [F], "tool_choice": {"type": "odd"}}, "tool_choice"),
        ({"tools": [F], "tool_choice": {"type": "tool"}}, "tool_choice"),
        ({"tools": [{"description": "nameless"}]}, "tools.0.name"),
        ({"tools": [5]}, "tools.0"),
        ({"tools": {}}, "tools"),
        ({"tools": [{**F, "input_schema": []}]}, "tools.0.input_schema"),
    ],
)
def test_tools_that_cannot_be_meant_are_refused(body: dict[str, Any], param: str) -> None:
    with pytest.raises(Failure) as caught:
        offer(**body)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("choice", "meant"),
    [
        ({"type": "auto"}, ToolChoice("auto")),
        ({"type": "any"}, ToolChoice("required")),
        ({"type": "tool", "name": "f"}, ToolChoice("required", ("f",))),
        ({"type": "none"}, ToolChoice("none")),
        (None, None),
    ],
)
def test_the_choice_among_tools_is_read(choice: dict[str, Any] | None, meant: ToolChoice | None) -> None:
    assert offer(tools=[F], tool_choice=choice)[0].choice == meant


def test_parallel_calls_may_be_forbidden() -> None:
    forbidden = {"type": "auto", "disable_parallel_tool_use": True}
    assert offer(tools=[F], tool_choice=forbidden)[0].parallel is False
    assert offer(tools=[F], tool_choice={"type": "auto"})[0].parallel is None
