"""What is refused of the tools of a `/v1/messages` request."""

import re
from typing import Any

from passenger.simulator.messages.errors import extra, refuse
from passenger.simulator.messages.schema import check_marker
from passenger.simulator.question import Body
from passenger.simulator.refusals import Refusal, RefusedError

NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
CUSTOM_FIELDS = {
    "allowed_callers",
    "cache_control",
    "defer_loading",
    "description",
    "input_examples",
    "input_schema",
    "name",
    "strict",
    "type",
}
CLIENT_TOOLS = ("bash_", "memory_", "text_editor_", "tool_search_tool_")
"""The beginnings of the vendor's own tool types that need nothing of its servers."""

SERVER_TOOLS = {"web_fetch_": "web fetch", "web_search_": "web search"}


def check_server_tools(body: Body) -> None:
    """Refuse the vendor's web tools: CAPI does not let them through."""
    tools = body.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        kind = str(tool.get("type", "")) if isinstance(tool, dict) else ""
        for start, name in SERVER_TOOLS.items():
            if kind.startswith(start):
                message = f"The use of the {name} tool is not supported."
                raise RefusedError(Refusal(400, message, "unsupported_value"))


def check_tools(body: Body) -> None:
    """Refuse tools that the vendor does not take, and a choice among them that makes no sense."""
    tools = body.get("tools") or []
    for index, tool in enumerate(tools):
        _check_tool(tool, f"tools.{index}")
    names = [tool["name"] for tool in tools]
    if len(set(names)) != len(names):
        refuse("tools: Tool names must be unique.")
    if tools and all(tool.get("defer_loading") for tool in tools):
        refuse("At least one tool must have defer_loading=false. All tools cannot be deferred.")
    _check_choice(body.get("tool_choice"), names)


def _check_tool(tool: Any, place: str) -> None:  # Any: the JSON edge
    if not isinstance(tool, dict):
        refuse(f"{place}: Input should be a valid dictionary")
    kind = tool.get("type") or "custom"
    if str(kind).startswith(CLIENT_TOOLS) and isinstance(tool.get("name"), str):
        return
    if kind != "custom":
        refuse(f"{place}: Input tag '{kind}' found using 'type' does not match any of the expected tags")
    _check_custom(tool, f"{place}.custom")


def _check_custom(tool: Body, place: str) -> None:
    for name in ("name", "input_schema"):
        if name not in tool:
            refuse(f"{place}.{name}: Field required")
    for name in tool:
        if name not in CUSTOM_FIELDS:
            extra(f"{place}.{name}")
    if not NAME.fullmatch(str(tool["name"])):
        refuse(f"{place}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
    if not isinstance(tool["input_schema"], dict) or "type" not in tool["input_schema"]:
        refuse(f"{place}.input_schema.type: Field required")
    check_marker(tool, place)
    if tool.get("defer_loading") and tool.get("cache_control"):
        refuse(f"{place}: A tool with defer_loading=true cannot have cache_control.")


def _check_choice(choice: Any, names: list[str]) -> None:  # Any: the JSON edge
    match choice:
        case None | {"type": "none"}:
            return
        case {"type": "auto" | "any"} if names:
            return
        case {"type": "tool", "name": str(name)} if name in names:
            return
        case {"type": "tool", "name": str(name)} if names:
            refuse(f"Tool '{name}' not found in provided tools")
        case {"type": "auto" | "any" | "tool"}:
            refuse("tool_choice may only be specified while providing tools")
        case _:
            refuse("tool_choice: Input tag does not match any of the expected tags: 'any', 'auto', 'none', 'tool'")
