"""The response object around an answer, which repeats what was asked; it hides which fields SDKs cannot do without.

Facts: the OpenAI API reference ("The response object") and what was seen of Copilot, `docs/dialects/responses.md`.
"""

from itertools import groupby

import msgspec

from passenger.chat import JSON, Prompt, Schema, Stamp, Tool, ToolChoice, Usage
from passenger.dialects.responses.ids import response_id
from passenger.events import Reason

INCOMPLETE = {Reason.LENGTH: "max_output_tokens", Reason.FILTER: "content_filter"}
"""Why an answer is not whole."""


def echo(prompt: Prompt, stamp: Stamp) -> JSON:
    """The fields that are the same in every event."""
    reasoning = prompt.reasoning
    return {
        "id": response_id(stamp),
        "object": "response",
        "created_at": stamp.created,
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
        "text": {"format": _format(prompt.schema), "verbosity": prompt.verbosity or "medium"},
        "tool_choice": _choice(prompt.tool_choice),
        # Encoded once: a long list of tools is repeated in three events.
        "tools": msgspec.Raw(msgspec.json.encode(_tools(prompt.tools))),
        "top_logprobs": 0,
        "top_p": 1.0 if prompt.top_p is None else prompt.top_p,
        "truncation": "disabled",
        "user": prompt.user,
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


def _format(schema: Schema | None) -> JSON:
    if schema is None:
        return {"type": "text"}
    if schema.schema is None:
        return {"type": "json_object"}
    shape = {"type": "json_schema", "name": schema.name, "description": schema.description}
    return {**shape, "schema": schema.schema, "strict": bool(schema.strict)}


def _choice(choice: ToolChoice | None) -> JSON | str:
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


def _tool(tool: Tool) -> JSON:
    if not tool.custom:
        shape = {"type": "function", "name": tool.name, "description": tool.description}
        return {**shape, "parameters": tool.schema, "strict": bool(tool.strict)}
    form: JSON = {"type": "text"}
    if tool.grammar is not None:
        form = {"type": "grammar", "syntax": tool.grammar.syntax, "definition": tool.grammar.definition}
    return {"type": "custom", "name": tool.name, "description": tool.description, "format": form}
