import json
from typing import Any

import pytest

from passenger.chat.fallbacks import without_search
from passenger.chat.prompt import (
    Message,
    Prompt,
    Reasoning,
    ReasoningConfig,
    Schema,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from passenger.chat.web_search import SearchLocation, SearchRefusal, SearchTool
from passenger.dialects import Request
from passenger.dialects.anthropic.client_tools import CLIENT_TOOLS
from passenger.dialects.anthropic.messages_in import Blocks
from passenger.dialects.anthropic.request_in import OfferedTools, read_prompt, read_tools
from passenger.errors import Failure
from passenger.jsontext.node import JsonNode

USER = {"role": "user", "content": "go"}


def prompt(**fields: Any) -> Prompt:
    return read_prompt(Request(json.dumps({"model": "m", "messages": [USER], **fields}).encode()))


def test_a_whole_request_is_read() -> None:
    read = prompt(
        max_tokens=100,
        stream=True,
        system="be brief",
        temperature=1,
        top_p=0.5,
        top_k=3,
        stop_sequences=["END"],
        metadata={"user_id": '{"device":"x"}'},
        tools=[{"name": "f", "input_schema": {"type": "object"}}],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
    )
    assert read.messages == (Message("system", (Text("be brief"),)), Message("user", (Text("go"),)))
    assert (read.model, read.stream, read.limit, read.stop) == ("m", True, 100, ("END",))
    assert (read.temperature, read.top_p, read.top_k, read.user) == (1.0, 0.5, 3, '{"device":"x"}')
    assert (read.tool_choice, read.parallel, read.dropped) == (ToolChoice("required"), False, ())


def test_the_least_request_says_nothing_more() -> None:
    assert prompt() == Prompt("m", (Message("user", (Text("go"),)),))


def test_the_turns_of_claude_code_are_read() -> None:
    read = prompt(
        system=[{"type": "text", "text": "x-anthropic-billing-header: a"}, {"type": "text", "text": "b"}],
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "go"}]},
            {"role": "system", "content": [{"type": "text", "text": "mind"}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "hm", "signature": ""},
                    {"type": "tool_use", "id": "a", "name": "f", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "also"},
                    {"type": "tool_result", "tool_use_id": "a", "content": "1"},
                ],
            },
            {"role": "assistant", "content": ""},
            {"role": "developer", "content": "last"},
        ],
    )
    assert [message.role for message in read.messages] == ["system", "user", "system", "assistant", "user", "system"]
    assert read.messages[3].parts == (Reasoning("hm"), ToolCall("a", "f", "{}"))
    assert read.messages[4].parts == (ToolResult("a", (Text("1"),)), Text("also"))


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        ({}, None),
        ({"thinking": {"type": "disabled"}}, ReasoningConfig("none")),
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, ReasoningConfig(budget=2048)),
        ({"thinking": {"type": "adaptive"}}, ReasoningConfig()),
        ({"thinking": {"type": "adaptive", "display": "omitted"}}, ReasoningConfig(show=False)),
        (
            {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "max"}},
            ReasoningConfig("max", show=True),
        ),
        ({"output_config": {"effort": "low"}}, ReasoningConfig("low")),
    ],
)
def test_thinking_is_read_in_all_its_forms(fields: dict[str, Any], reasoning: ReasoningConfig | None) -> None:
    assert prompt(**fields).reasoning == reasoning


@pytest.mark.parametrize("place", ["output_config", "output_format"])
def test_the_shape_of_the_answer_is_read_from_both_its_places(place: str) -> None:
    shape = {"type": "json_schema", "schema": {"type": "object"}}
    fields = {"output_config": {"format": shape}} if place == "output_config" else {"output_format": shape}
    assert prompt(**fields).schema == Schema({"type": "object"})


