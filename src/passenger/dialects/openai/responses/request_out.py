"""A prompt as a request to Copilot's `/responses`: settings, tools and input items.

https://platform.openai.com/docs/api-reference/responses/create
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from msgspec.structs import asdict

from passenger.chat import reasoning, signatures
from passenger.chat.capabilities import Capabilities
from passenger.chat.fallbacks import ANSWER_IN_JSON, mentions_json
from passenger.chat.prompt import (
    JSON,
    Document,
    Image,
    Message,
    Part,
    Prompt,
    Reasoning,
    Refusal,
    Schema,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from passenger.chat.tool_names import flatten
from passenger.chat.upstream_request import UpstreamRequest
from passenger.chat.web_search import SearchTool
from passenger.jsontext.reading import invalid

MIN_OUTPUT_TOKENS = 16
"""The least `max_output_tokens` that Copilot takes (2026-08)."""

_INCLUDE = ["reasoning.encrypted_content"]
"""Asks for the signatures with which reasoning can be sent back."""

_TOOL_FAILED = "The tool failed: "
"""Marks the output of a tool that failed: the API has no field for that."""

_NO_ARGUMENTS = {"type": "object", "properties": {}}


def write_prompt(prompt: Prompt, capabilities: Capabilities) -> UpstreamRequest:
    """See `Outbound.write_prompt`. The API has no stop sequences: the reader of the answer applies them."""
    written = _InputWriter(NamespacedNames(prompt.tools), capabilities.vendor)
    items = written.write(prompt)
    if prompt.schema is not None and prompt.schema.schema is None and not mentions_json(prompt):
        content = [{"type": "input_text", "text": ANSWER_IN_JSON}]
        items.insert(0, {"type": "message", "role": "system", "content": content})
    body: JSON = {"model": prompt.model, "stream": True, "store": False, "include": _INCLUDE}
    body |= _tools(prompt) | _search(prompt.web_search) | _tuning(prompt, capabilities) | {"input": items}
    return UpstreamRequest(body, dropped=tuple(dict.fromkeys((*_left_out(prompt, capabilities), *written.dropped))))


def _tools(prompt: Prompt) -> JSON:
    tools = write_tools(prompt.tools)
    if prompt.web_search is not None:
        tools.append(_search_tool(prompt.web_search))
    fields: JSON = {"tools": tools} if tools else {}
    if prompt.tool_choice is not None and prompt.tools:
        fields["tool_choice"] = write_choice(prompt.tool_choice, prompt.tools)
    if prompt.parallel is not None:
        fields["parallel_tool_calls"] = prompt.parallel
    return fields


def _search(search: SearchTool | None) -> JSON:
    """What goes with a search that upstream makes by itself: how often, whether it must, and that it tells sources."""
    if search is None:
        return {}
    fields: JSON = {"include": [*_INCLUDE, "web_search_call.action.sources"]}
    if search.only:
        fields["tool_choice"] = {"type": "web_search"}
    if search.max_uses is not None:
        fields["max_tool_calls"] = max(1, search.max_uses)
    return fields


def _search_tool(search: SearchTool) -> JSON:
    """The tool, with where the person is and which pages may be read."""
    tool: JSON = {"type": "web_search"}
    if not search.live:
        tool["external_web_access"] = False
    if search.allowed_domains:
        tool["filters"] = {"allowed_domains": [*search.allowed_domains]}
    if search.location is not None:
        told = {name: text for name, text in asdict(search.location).items() if text is not None}
        tool["user_location"] = {"type": "approximate", **told}
    return tool


def _tuning(prompt: Prompt, capabilities: Capabilities) -> JSON:
    """The settings that the prompt has; the API has defaults for the others."""
    fields = {
        "max_output_tokens": None if prompt.limit is None else max(MIN_OUTPUT_TOKENS, prompt.limit),
        "temperature": prompt.temperature,
        "top_p": prompt.top_p,
        "reasoning": _reasoning(prompt, capabilities),
        "text": _text(prompt),
        "prompt_cache_key": prompt.cache_key,
        "user": prompt.user,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _reasoning(prompt: Prompt, capabilities: Capabilities) -> JSON | None:
    wanted = prompt.reasoning
    if wanted is None:
        return None
    effort = reasoning.effort(wanted, capabilities.efforts)
    fields = {"effort": effort, "summary": "auto" if wanted.show else None}
    return {name: value for name, value in fields.items() if value is not None} or None


def _text(prompt: Prompt) -> JSON | None:
    fields: JSON = {"format": _format(prompt.schema)} if prompt.schema else {}
    if prompt.verbosity is not None:
        fields["verbosity"] = prompt.verbosity
    return fields or None


def _format(schema: Schema) -> JSON:
    if schema.schema is None:
        return {"type": "json_object"}
    optional = {"strict": schema.strict, "description": schema.description}
    known = {name: value for name, value in optional.items() if value is not None}
    return {"type": "json_schema", "name": flatten(schema.name), "schema": schema.schema, **known}


def _left_out(prompt: Prompt, capabilities: Capabilities) -> Iterator[str]:
    """The hub's names of the settings that have no field here."""
    if prompt.limit is not None and prompt.limit < MIN_OUTPUT_TOKENS:
        yield "limit"
    yield from (name for name in ("top_k", "seed") if getattr(prompt, name) is not None)
    wanted = prompt.reasoning
    if wanted is not None and reasoning.is_lost(wanted, reasoning.effort(wanted, capabilities.efforts)):
        yield reasoning.field_name(wanted)
    if prompt.web_search is not None and prompt.web_search.blocked_domains:
        yield "web_search.blocked_domains"
    # A penalty of zero is none.
    yield from (name for name in ("presence_penalty", "frequency_penalty") if getattr(prompt, name))


