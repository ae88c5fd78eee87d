import json
from typing import Any

import pytest

from passenger.chat import Message, Prompt, Reasoning, Schema, Text, Thought, ToolCall, ToolChoice, ToolResult
from passenger.dialects import Request
from passenger.dialects.messages import read_prompt
from passenger.errors import Failure

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
    assert read.messages[3].parts == (Thought("hm"), ToolCall("a", "f", "{}"))
    assert read.messages[4].parts == (ToolResult("a", (Text("1"),)), Text("also"))


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        ({}, None),
        ({"thinking": {"type": "disabled"}}, Reasoning("none")),
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, Reasoning(budget=2048)),
        ({"thinking": {"type": "adaptive"}}, Reasoning()),
        ({"thinking": {"type": "adaptive", "display": "omitted"}}, Reasoning(show=False)),
        (
            {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "max"}},
            Reasoning("max", show=True),
        ),
        ({"output_config": {"effort": "low"}}, Reasoning("low")),
    ],
)
def test_thinking_is_read_in_all_its_forms(fields: dict[str, Any], reasoning: Reasoning | None) -> None:
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
