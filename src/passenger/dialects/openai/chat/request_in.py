"""A request to Chat Completions as a prompt.

https://platform.openai.com/docs/api-reference/chat/create
"""

from passenger.chat.prompt import Grammar, Prompt, ReasoningConfig, Schema, Tool, ToolChoice
from passenger.chat.web_search import SearchTool
from passenger.dialects import Request
from passenger.dialects.caps import read_choices
from passenger.dialects.openai.chat.messages_in import MessagesReader, is_cached
from passenger.dialects.search_location import read_location
from passenger.jsontext.node import JsonNode, read_node
from passenger.jsontext.reading import JSON, invalid

_READ = frozenset(
    {
        "model",
        "messages",
        "stream",
        "stream_options",
        "tools",
        "tool_choice",
        "function_call",
        "parallel_tool_calls",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "top_k",
        "stop",
        "seed",
        "presence_penalty",
        "frequency_penalty",
        "response_format",
        "reasoning_effort",
        "reasoning",
        "thinking_budget",
        "thinking",
        "verbosity",
        "user",
        "safety_identifier",
        "prompt_cache_key",
        "n",
        "web_search_options",
    }
)
"""The fields that are translated. `functions` are too, and named, because calls of them come back as `tool_calls`."""

_HARMLESS: dict[str, object] = {"store": False, "logprobs": False, "modalities": ["text"], "service_tier": "auto"}
"""Fields that change nothing with this value."""

_REASONING = {"reasoning": {"effort", "summary"}, "thinking": {"type", "budget_tokens"}}
"""The keys that are read of the objects about reasoning."""


def read_prompt(request: Request) -> Prompt:
    """The whole request."""
    return read_body(read_node(request.body))


def read_body(body: JsonNode) -> Prompt:
    """The same of a decoded body."""
    messages_reader = MessagesReader()
    _refuse_audio(body)
    options = body.node_or_empty("stream_options")
    messages, tools = messages_reader.read(body), read_tools(body)
    return Prompt(
        model=body.required_text("model"),
        messages=messages,
        stream=body.boolean("stream") or False,
        tools=tools,
        tool_choice=read_choice(body, tools),
        parallel=body.boolean("parallel_tool_calls"),
        limit=_limit(body),
        temperature=body.number("temperature"),
        top_p=body.number("top_p"),
        top_k=body.integer("top_k"),
        stop=_stop(body),
        seed=body.integer("seed"),
        presence_penalty=body.number("presence_penalty"),
        frequency_penalty=body.number("frequency_penalty"),
        schema=_schema(body),
        reasoning=_reasoning(body),
        verbosity=body.text("verbosity"),
        user=body.text("user") or body.text("safety_identifier"),
        cache_key=body.text("prompt_cache_key"),
        choices=read_choices(body, "n"),
        web_search=_search(body, only=not tools),
        wants_usage=options.boolean("include_usage") or False,
        dropped=tuple(dict.fromkeys((*_unread(body), *messages_reader.dropped))),
    )


def _search(body: JsonNode, *, only: bool) -> SearchTool | None:
    """The web search that OpenAI's search models make."""
    options = body.node("web_search_options")
    if options is None:
        return None
    place = options.node_or_empty("user_location").node("approximate")
    return SearchTool(location=read_location(place), only=only, field="web_search_options")


def _refuse_audio(body: JsonNode) -> None:
    if "audio" in body.array("modalities") or body.get("audio"):
        raise invalid("modalities: audio cannot be carried to this model", "modalities")


def _unread(body: JsonNode) -> list[str]:
    """The names of fields that mean something and are not read."""
    names = [name for name, value in body.fields.items() if name not in _READ and value != _HARMLESS.get(name)]
    inner = [
        f"{name}.{key}"
        for name, known in _REASONING.items()
        for key in body.node_or_empty(name).fields
        if key not in known
    ]
    return [*(name for name in names if body.get(name) not in (None, [], {})), *inner]


def _limit(body: JsonNode) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        limit = body.integer(name)
        if limit is not None and limit < 1:
            raise invalid(f"{name} must be at least 1", name)
        if limit is not None:
            return limit
    return None


def _stop(body: JsonNode) -> tuple[str, ...]:
    stop = body.get("stop")
    return (stop,) if isinstance(stop, str) else tuple(body.texts("stop"))


