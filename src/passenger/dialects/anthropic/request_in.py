"""A client's whole Messages request as a `Prompt`.

https://platform.claude.com/docs/en/api/messages
"""

from collections.abc import Iterator
from dataclasses import dataclass

from passenger.chat.prompt import Prompt, ReasoningConfig, Schema, Tool, ToolChoice
from passenger.chat.web_search import SearchRefusal, SearchTool
from passenger.dialects import Request
from passenger.dialects.anthropic.client_tools import ClientTool, find_client_tool
from passenger.dialects.anthropic.messages_in import Blocks, read_messages
from passenger.dialects.anthropic.web_search_in import SEARCH, read_search
from passenger.jsontext.node import JsonNode, as_node, read_node
from passenger.jsontext.reading import JSON, invalid

_READ = frozenset(
    {
        "max_tokens",
        "mcp_servers",
        "messages",
        "metadata",
        "model",
        "output_config",
        "output_format",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "thread",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    }
)


def read_prompt(request: Request) -> Prompt:
    """The whole request."""
    body, blocks = read_node(request.body), Blocks()
    if body.array("mcp_servers"):
        raise invalid("mcp_servers works with Anthropic's own API only; run the servers in your client", "mcp_servers")
    messages, offer = read_messages(body, blocks), read_tools(body, blocks)
    schema, reasoning = _schema(body), _reasoning(body, blocks)
    return Prompt(
        model=body.required_text("model"),
        messages=messages,
        stream=body.boolean("stream") or False,
        tools=offer.tools,
        tool_choice=offer.choice,
        parallel=offer.parallel,
        limit=_limit(body),
        temperature=body.number("temperature"),
        top_p=body.number("top_p"),
        top_k=body.integer("top_k"),
        stop=tuple(body.texts("stop_sequences")),
        schema=schema,
        reasoning=reasoning,
        user=body.node_or_empty("metadata").text("user_id"),
        web_search=offer.search,
        dropped=tuple(dict.fromkeys((*_left_out(body), *blocks.dropped))),
    )


def _left_out(body: JsonNode) -> Iterator[str]:
    """The names of fields that no other dialect has, such as `service_tier` and `container`."""
    yield from body.unknown(_READ)
    yield from body.node_or_empty("metadata").unknown({"user_id"})
    yield from body.node_or_empty("output_config").unknown({"effort", "format"})


def _limit(body: JsonNode) -> int | None:
    limit = body.integer("max_tokens")
    if limit is not None and limit < 1:
        raise body.wrong("max_tokens", "at least 1")
    return limit


# --- thinking and output -----------------------------------------------------------------------------------------


def _reasoning(body: JsonNode, blocks: Blocks) -> ReasoningConfig | None:
    effort, thinking = body.node_or_empty("output_config").text("effort"), body.node("thinking")
    if thinking is None:
        return ReasoningConfig(effort) if effort else None
    show = _show(thinking)
    match thinking.get("type"):
        case "disabled":
            blocks.dropped += ["output_config.effort"] if effort else []
            return ReasoningConfig("none")
        case "adaptive":
            return ReasoningConfig(effort, show=show)
        case "enabled":
            return ReasoningConfig(effort, _budget(thinking), show)
        case _:
            raise thinking.wrong("type", "enabled, adaptive or disabled")


def _budget(thinking: JsonNode) -> int:
    budget = thinking.integer("budget_tokens")
    if budget is None:
        raise thinking.missing("budget_tokens")
    return budget


def _show(thinking: JsonNode) -> bool | None:
    display = thinking.text("display")
    return None if display is None else display != "omitted"


def _schema(body: JsonNode) -> Schema | None:
    """The JSON schema of the answer; `output_format` is its older place."""
    shape = body.node_or_empty("output_config").node("format") or body.node("output_format")
    if shape is None:
        return None
    if shape.get("type") != "json_schema":
        raise shape.wrong("type", "json_schema")
    return Schema(shape.required_node("schema").fields)


# --- the tools -------------------------------------------------------------------------------------------------------

_KEPT = frozenset({"type", "name", "description", "input_schema", "strict", "cache_control"})
_ANY_OBJECT: JSON = {"type": "object", "properties": {}}
_NAME_SHOWN = 80
"""Characters of a tool's name that a message repeats."""


