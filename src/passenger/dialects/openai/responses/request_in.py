"""A client's whole request as a prompt: its settings, its tools and the choice among them.

https://platform.openai.com/docs/api-reference/responses/create
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from passenger.chat.fallbacks import without_search
from passenger.chat.prompt import JSON, Grammar, Prompt, ReasoningConfig, Schema, Tool, ToolChoice
from passenger.chat.reasoning import EFFORTS
from passenger.chat.web_search import SearchRefusal, SearchTool
from passenger.dialects import Request
from passenger.dialects.openai.responses.input_items import History
from passenger.dialects.search_location import read_location
from passenger.errors import Failure
from passenger.jsontext.node import JsonNode, read_node
from passenger.jsontext.reading import invalid

READ = frozenset(
    {
        "model",
        "input",
        "instructions",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "max_output_tokens",
        "reasoning",
        "text",
        "temperature",
        "top_p",
        "stream",
        "user",
        "safety_identifier",
        "prompt_cache_key",
    }
)
"""The fields that a prompt holds."""

HARMLESS = frozenset(
    {"stream_options", "client_metadata", "background", "conversation", "prompt", "previous_response_id"}
)
"""Fields that change no answer, or that `peek` has refused where they do."""

DEFAULTS: JSON = {
    "store": (False,),
    "metadata": ({},),
    "service_tier": ("auto", "default"),
    "truncation": ("disabled",),
    "top_logprobs": (0,),
    "include": ([], ["reasoning.encrypted_content"]),
}
"""Values of other fields that change nothing."""


def read_prompt(request: Request) -> Prompt:
    """The whole request."""
    body = read_node(request.body)
    offer = CallableTools()
    offer.add(body.nodes("tools"))
    history = History()
    history.read(body)
    offer.add(history.tools)
    if history.compacts:
        return _summary_prompt(body, history, offer)
    offer.check()
    return _prompt(body, history, offer)


def _summary_prompt(body: JsonNode, history: History, offer: "CallableTools") -> Prompt:
    """The prompt for a summary of the conversation: plain text, and no call of a tool."""
    prompt = _prompt(body, history, offer)
    choice = ToolChoice("none") if offer.tools else None
    search = offer.search and replace(offer.search, refusal=None)  # for a summary none is needed
    return without_search(replace(prompt, compacts=True, tool_choice=choice, schema=None, web_search=search))


def _prompt(body: JsonNode, history: History, offer: "CallableTools") -> Prompt:
    choice = read_choice(body, offer)
    return Prompt(
        model=body.filled_text("model"),
        messages=history.messages,
        stream=body.boolean("stream") or False,
        tools=tuple(offer.tools),
        tool_choice=choice,
        parallel=body.boolean("parallel_tool_calls"),
        limit=_read_limit(body),
        temperature=body.number("temperature"),
        top_p=body.number("top_p"),
        schema=_read_schema(body.node("text")),
        reasoning=_read_reasoning(body.node("reasoning")),
        verbosity=text.text("verbosity") if (text := body.node("text")) else None,
        user=body.text("user") or body.text("safety_identifier"),
        cache_key=body.text("prompt_cache_key"),
        web_search=offer.search,
        dropped=tuple(dict.fromkeys((*_left_out(body), *offer.dropped, *history.dropped))),
    )


def _read_limit(body: JsonNode) -> int | None:
    limit = body.integer("max_output_tokens")
    if limit is not None and limit < 1:
        raise invalid("max_output_tokens must be at least 1", "max_output_tokens")
    return limit


def _read_schema(text: JsonNode | None) -> Schema | None:
    form = text.node("format") if text else None
    match form.type if form else "text":
        case "json_schema" if form:
            return _read_json_schema(form)
        case "json_object":
            return Schema(None)
        case "text":
            return None
        case kind:
            raise invalid(f"text.format.type {kind!r} is not known", "text.format.type")


def _read_json_schema(form: JsonNode) -> Schema:
    schema = form.node("schema")
    if schema is None:
        raise form.missing("schema")
    return Schema(schema.fields, form.text("name") or "answer", form.boolean("strict"), form.text("description"))


def _read_reasoning(node: JsonNode | None) -> ReasoningConfig | None:
    if node is None:
        return None
    effort = node.text("effort")
    if effort is not None and effort not in EFFORTS:
        raise invalid(f"reasoning.effort must be one of {', '.join(EFFORTS)}", "reasoning.effort")
    summary = node.text("summary") or node.text("generate_summary")
    return ReasoningConfig(effort=effort, show=True if summary else None)


def _left_out(body: JsonNode) -> Iterator[str]:
    """The names of the fields that change the answer and have no place in a prompt."""
    for name in body.unknown(READ | HARMLESS):
        if body.get(name) not in DEFAULTS.get(name, ()):
            yield name
    if (reasoning := body.node("reasoning")) is not None:
        yield from reasoning.unknown({"effort", "summary", "generate_summary"})
    if (text := body.node("text")) is not None:
        yield from text.unknown({"format", "verbosity"})


# --- tools -------------------------------------------------------------------------------------------------------

_NO_ARGUMENTS = {"type": "object", "properties": {}}
"""The schema of a function that names none."""


@dataclass(slots=True)
class CallableTools:
    """The tools that a model can call by name, and the names of those that only OpenAI can run."""

    tools: list[Tool] = field(default_factory=list)
    hosted: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    search: SearchTool | None = None
    """The web search that is offered; the first, where there are several."""

    def add(self, tools: Iterable[JsonNode], namespace: str | None = None) -> None:
        """Add the tools of a request, a namespace or an `additional_tools` item."""
        for tool in tools:
            match tool.type:
                case "function":
                    self.tools.append(_read_function(tool, namespace))
                case "custom":
                    self.tools.append(_read_custom(tool, namespace))
                case "namespace" if namespace is None:
                    self._add_namespace(tool)
                case "":
                    raise tool.missing("type")
                case kind if kind.startswith(SEARCH) and namespace is None:
                    self.search = self.search or _read_search(tool)
                case kind:
                    self.hosted.append(kind)
                    self.dropped.append(f"tools[{kind}]")

    def _add_namespace(self, space: JsonNode) -> None:
        name = space.filled_text("name")
        if space.text("description"):
            self.dropped.append(f"tools[{name}].description")
        self.add(space.nodes("tools"), name)

    def names(self) -> frozenset[str]:
        """The names of the tools that can be called."""
        return frozenset(tool.name for tool in self.tools)

    def check(self) -> None:
        """Refuse an offer of which nothing is left, because only OpenAI runs its tools."""
        if self.search is not None and not self.tools:
            kind = self.hosted[0] if self.hosted else self.search.field[len("tools[") : -1]
            self.need_search(_not_run(kind, "tools"))
        elif self.hosted and not self.tools:
            raise _refused(_not_run(self.hosted[0], "tools"))

    def need_search(self, refusal: SearchRefusal) -> None:
        """Record that nothing but the search is offered, or that it must be made."""
        if self.search is not None:
            self.search = replace(self.search, only=True, refusal=self.search.refusal or refusal)


def _not_run(kind: str, param: str) -> SearchRefusal:
    return SearchRefusal(f"the tool {kind!r} cannot be run for this model", param, "unsupported_value")


def _refused(refusal: SearchRefusal) -> Failure:
    return invalid(refusal.message, refusal.param, refusal.code)


SEARCH = "web_search"
"""The beginning of the types of OpenAI's web search."""


