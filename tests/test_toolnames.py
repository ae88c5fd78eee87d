"""Tool names go up in a form that every upstream takes, and come back as they were."""

import re

from hypothesis import given
from hypothesis import strategies as st

from passenger.chat import Tool
from passenger.toolnames import LIMIT, Names, flat

NAMED = st.builds(Tool, st.text(min_size=1), namespace=st.none() | st.text(min_size=1))


@given(st.lists(NAMED, unique_by=lambda tool: (tool.name, tool.namespace)))
def test_every_tool_is_sent_by_a_name_that_is_taken_and_is_found_again(tools: list[Tool]) -> None:
    names = Names(tools)
    sent = [names.sent(tool.name, tool.namespace or "") for tool in tools]
    assert all(re.fullmatch(rf"[a-zA-Z0-9_-]{{1,{LIMIT}}}", name) for name in sent)
    if len(set(sent)) == len(tools):
        assert [names.meant(name) for name in sent] == tools


def test_an_ordinary_name_is_sent_as_it_is() -> None:
    assert flat("read_file") == "read_file"
    assert flat("spawn", "agents") == "agents__spawn"


def test_a_long_name_is_shortened_by_what_it_is_and_not_by_where_it_stands() -> None:
    long = "mcp__" + "x" * 100
    assert len(flat(long)) == LIMIT
    assert flat(long) == flat(long)
    assert flat(long + "y") != flat(long)


def test_a_call_in_the_history_may_leave_out_the_namespace() -> None:
    assert Names([Tool("spawn", namespace="agents")]).sent("spawn") == "agents__spawn"


def test_a_name_that_nobody_offered_is_a_tool_of_its_own() -> None:
    assert Names([]).meant("made_up") == Tool("made_up")