def test_what_no_other_dialect_has_is_left_out_by_name() -> None:
    read = prompt(
        service_tier="auto",
        context_management={"edits": []},
        container="c",
        mcp_servers=[],
        speed=None,
        metadata={"user_id": "u", "other": 1},
        output_config={"effort": "low", "task_budget": {}},
        thinking={"type": "disabled"},
    )
    assert set(read.dropped) == {
        "service_tier",
        "context_management",
        "container",
        "metadata.other",
        "output_config.task_budget",
        "output_config.effort",
    }


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"mcp_servers": [{"type": "url"}]}, "mcp_servers"),
        ({"messages": [USER, {"role": "assistant", "content": "{"}]}, "messages"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role"),
        ({"messages": ["x"]}, "messages.0"),
        ({"messages": [{"role": "user", "content": [{"type": "tool_use"}]}]}, "messages.0.content.0"),
        ({"messages": [{"role": "assistant", "content": [{"type": "image"}]}]}, "messages.0.content.0"),
        ({"system": [{"type": "image"}]}, "system.0"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"stop_sequences": [1]}, "stop_sequences"),
        ({"thinking": {"type": "odd"}}, "thinking.type"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"output_config": {"format": {"type": "json_object"}}}, "output_config.format.type"),
        ({"output_config": {"format": {"type": "json_schema", "json_schema": {}}}}, "output_config.format.schema"),
        ({"output_config": []}, "output_config"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_field_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Failure) as caught:
        prompt(**fields)
    assert caught.value.param == param


# --- tools -----------------------------------------------------------------------------------------------------------


F: dict[str, Any] = {"name": "f", "description": "does", "input_schema": {"type": "object"}}
SEARCH: dict[str, Any] = {"type": "web_search_20250305", "name": "web_search"}


def offer(**body: Any) -> tuple[OfferedTools, list[str]]:
    """What is offered, and what is left out where nobody searches the web."""
    blocks = Blocks()
    read = read_tools(JsonNode(body), blocks)
    return read, [*without_search(Prompt("m", (), web_search=read.search, dropped=tuple(blocks.dropped))).dropped]


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


def test_a_search_is_read_with_what_bounds_it() -> None:
    place = {"type": "approximate", "city": "Berlin", "country": "DE"}
    bounds = {"max_uses": 3, "blocked_domains": ["a.example"], "user_location": place}
    (read, _) = offer(tools=[F, {**SEARCH, **bounds}])
    location = SearchLocation("Berlin", country="DE")
    assert read.search == SearchTool(3, blocked_domains=("a.example",), location=location, field="tools[web_search]")
    latest = {"type": "web_search_20260209", "name": "web_search", "allowed_domains": ["b.example"]}
    assert prompt(tools=[latest]).web_search == SearchTool(
        allowed_domains=("b.example",),
        only=True,
        refusal=SearchRefusal("tools: only Anthropic can run 'web_search', and no other tool is offered", "tools"),
    )


@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "web_search"}, {"type": "auto"}, None])
def test_a_search_alone_is_the_only_one_whatever_the_choice(choice: dict[str, Any] | None) -> None:
    asked = prompt(tools=[SEARCH, {"type": "web_fetch_20250910", "name": "web_fetch"}], tool_choice=choice)
    assert asked.web_search is not None
    assert asked.web_search.only
    assert (asked.tools, asked.tool_choice, asked.dropped) == ((), None, ("tools[web_fetch]",))


def test_a_search_that_is_required_is_the_only_one() -> None:
    asked = prompt(tools=[F, SEARCH], tool_choice={"type": "tool", "name": "web_search"})
    assert asked.web_search is not None
    assert asked.web_search.only
    assert asked.tool_choice is None


@pytest.mark.parametrize("kind", sorted(CLIENT_TOOLS))
def test_a_tool_that_anthropic_defines_and_the_client_runs_is_a_function_of_its_name(kind: str) -> None:
    tool = {"type": kind, "name": "x", "cache_control": {"type": "ephemeral"}, "max_characters": 10}
    asked = prompt(tools=[tool], tool_choice={"type": "tool", "name": "x"})
    known = CLIENT_TOOLS[kind]
    assert asked.tools == (Tool("x", known.description, known.schema, cache=True),)
    assert asked.tool_choice == ToolChoice("required", ("x",))
    assert asked.dropped == ("tools.max_characters",)


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
        ({"tools": [F, {**SEARCH, "type": 5}]}, "tools.1.type"),
        ({"tools": [F, {**SEARCH, "name": {"a": 1}}]}, "tools.1.name"),
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
