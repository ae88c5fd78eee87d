"""The response object: the one around our own answers, what Copilot's lack of OpenAI's, and the ids in both.

Clients with a schema refuse one that is short. Its fields are in
https://platform.openai.com/docs/api-reference/responses/object, those that are required in
https://www.openresponses.org/specification, what was seen of Copilot in `docs/dialects/responses.md`.
"""

import hashlib
from collections.abc import Mapping
from itertools import groupby

import msgspec
from msgspec import Raw

from passenger.chat.events import AnswerIdentity, Reason, Usage
from passenger.chat.prompt import JSON, Prompt, Schema, Tool, ToolChoice
from passenger.chat.web_search import SearchTool
from passenger.jsontext.raw_object import Fields

NULL = Raw(b"null")

# --- ids ---------------------------------------------------------------------------------------------------------

PREFIXES = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "custom_tool_call": "ctc",
    "compaction": "cmp",
    "web_search_call": "ws",
    "file_search_call": "fs",
    "image_generation_call": "ig",
    "code_interpreter_call": "ci",
    "computer_call": "cu",
    "local_shell_call": "lsh",
    "shell_call": "sh",
    "apply_patch_call": "apc",
    "tool_search_call": "tsc",
    "mcp_call": "mcp",
    "mcp_list_tools": "mcpl",
    "mcp_approval_request": "mcpr",
}
"""The prefix of the id of each type of item. OpenAI refuses an id with another."""


def response_id(identity: AnswerIdentity) -> str:
    """The id of an answer."""
    return f"resp_{identity.id}"


def item_id(response: str, index: int, kind: str) -> str:
    """The id of an item, a function of the answer's id and the item's index, so that no table is needed."""
    digest = hashlib.sha256(f"{response}/{index}".encode()).hexdigest()
    return f"{PREFIXES.get(kind, 'item')}_{digest[:32]}"


# --- written here ------------------------------------------------------------------------------------------------

INCOMPLETE = {Reason.LENGTH: "max_output_tokens", Reason.FILTER: "content_filter"}
"""The `reason` in the `incomplete_details` of an answer that was cut."""


def response_object(prompt: Prompt, identity: AnswerIdentity) -> JSON:
    """The fields that are the same in every event, most of which repeat the request."""
    reasoning = prompt.reasoning
    return {
        "id": response_id(identity),
        "object": "response",
        "created_at": identity.created,
        "model": prompt.model,
        "background": False,
        "frequency_penalty": 0,
        "instructions": None,
        "max_output_tokens": prompt.limit,
        "max_tool_calls": None,
        "metadata": {},
        "parallel_tool_calls": prompt.parallel is not False,
        "presence_penalty": 0,
        "previous_response_id": None,
        "prompt_cache_key": prompt.cache_key,
        "reasoning": {
            "effort": reasoning.effort if reasoning else None,
            "summary": "auto" if reasoning and reasoning.show else None,
        },
        "safety_identifier": None,
        "service_tier": "default",
        "store": False,
        "temperature": 1.0 if prompt.temperature is None else prompt.temperature,
        "text": {"format": _text_format(prompt.schema), "verbosity": prompt.verbosity or "medium"},
        "tool_choice": _tool_choice(prompt.tool_choice),
        # Encoded once: a long list of tools is repeated in three events.
        "tools": msgspec.Raw(msgspec.json.encode([*_tools(prompt.tools), *_search(prompt.web_search)])),
        "top_logprobs": 0,
        "top_p": 1.0 if prompt.top_p is None else prompt.top_p,
        "truncation": "disabled",
        "user": prompt.user,
        **identity.echo,
    }


def usage_object(usage: Usage) -> JSON:
    """The token counts."""
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": usage.written},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }


def _text_format(schema: Schema | None) -> JSON:
    if schema is None:
        return {"type": "text"}
    if schema.schema is None:
        return {"type": "json_object"}
    shape = {"type": "json_schema", "name": schema.name, "description": schema.description}
    return {**shape, "schema": schema.schema, "strict": bool(schema.strict)}


