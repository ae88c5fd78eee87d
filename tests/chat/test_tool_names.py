"""Tool names go up in a form that every upstream takes, and come back as they were."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.prompt import Tool
from passenger.chat.tool_names import LIMIT, ToolNames, flatten

NAMED = st.builds(Tool, st.text(min_size=1), namespace=st.none() | st.text(min_size=1))


@given(st.lists(NAMED, unique_by=lambda tool: (tool.name, tool.namespace)))
def test_every_tool_is_sent_by_a_name_that_is_taken_and_is_found_again(tools: list[Tool]) -> None:
    names = ToolNames(tools)
    sent = [names.encode(tool.name, tool.namespace or "") for tool in tools]
    assert all(re.fullmatch(rf"[a-zA-Z0-9_-]{{1,{LIMIT}}}", name) for name in sent)
    if len(set(sent)) == len(tools):
        assert [names.decode(name) for name in sent] == tools


def test_an_ordinary_name_is_sent_as_it_is() -> None:
    assert flatten("read_file") == "read_file"
    assert flatten("spawn", "agents") == "agents__spawn"


def test_a_long_name_is_shortened_by_what_it_is_and_not_by_where_it_stands() -> None:
    long = "mcp__" + "x" * 100
    assert len(flatten(long)) == LIMIT
    assert flatten(long) == flatten(long)
    assert flatten(long + "y") != flatten(long)


def test_a_call_in_the_history_may_leave_out_the_namespace() -> None:
    assert ToolNames([Tool("spawn", namespace="agents")]).encode("spawn") == "agents__spawn"


@pytest.mark.parametrize("tools", [(Tool("f"), Tool("f", namespace="a")), (Tool("f", namespace="a"), Tool("f"))])
def test_a_tool_without_a_namespace_is_not_taken_for_its_namesake_in_one(tools: tuple[Tool, ...]) -> None:
    names = ToolNames(tools)
    assert {names.encode(tool.name, tool.namespace) for tool in tools} == {"f", "a__f"}


def test_a_name_that_nobody_offered_is_a_tool_of_its_own() -> None:
    assert ToolNames([]).decode("made_up") == Tool("made_up")