def _schema(body: JsonNode) -> Schema | None:
    wanted = body.node_or_empty("response_format")
    if not wanted.fields:
        return None
    match wanted.get("type"):
        case "text":
            return None
        case "json_object":
            return Schema(None)
        case "json_schema":
            shape = wanted.required_node("json_schema")
            return Schema(
                shape.node_or_empty("schema").fields,
                shape.text("name") or "answer",
                shape.boolean("strict"),
                shape.text("description"),
            )
        case kind:
            raise invalid(f"response_format.type: {kind!r} is not known", "response_format.type")


def _reasoning(body: JsonNode) -> ReasoningConfig | None:
    """How much to reason, in OpenAI's fields, Copilot's or Anthropic's."""
    thinking = body.node_or_empty("thinking")
    nested = body.node_or_empty("reasoning")
    effort = body.text("reasoning_effort") or nested.text("effort")
    if thinking.get("type") == "disabled":
        return ReasoningConfig(effort="none")
    budget = body.integer("thinking_budget")
    if budget is None:
        budget = thinking.integer("budget_tokens")
    show = True if nested.text("summary") else None
    is_set = thinking.fields or (effort, budget, show) != (None, None, None)
    return ReasoningConfig(effort, budget, show) if is_set else None


# --- tools -------------------------------------------------------------------------------------------------------


_NO_ARGUMENTS: JSON = {"type": "object", "properties": {}}


def read_tools(body: JsonNode) -> tuple[Tool, ...]:
    """The tools; older clients call them functions. Fails for those that only OpenAI runs."""
    functions = (_function(function, JsonNode({})) for function in body.nodes("functions"))
    return (*map(_tool, body.nodes("tools")), *functions)


def _tool(tool: JsonNode) -> Tool:
    match tool.fields.get("type", "function"):
        case "function":
            return _function(tool.required_node("function"), tool)
        case "custom":
            return _custom(tool.required_node("custom"), tool)
        case kind:
            raise invalid(f"{tool.path}: {kind!r} tools cannot be carried to this model", tool.at("type"))


def _function(function: JsonNode, tool: JsonNode) -> Tool:
    return Tool(
        function.required_text("name"),
        function.text("description"),
        function.node_or_empty("parameters").fields or _NO_ARGUMENTS,
        function.boolean("strict"),
        cache=is_cached(tool),
    )


def _custom(custom: JsonNode, tool: JsonNode) -> Tool:
    return Tool(
        custom.required_text("name"),
        custom.text("description"),
        custom=True,
        grammar=_grammar(custom),
        cache=is_cached(tool),
    )


def _grammar(custom: JsonNode) -> Grammar | None:
    shape = custom.node_or_empty("format")
    grammar = shape.node("grammar")
    if grammar is None:
        return None
    return Grammar(grammar.required_text("syntax"), grammar.required_text("definition"))


# --- which may be called -----------------------------------------------------------------------------------------


def read_choice(body: JsonNode, tools: tuple[Tool, ...]) -> ToolChoice | None:
    """Whether and which tools must be called. Fails where one is not there."""
    field = "tool_choice" if body.get("tool_choice") is not None else "function_call"
    choice = _choice(body.get(field), field)
    if choice is None:
        return None
    offered = {tool.name for tool in tools}
    if missing := [name for name in choice.names if name not in offered]:
        raise invalid(f"{field}: there is no tool {missing[0]!r}", field)
    if choice.mode == "required" and not tools:
        raise invalid(f"{field}: there are no tools to choose from", field)
    return choice


def _choice(choice: object, field: str) -> ToolChoice | None:
    match choice:
        case None:
            return None
        case "auto" | "none" | "required":
            return ToolChoice(choice)
        case {
            "type": "allowed_tools",
            "allowed_tools": {"mode": "auto" | "required" as mode, "tools": [_, *_] as some},
        }:
            return ToolChoice(mode, tuple(_name(tool, field) for tool in some))
        case {"type": "allowed_tools"}:
            raise invalid(f"{field}.allowed_tools must have a mode (auto, required) and tools", field)
        case dict():
            return ToolChoice("required", (_name(choice, field),))
        case _:
            raise invalid(f"{field} must be auto, none, required or name a tool", field)


def _name(choice: object, field: str) -> str:
    match choice:
        case {"function": {"name": str(name)}} | {"custom": {"name": str(name)}} | {"name": str(name)}:
            return name
        case _:
            raise invalid(f"{field} must name a tool", field)
