from typing import Any

import pytest

from tests.simulator.client import Client
from tests.simulator.messages.test_validation import capi, vendor

EXTRA = "Extra inputs are not permitted"
TOOL: dict[str, Any] = {"name": "t", "input_schema": {"type": "object"}}


@pytest.mark.parametrize(("kind", "name"), [("web_search_20250305", "web search"), ("web_fetch_20250910", "web fetch")])
async def test_the_vendors_web_tools_are_not_let_through(client: Client, kind: str, name: str) -> None:
    answer = await client.messages(tools=[TOOL, {"type": kind, "name": "web"}])
    assert capi(answer) == (400, "unsupported_value", f"The use of the {name} tool is not supported.")


@pytest.mark.parametrize(
    ("tools", "message"),
    [
        (["x"], "tools.0: Input should be a valid dictionary"),
        ([{"input_schema": {}}], "tools.0.custom.name: Field required"),
        ([{"name": "t"}], "tools.0.custom.input_schema: Field required"),
        ([TOOL | {"input_schema": {}}], "tools.0.custom.input_schema.type: Field required"),
        ([TOOL | {"name": "a b"}], "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"),
        ([TOOL | {"eager_input_streaming": True}], f"tools.0.custom.eager_input_streaming: {EXTRA}"),
        (
            [TOOL | {"cache_control": {"type": "ephemeral", "scope": "global"}}],
            f"tools.0.custom.cache_control.ephemeral.scope: {EXTRA}",
        ),
        ([TOOL, TOOL], "tools: Tool names must be unique."),
        (
            [TOOL | {"defer_loading": True}],
            "At least one tool must have defer_loading=false. All tools cannot be deferred.",
        ),
        (
            [TOOL, TOOL | {"name": "u", "defer_loading": True, "cache_control": {"type": "ephemeral"}}],
            "tools.1.custom: A tool with defer_loading=true cannot have cache_control.",
        ),
        (
            [{"type": "code_execution_20250825", "name": "c"}],
            "tools.0: Input tag 'code_execution_20250825' found using 'type' does not match any of the expected tags",
        ),
    ],
)
async def test_a_tool_is_refused_with_the_place(client: Client, tools: list[Any], message: str) -> None:
    assert vendor(await client.messages(tools=tools)) == message


@pytest.mark.parametrize(
    "tools",
    [
        [TOOL | {"type": "custom", "description": "d", "strict": True, "cache_control": {"type": "ephemeral"}}],
        [TOOL | {"defer_loading": True}, {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"}],
        [{"type": "bash_20250124", "name": "bash"}],
    ],
)
async def test_good_tools_are_taken(client: Client, tools: list[Any]) -> None:
    assert (await client.messages(tools=tools)).status == 200


@pytest.mark.parametrize(
    ("tools", "choice", "part"),
    [
        ([TOOL], {"type": "tool", "name": "u"}, "Tool 'u' not found in provided tools"),
        ([], {"type": "any"}, "may only be specified while providing tools"),
        ([TOOL], {"type": "required"}, "does not match any of the expected tags"),
    ],
)
async def test_a_choice_that_makes_no_sense_is_refused(
    client: Client, tools: list[Any], choice: dict[str, str], part: str
) -> None:
    assert part in vendor(await client.messages(tools=tools, tool_choice=choice))