@dataclass(frozen=True, slots=True)
class OfferedTools:
    """The tools of a request, and how they may be used."""

    tools: tuple[Tool, ...] = ()
    choice: ToolChoice | None = None
    parallel: bool | None = None
    search: SearchTool | None = None


def read_tools(body: JsonNode, blocks: Blocks) -> OfferedTools:
    """Read `tools` and `tool_choice`. Tools that only Anthropic can run are left out, unless all are."""
    entries = [as_node(entry, f"tools.{index}") for index, entry in enumerate(body.array("tools"))]
    choice = body.node_or_empty("tool_choice")
    tools = [tool for entry in entries if (tool := _read_tool(entry, choice, blocks)) is not None]
    mode, refusal = _mode(choice.fields), None
    if entries and not tools:
        name = str(entries[0].get("name") or entries[0].get("type"))[:_NAME_SHOWN]
        refusal = SearchRefusal(f"tools: only Anthropic can run {name!r}, and no other tool is offered", "tools")
    search = _find_search(entries, choice, refusal)
    if search is not None and search.only:
        mode = None
    elif refusal is not None:
        raise invalid(refusal.message, refusal.param)
    if mode is not None and mode.mode == "required" and not tools:
        raise invalid("tool_choice requires a tool, and tools is empty", "tool_choice")
    if mode is not None and not {tool.name for tool in tools}.issuperset(mode.names):
        raise invalid(f"tool_choice names {mode.names[0]!r}, which is not among the tools", "tool_choice")
    parallel = False if choice.boolean("disable_parallel_tool_use") else None
    return OfferedTools(tuple(tools), mode if tools else None, parallel, search)


def _read_tool(entry: JsonNode, choice: JsonNode, blocks: Blocks) -> Tool | None:
    """A tool that the client runs, also one that Anthropic defines; None for those that Anthropic runs."""
    kind, name = entry.text("type"), entry.text("name")
    if kind is None or kind == "custom":
        return _tool(entry, blocks)
    if (known := find_client_tool(kind)) is not None:
        return _tool(entry, blocks, known)
    if kind.startswith(SEARCH):
        return None
    if _is_forced(name, choice):
        raise invalid(_only_anthropics(name), "tool_choice")
    blocks.dropped.append(f"tools[{name or kind}]")
    return None


def _is_forced(name: str | None, choice: JsonNode) -> bool:
    return choice.type == "tool" and choice.text("name") == name


def _only_anthropics(name: str | None) -> str:
    return f"tool_choice requires {name!r}, which only Anthropic can run"


def _find_search(entries: list[JsonNode], choice: JsonNode, refusal: SearchRefusal | None) -> SearchTool | None:
    """The search that is offered; the first, where there are several. `refusal`: nothing else can be called."""
    entry = next((entry for entry in entries if entry.type.startswith(SEARCH)), None)
    if entry is None:
        return None
    name = entry.text("name")
    if _is_forced(name, choice):
        refusal = SearchRefusal(_only_anthropics(name), "tool_choice")
    return read_search(entry, only=refusal is not None, refusal=refusal)


def _tool(entry: JsonNode, blocks: Blocks, known: ClientTool | None = None) -> Tool:
    """A function; a tool that Anthropic defines has its description and schema from there."""
    blocks.dropped += [f"tools.{name}" for name, value in entry.fields.items() if name not in _KEPT and value]
    schema = JsonNode(known.schema) if known else entry.node("input_schema")
    return Tool(
        entry.required_text("name"),
        known.description if known else entry.text("description"),
        _ANY_OBJECT if schema is None else schema.fields,
        entry.boolean("strict"),
        cache=blocks.read_breakpoint(entry),
    )


def _mode(choice: JSON) -> ToolChoice | None:
    match choice:
        case {"type": "auto"}:
            return ToolChoice("auto")
        case {"type": "any"}:
            return ToolChoice("required")
        case {"type": "tool", "name": str(name)}:
            return ToolChoice("required", (name,))
        case {"type": "none"}:
            return ToolChoice("none")
        case {"type": _}:
            raise invalid("tool_choice must be auto, any, none, or a tool with its name", "tool_choice")
        case _:
            return None