# --- tools -------------------------------------------------------------------------------------------------------


class NamespacedNames:
    """The names of one request's tools, as the API takes them and as the client wrote them."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        self._tools = {(_space(tool.namespace), flatten(tool.name)): tool for tool in tools}
        self._namespaces: dict[str, str | None] = {}
        """The namespace of each name where a call leaves it out; None where a tool without a namespace has the name."""
        for space, name in self._tools:
            self._namespaces[name] = None if space is None else self._namespaces.get(name, space)

    def to_upstream(self, name: str, namespace: str | None) -> tuple[str, str | None]:
        """The name and the namespace to send."""
        short = flatten(name)
        return short, self._namespaces.get(short) if namespace is None else _space(namespace)

    def to_client(self, name: str, namespace: str | None) -> Tool:
        """The tool that upstream calls; one that was not offered where it made the name up."""
        space = self._namespaces.get(name) if namespace is None else namespace
        return self._tools.get((space, name)) or Tool(name, namespace=namespace)


def _space(namespace: str | None) -> str | None:
    return None if namespace is None else flatten(namespace)


def write_tools(tools: Iterable[Tool]) -> list[JSON]:
    """The tools. Those of a namespace stand together in the place of its first one."""
    written: list[JSON] = []
    spaces: dict[str, list[JSON]] = {}
    for tool in tools:
        if tool.namespace is None:
            written.append(_tool(tool))
            continue
        if tool.namespace not in spaces:
            spaces[tool.namespace] = []
            name = flatten(tool.namespace)
            space = {"type": "namespace", "name": name, "description": name, "tools": spaces[tool.namespace]}
            written.append(space)
        spaces[tool.namespace].append(_tool(tool))
    return written


def _tool(tool: Tool) -> JSON:
    described = {"description": tool.description} if tool.description is not None else {}
    if tool.custom:
        return {"type": "custom", "name": flatten(tool.name), **described, "format": _tool_format(tool)}
    shape = {"type": "function", "name": flatten(tool.name), **described}
    # Always written: the API takes a missing `strict` for true, and changes the schema.
    return {**shape, "parameters": tool.schema or _NO_ARGUMENTS, "strict": bool(tool.strict)}


def _tool_format(tool: Tool) -> JSON:
    if tool.grammar is None:
        return {"type": "text"}
    return {"type": "grammar", "syntax": tool.grammar.syntax, "definition": tool.grammar.definition}


def write_choice(choice: ToolChoice, tools: Iterable[Tool]) -> JSON | str:
    """The `tool_choice`."""
    custom = {tool.name for tool in tools if tool.custom}
    named = [{"type": "custom" if name in custom else "function", "name": flatten(name)} for name in choice.names]
    if not named or choice.mode == "none":
        return choice.mode
    if choice.mode == "required" and len(named) == 1:
        return named[0]
    return {"type": "allowed_tools", "mode": choice.mode, "tools": named}


# --- input items -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _InputWriter:
    """Writes messages as items. Reasoning that `vendor` has not signed is left out, and named in `dropped`."""

    names: NamespacedNames
    vendor: str
    items: list[JSON] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    _content: list[JSON] = field(default_factory=list)

    def write(self, prompt: Prompt) -> list[JSON]:
        """The items of all messages."""
        for message in prompt.messages:
            for part in message.parts:
                self._add_part(message, part)
            self._end_message(message)
        return self.items

    def _add_part(self, message: Message, part: Part) -> None:
        """Add one part: texts, images and files to an open message, all else as an item of its own."""
        match part:
            case ToolCall():
                self._add_item(message, self._tool_call(part))
            case ToolResult():
                self._add_item(message, _tool_output(part))
            case Reasoning():
                self._add_reasoning(message, part)
            case _ if message.role == "assistant":
                self._content.append(_output_part(part))
            case _:
                self._content.append(_input_part(part))

    def _add_item(self, message: Message, item: JSON) -> None:
        self._end_message(message)
        self.items.append(item)

    def _end_message(self, message: Message) -> None:
        if self._content:
            self.items.append({"type": "message", "role": message.role, "content": self._content})
            self._content = []

    def _add_reasoning(self, message: Message, part: Reasoning) -> None:
        """Send reasoning back to the vendor that signed it; no other can read its signature."""
        if part.signature is None or not signatures.belongs_to(part.signature, "responses", self.vendor):
            self.dropped.append("messages.reasoning" if part.signature is None else "signature")
            return
        summary = [{"type": "summary_text", "text": part.text}] if part.text else []
        self._add_item(message, {"type": "reasoning", "summary": summary, "encrypted_content": part.signature.value})

    def _tool_call(self, call: ToolCall) -> JSON:
        name, namespace = self.names.to_upstream(call.name, call.namespace)
        spaced = {"namespace": namespace} if namespace else {}
        if call.custom:
            shape = {"type": "custom_tool_call", "call_id": call.id, "name": name}
            return {**shape, **spaced, "input": call.arguments}
        shape = {"type": "function_call", "call_id": call.id, "name": name}
        return {**shape, **spaced, "arguments": call.arguments or "{}"}


def _output_part(part: Part) -> JSON:
    match part:
        case Text(text):
            return {"type": "output_text", "text": text}
        case Refusal(text):
            return {"type": "refusal", "refusal": text}
        case _:
            raise invalid("an assistant's message can hold no images and no files for this model", "messages")


def _input_part(part: Part) -> JSON:
    match part:
        case Text(text) | Refusal(text):
            return {"type": "input_text", "text": text}
        case Image():
            url = f"data:{part.media_type};base64,{part.data}"
            return {"type": "input_image", "image_url": url, "detail": part.detail or "auto"}
        case Document():
            data = f"data:{part.media_type};base64,{part.data}"
            return {"type": "input_file", "filename": part.name or "document.pdf", "file_data": data}
        case _:
            raise TypeError(f"{part} is an item of its own")


def _tool_output(result: ToolResult) -> JSON:
    kind = "custom_tool_call_output" if result.custom else "function_call_output"
    return {"type": kind, "call_id": result.call_id, "output": _output_content(result)}


def _output_content(result: ToolResult) -> str | list[JSON]:
    match result.content:
        case ():
            return _TOOL_FAILED.strip() if result.error else ""
        case (Text(text),):
            return f"{_TOOL_FAILED}{text}" if result.error else text
        case parts:
            marked = [{"type": "input_text", "text": _TOOL_FAILED.strip()}] if result.error else []
            return [*marked, *(_input_part(part) for part in parts)]