def _read_search(tool: JsonNode) -> SearchTool:
    filters = tool.node_or_empty("filters")
    return SearchTool(
        allowed_domains=tuple(filters.texts("allowed_domains")),
        blocked_domains=tuple(filters.texts("blocked_domains")),
        location=read_location(tool.node("user_location")),
        live=tool.boolean("external_web_access") is not False,
        field=f"tools[{tool.type}]",
    )


def _read_function(tool: JsonNode, namespace: str | None) -> Tool:
    parameters = tool.node("parameters")
    return Tool(
        name=tool.filled_text("name"),
        description=tool.text("description"),
        schema=parameters.fields if parameters else dict(_NO_ARGUMENTS),
        strict=tool.boolean("strict"),
        namespace=namespace,
    )


def _read_custom(tool: JsonNode, namespace: str | None) -> Tool:
    form = tool.node("format")
    return Tool(
        name=tool.filled_text("name"),
        description=tool.text("description"),
        namespace=namespace,
        custom=True,
        grammar=_read_grammar(form) if form and form.type == "grammar" else None,
    )


def _read_grammar(form: JsonNode) -> Grammar:
    return Grammar(form.filled_text("syntax"), form.required_text("definition"))


def read_choice(body: JsonNode, offer: CallableTools) -> ToolChoice | None:
    """The `tool_choice`: which tools must or may be called. Fails where one is not offered."""
    match body.get("tool_choice"):
        case None:
            return None
        case "auto" | "none" as mode:
            return ToolChoice(mode)
        case "required":
            if not offer.tools and offer.search is None:
                raise invalid("tool_choice 'required' needs tools", "tool_choice")
            return ToolChoice("required") if offer.tools else None
        case dict() as choice:
            return _read_choice_object(JsonNode(choice, "tool_choice"), offer)
        case other:
            raise invalid(f"tool_choice {other!r} is not known", "tool_choice")


def _read_choice_object(choice: JsonNode, offer: CallableTools) -> ToolChoice | None:
    match choice.type:
        case kind if kind.startswith(SEARCH) and offer.search is not None:
            offer.need_search(_not_run(kind, "tool_choice"))
            return None
        case "function" | "custom":
            return ToolChoice("required", (_read_offered_name(choice, offer.names()),))
        case "allowed_tools":
            mode = choice.text("mode") or "auto"
            if mode not in {"auto", "required"}:
                raise invalid(f"{choice.at('mode')} must be 'auto' or 'required'", choice.at("mode"))
            return _read_allowed_tools(choice, offer, required=mode == "required")
        case kind:
            raise _refused(_not_run(kind, "tool_choice"))


def _read_allowed_tools(choice: JsonNode, offer: CallableTools, *, required: bool) -> ToolChoice:
    callable_ = [tool for tool in choice.nodes("tools") if tool.type in {"function", "custom"}]
    if not callable_:
        raise invalid(f"{choice.at('tools')} names no tool that can be called", choice.at("tools"))
    offered = offer.names()
    names = tuple(_read_offered_name(tool, offered) for tool in callable_)
    return ToolChoice("required" if required else "auto", names)


def _read_offered_name(choice: JsonNode, offered: frozenset[str]) -> str:
    name = choice.filled_text("name")
    if name not in offered:
        raise invalid(f"{choice.at('name')} {name!r} is none of the tools", choice.at("name"))
    return name
