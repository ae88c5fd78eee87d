"""What is refused of the tools of a `/responses` request."""

import re
from typing import Any

from passenger.simulator.question import Body, word
from passenger.simulator.refusals import Refusal, RefusedError
from passenger.simulator.responses.errors import missing, refuse, unknown, wrong_type, wrong_value
from passenger.simulator.responses.items import tools_of

KINDS = (
    "code_interpreter",
    "programmatic_tool_calling",
    "function",
    "namespace",
    "tool_search",
    "file_search",
    "web_search_preview",
    "web_search_preview_2025_03_11",
    "image_generation",
    "mcp",
    "custom",
    "computer",
    "computer_use_preview",
    "shell",
    "apply_patch",
)
"""The kinds that the refusal of an unknown one lists; `web_search` is taken though it is not among them."""

FORBIDDEN = {"code_interpreter", "image_generation"}
FIELDS = {
    "custom": {"cache_control", "defer_loading", "description", "format", "name"},
    "function": {
        "cache_control",
        "defer_loading",
        "description",
        "name",
        "output_schema",
        "parameters",
        "strict",
    },
    "namespace": {"description", "name", "tools"},
    "web_search": {"external_web_access", "filters", "search_content_types", "search_context_size", "user_location"},
}
"""The fields of some kinds beside `type`; the others are not looked into."""

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
NAMED = {"custom", "function", "namespace"}
CHOICES = ("none", "auto", "required")


def is_search(tool: Body) -> bool:
    """Whether a tool is the web search, which upstream makes by itself."""
    return str(tool.get("type")).startswith("web_search")


def check_search(body: Body, *, allowed: bool, known: bool) -> None:
    """Refuse a search that an organisation forbids, or that the model does not know."""
    if not any(map(is_search, body.get("tools") or ())):
        return
    if not allowed:
        raise RefusedError(Refusal(403, "unauthorized: not authorized to use this Copilot feature"))
    if not known:
        refuse("The use of the web_search tool is not supported.", "unsupported_value")


def check_tools(body: Body) -> None:
    """Refuse tools that there are not, or that CAPI forbids, and a choice among them that makes no sense."""
    tools = body.get("tools") or []
    for index, tool in enumerate(tools):
        check_tool(tool, f"tools[{index}]")
    deferred = any(tool.get("defer_loading") for tool, _ in tools_of(body))
    if deferred and not any(tool.get("type") == "tool_search" for tool in tools):
        refuse("Invalid Value: 'tools.defer_loading'. Deferred tools require tools.tool_search.")
    _check_choice(body.get("tool_choice"), {str(tool.get("name")) for tool, _ in tools_of(body)})


def check_tool(tool: Any, place: str) -> None:  # Any: the JSON edge
    """Refuse one tool, naming where it is wrong; those of a namespace too."""
    if not isinstance(tool, dict):
        wrong_type(place, "an object", tool)
    if tool.get("type") is None:
        missing(f"{place}.type")
    kind = word(tool["type"])
    if kind not in {*KINDS, "web_search"}:
        wrong_value(kind, KINDS)
    if kind in FORBIDDEN:
        refuse(f"The use of the {kind} tool is not supported.", "unsupported_value")
    for name in tool:
        if name != "type" and kind in FIELDS and name not in FIELDS[kind]:
            unknown(f"{place}.{name}")
    if kind in NAMED:
        _check_name(tool, place)
    if kind == "namespace" and not isinstance(tool.get("tools"), list):
        wrong_type(f"{place}.tools", "an array", tool.get("tools"))
    for index, inner in enumerate(tool["tools"] if kind == "namespace" else ()):
        check_tool(inner, f"{place}.tools[{index}]")


def _check_name(tool: Body, place: str) -> None:
    name = tool.get("name")
    if name is None:
        missing(f"{place}.name")
    if not NAME.fullmatch(str(name)):
        refuse(
            f"Invalid '{place}.name': string does not match pattern. "
            "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        )


def _check_choice(choice: Any, names: set[str]) -> None:  # Any: the JSON edge
    match choice:
        case str() if choice not in CHOICES:
            wrong_value(choice, CHOICES)
        case "required" if not names:
            refuse("Tool choice 'required' must be specified with 'tools' parameter.")
        case {"type": "tool_search"}:
            missing("tool_choice.tools")
        case {"type": "function" | "custom", "name": str(name)} if name not in names:
            refuse(f"Tool choice '{name}' not found in 'tools' parameter.")
        case {"type": "function" | "custom"} if "name" not in choice:
            missing("tool_choice.name")
        case {"type": "allowed_tools"} if not choice.get("tools"):
            missing("tool_choice.tools")
        case _:
            pass
