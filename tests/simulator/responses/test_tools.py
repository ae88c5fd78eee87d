from typing import Any

import pytest

from passenger.simulator import Simulator
from tests.simulator.client import Client
from tests.simulator.responses.test_validation import error

TOOL: dict[str, Any] = {"type": "function", "name": "t", "parameters": {"type": "object"}}
KINDS = (
    "'code_interpreter', 'programmatic_tool_calling', 'function', 'namespace', 'tool_search', 'file_search', "
    "'web_search_preview', 'web_search_preview_2025_03_11', 'image_generation', 'mcp', 'custom', 'computer', "
    "'computer_use_preview', 'shell', and 'apply_patch'"
)


@pytest.mark.parametrize(
    ("tools", "message"),
    [
        ([TOOL | {"max_uses": 1}], "Unknown parameter: 'tools[0].max_uses'."),
        ([TOOL, {"type": "web_fetch"}], f"Invalid value: 'web_fetch'. Supported values are: {KINDS}."),
        (["x"], "Invalid type for 'tools[0]': expected an object, but got a string instead."),
        ([{"name": "t"}], "Missing required parameter: 'tools[0].type'."),
        ([{"type": "function"}], "Missing required parameter: 'tools[0].name'."),
        ([{"type": "function", "function": {"name": "t"}}], "Unknown parameter: 'tools[0].function'."),
        (
            [TOOL | {"defer_loading": True}],
            "Invalid Value: 'tools.defer_loading'. Deferred tools require tools.tool_search.",
        ),
        (
            [{"type": "namespace", "name": "n", "tools": [TOOL | {"x": 1}]}],
            "Unknown parameter: 'tools[0].tools[0].x'.",
        ),
        (
            [TOOL | {"name": "a b"}],
            (
                "Invalid 'tools[0].name': string does not match pattern. Expected a string that matches the pattern "
                "'^[a-zA-Z0-9_-]+$'."
            ),
        ),
    ],
)
async def test_a_tool_is_refused_with_the_place(client: Client, tools: list[Any], message: str) -> None:
    assert error(await client.responses(tools=tools)) == message


@pytest.mark.parametrize("kind", ["code_interpreter", "image_generation"])
async def test_some_tools_are_forbidden(client: Client, kind: str) -> None:
    expected = f"The use of the {kind} tool is not supported."
    assert error(await client.responses(tools=[{"type": kind}]), "unsupported_value") == expected


@pytest.mark.parametrize(
    "tools",
    [
        [TOOL | {"strict": True, "description": "d", "cache_control": {"type": "ephemeral"}}],
        [TOOL | {"defer_loading": True}, {"type": "tool_search"}],
        [{"type": "web_search", "search_context_size": "low"}, {"type": "custom", "name": "c"}],
        [{"type": "namespace", "name": "n", "tools": [TOOL]}],
    ],
)
async def test_good_tools_are_taken(client: Client, tools: list[Any]) -> None:
    assert (await client.responses(tools=tools)).status == 200


@pytest.mark.parametrize(
    ("tools", "choice", "message"),
    [
        ([TOOL], {"type": "tool_search"}, "Missing required parameter: 'tool_choice.tools'."),
        ([TOOL], {"type": "allowed_tools", "mode": "auto"}, "Missing required parameter: 'tool_choice.tools'."),
        ([TOOL], {"type": "function"}, "Missing required parameter: 'tool_choice.name'."),
        ([TOOL], {"type": "function", "name": "u"}, "Tool choice 'u' not found in 'tools' parameter."),
        ([], "required", "Tool choice 'required' must be specified with 'tools' parameter."),
        ([TOOL], "any", "Invalid value: 'any'. Supported values are: 'none', 'auto', and 'required'."),
    ],
)
async def test_a_choice_that_makes_no_sense_is_refused(
    client: Client, tools: list[Any], choice: object, message: str
) -> None:
    assert error(await client.responses(tools=tools, tool_choice=choice)) == message


async def test_an_organisation_may_forbid_searches_and_a_model_may_lack_them(client: Client, sim: Simulator) -> None:
    search = {"type": "web_search"}
    sim.account.searchless.add("gpt-5.5")
    lacking = await client.responses("Hi", tools=[search])
    assert error(lacking, "unsupported_value") == "The use of the web_search tool is not supported."
    assert (await client.responses("Hi", tools=[TOOL])).status == 200
    sim.account.may_search = False
    refused = await client.responses("Hi", tools=[search])
    assert (refused.status, refused.body) == (403, b"unauthorized: not authorized to use this Copilot feature\n")