def _tool_choice(choice: ToolChoice | None) -> JSON | str:
    match choice:
        case None:
            return "auto"
        case ToolChoice("required", (name,)):
            return {"type": "function", "name": name}
        case ToolChoice(mode, ()):
            return mode
        case ToolChoice(mode, names):
            tools = [{"type": "function", "name": name} for name in names]
            return {"type": "allowed_tools", "mode": mode, "tools": tools}


def _tools(tools: tuple[Tool, ...]) -> list[JSON]:
    found: list[JSON] = []
    for namespace, group in groupby(tools, lambda tool: tool.namespace):
        inner = [_tool(tool) for tool in group]
        found += inner if namespace is None else [{"type": "namespace", "name": namespace, "tools": inner}]
    return found


def _search(search: SearchTool | None) -> list[JSON]:
    """The web search, as it was offered."""
    if search is None:
        return []
    place = None if search.location is None else {"type": "approximate", **msgspec.structs.asdict(search.location)}
    filters = {"allowed_domains": search.allowed_domains or None, "blocked_domains": search.blocked_domains or None}
    return [
        {
            "type": "web_search",
            "filters": filters if any(filters.values()) else None,
            "search_context_size": "medium",
            "user_location": place,
        }
    ]


def _tool(tool: Tool) -> JSON:
    if not tool.custom:
        shape = {"type": "function", "name": tool.name, "description": tool.description}
        return {**shape, "parameters": tool.schema, "strict": bool(tool.strict)}
    form: JSON = {"type": "text"}
    if tool.grammar is not None:
        form = {"type": "grammar", "syntax": tool.grammar.syntax, "definition": tool.grammar.definition}
    return {"type": "custom", "name": tool.name, "description": tool.description, "format": form}


# --- completed ---------------------------------------------------------------------------------------------------

ZERO = Raw(b"0")

DEFAULTS: Mapping[str, Raw] = {
    "object": Raw(b'"response"'),
    "error": NULL,
    "metadata": Raw(b"{}"),
    "store": Raw(b"false"),
    "user": NULL,
    "background": Raw(b"false"),
    "completed_at": NULL,
    "presence_penalty": ZERO,
    "frequency_penalty": ZERO,
    "top_logprobs": ZERO,
    "max_tool_calls": NULL,
    "prompt_cache_key": NULL,
}
"""The fields that Copilot leaves out (2026-08), `prompt_cache_key` everywhere, the others in whole answers; with the
values that are added."""

COUNTS: Mapping[str, tuple[str, ...]] = {
    "input_tokens_details": ("cached_tokens", "cache_write_tokens"),
    "output_tokens_details": ("reasoning_tokens",),
}
"""The counts that a usage has beside its sums; missing ones are zeros."""

_FIELDS = msgspec.json.Decoder(Fields)


def complete_object(response: Fields, echo: Mapping[str, Raw]) -> None:
    """Add every field that is missing, and replace those of `echo`."""
    response.update(echo)
    for name, value in DEFAULTS.items():
        response.setdefault(name, value)
    if bytes(response.get("usage", NULL)).startswith(b"{"):
        response["usage"] = _completed_usage(response["usage"])


def _completed_usage(raw: Raw) -> Raw:
    """A usage with all its counts, the same bytes where it has them."""
    usage = _FIELDS.decode(raw)
    is_short = False
    for name, counts in COUNTS.items():
        given = bytes(usage.get(name, NULL))
        details = _FIELDS.decode(given) if given.startswith(b"{") else {}
        if any(count not in details for count in counts):
            is_short = True
            usage[name] = Raw(msgspec.json.encode(dict.fromkeys(counts, ZERO) | details))
    return Raw(msgspec.json.encode(usage)) if is_short else raw
