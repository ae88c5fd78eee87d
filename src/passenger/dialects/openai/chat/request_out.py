"""A prompt as a request to Copilot's `/chat/completions`, which has functions as its only tools.

https://platform.openai.com/docs/api-reference/chat/create and `docs/upstream.md`
"""

import re

from passenger.chat import reasoning
from passenger.chat.cache_points import with_cache_points
from passenger.chat.capabilities import Capabilities
from passenger.chat.fallbacks import (
    ANSWER_IN_JSON,
    INPUT_SCHEMA,
    describe_tool,
    forced_tool,
    mentions_json,
    offered_tools,
)
from passenger.chat.prompt import JSON, Prompt, Schema, Tool, ToolChoice
from passenger.chat.tool_names import ToolNames, flatten
from passenger.chat.upstream_request import UpstreamRequest
from passenger.dialects.openai.chat.messages_out import MessagesWriter, mark
from passenger.errors import Failure, Kind

_NEW_LIMIT = re.compile(r"(gpt-5|o\d)")
_DROPPED = ("top_k", "cache_key")
"""Fields of the hub that this API does not have."""

_SAME = ("temperature", "top_p", "seed", "presence_penalty", "frequency_penalty", "verbosity", "user")
"""Fields of the hub that this API has by the same name."""


def write_prompt(prompt: Prompt, capabilities: Capabilities) -> UpstreamRequest:
    """See `Outbound.write_prompt`."""
    prompt = with_cache_points(prompt, capabilities)
    dropped: list[str] = []
    names = ToolNames(prompt.tools)
    body: JSON = {"model": prompt.model, "messages": _messages(prompt, MessagesWriter(capabilities, names, dropped))}
    body |= {"stream": True, "stream_options": {"include_usage": True}}
    body |= {name: value for name in _SAME if (value := getattr(prompt, name)) is not None}
    body |= _limits(prompt, capabilities) | _format(prompt.schema) | write_tools(prompt, names, dropped)
    body |= _reasoning(prompt, capabilities, dropped)
    dropped += [name for name in _DROPPED if getattr(prompt, name) is not None]
    return UpstreamRequest(body, dropped=tuple(dict.fromkeys(dropped)))


def _messages(prompt: Prompt, messages: MessagesWriter) -> list[JSON]:
    written = [one for turn in prompt.messages for one in messages.write(turn)]
    if not written:
        raise Failure(Kind.INVALID, "the messages say nothing", param="messages")
    if prompt.schema is not None and prompt.schema.schema is None and not mentions_json(prompt):
        written.insert(0, {"role": "system", "content": ANSWER_IN_JSON})
    return written


def limit_field(model: str, capabilities: Capabilities) -> str:
    """The name of the limit: OpenAI's newer models refuse `max_tokens`."""
    return "max_completion_tokens" if capabilities.vendor == "openai" and _NEW_LIMIT.match(model) else "max_tokens"


def _limits(prompt: Prompt, capabilities: Capabilities) -> JSON:
    """The limit, at most the model's own, because Copilot refuses a higher one; and the stop sequences."""
    found: JSON = {}
    if prompt.limit is not None:
        found[limit_field(prompt.model, capabilities)] = min(prompt.limit, capabilities.max_output or prompt.limit)
    return found | ({"stop": list(prompt.stop)} if prompt.stop else {})


# --- the shape of the answer -------------------------------------------------------------------------------------


def _format(schema: Schema | None) -> JSON:
    if schema is None:
        return {}
    if schema.schema is None:
        return {"response_format": {"type": "json_object"}}
    shape: JSON = {"name": flatten(schema.name), "schema": schema.schema}
    if schema.strict is not None:
        shape["strict"] = schema.strict
    if schema.description is not None:
        shape["description"] = schema.description
    return {"response_format": {"type": "json_schema", "json_schema": shape}}


# --- reasoning ---------------------------------------------------------------------------------------------------


def _reasoning(prompt: Prompt, capabilities: Capabilities, dropped: list[str]) -> JSON:
    """How much to reason: an effort, or a budget of tokens below the answer's limit, whichever the model takes."""
    wanted = prompt.reasoning
    if wanted is None or (wanted.off and not capabilities.efforts):
        return {}
    if capabilities.efforts:
        word = reasoning.effort(wanted, capabilities.efforts)
        if reasoning.is_lost(wanted, word):
            dropped.append(reasoning.field_name(wanted))
        return {} if word is None else {"reasoning_effort": word}
    if capabilities.max_budget:
        room = prompt.limit or capabilities.max_output or capabilities.max_budget + 1
        tokens = reasoning.budget(wanted, room, capabilities)
        if tokens is not None:
            return {"thinking_budget": tokens}
    dropped.append("reasoning")
    return {}


# --- tools -------------------------------------------------------------------------------------------------------


TOOLS = 128
"""Tools that Copilot takes at most."""


def write_tools(prompt: Prompt, names: ToolNames, dropped: list[str]) -> JSON:
    """The fields about tools. Fails for more than Copilot takes, and where one must be called and none may."""
    tools, choice = offered_tools(prompt), prompt.tool_choice
    if len(tools) > TOOLS:
        message = f"Copilot takes at most {TOOLS} tools here, and there are {len(tools)}"
        raise Failure(Kind.INVALID, message, param="tools")
    if not tools:
        if choice is not None and choice.mode == "required":
            raise Failure(Kind.INVALID, "a tool must be called, and there is none that may", param="tool_choice")
        return {}
    found: JSON = {"tools": [_tool(tool, names, dropped) for tool in tools]}
    if choice is not None:
        found["tool_choice"] = _choice(choice, names)
    if prompt.parallel is not None:
        found["parallel_tool_calls"] = prompt.parallel
    return found


def _tool(tool: Tool, names: ToolNames, dropped: list[str]) -> JSON:
    function: JSON = {"name": names.encode(tool.name, tool.namespace)}
    if (description := describe_tool(tool, dropped)) is not None:
        function["description"] = description
    function["parameters"] = INPUT_SCHEMA if tool.custom else tool.schema or {"type": "object", "properties": {}}
    if tool.strict is not None:
        function["strict"] = tool.strict
    return mark({"type": "function", "function": function}, tool.cache)


def _choice(choice: ToolChoice, names: ToolNames) -> object:
    if (forced := forced_tool(choice)) is not None:
        return {"type": "function", "function": {"name": names.encode(forced)}}
    return choice.mode
