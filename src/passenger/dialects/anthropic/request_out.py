"""A `Prompt` as a request to Copilot's `/v1/messages`.

https://platform.claude.com/docs/en/api/messages
"""

from collections.abc import Iterator, Sequence

from passenger.chat.cache_points import with_cache_points
from passenger.chat.capabilities import Capabilities
from passenger.chat.fallbacks import ANSWER_IN_JSON, INPUT_SCHEMA, describe_tool, forced_tool, offered_tools
from passenger.chat.prompt import JSON, Prompt, Schema, Tool, ToolChoice
from passenger.chat.tool_names import ToolNames
from passenger.chat.upstream_request import IN_WORDS, PARTLY_IN_WORDS, UpstreamRequest
from passenger.dialects.anthropic.cache_points import mark
from passenger.dialects.anthropic.messages_out import write_turns
from passenger.dialects.anthropic.schema_out import AcceptedSchema, is_any_object
from passenger.dialects.anthropic.stream_in import NAME_LIMIT
from passenger.dialects.thinking import DEFAULT_LIMIT, GIVEN_UP, OFF, Thinking, form, lacks_thinking, unsampled
from passenger.errors import Failure, Kind

USER_ID_LIMIT = 256
"""Characters of `metadata.user_id`."""


def write_prompt(prompt: Prompt, capabilities: Capabilities) -> UpstreamRequest:
    """See `Outbound.write_prompt`."""
    prompt = with_cache_points(prompt, capabilities)
    dropped = list(_unsupported(prompt))
    names, limit = ToolNames(prompt.tools, NAME_LIMIT), _limit(prompt, capabilities)
    talk, tools = write_turns(prompt.messages, capabilities, names, dropped), write_tools(prompt, names, dropped)
    thinking = write_thinking(prompt, capabilities, limit, talk.turns)
    dropped += thinking.dropped
    system = [*talk.system, *_json_only(prompt.schema, dropped)]
    body: JSON = {"model": prompt.model, "max_tokens": limit}
    body |= {"system": system} if system else {}
    body |= {"messages": talk.turns, **tools, **_sampling(prompt, dropped, thinks=thinking.thinking is not None)}
    body |= {"thinking": thinking.thinking} if thinking.thinking else {}
    if config := _output(prompt.schema, thinking.effort, dropped):
        body["output_config"] = config
    body["stream"] = True
    return UpstreamRequest(body, thinking.headers, tuple(dict.fromkeys(dropped)))


def _unsupported(prompt: Prompt) -> Iterator[str]:
    """The names of the hub's fields that are set and have no field here."""
    yield from (name for name in ("seed", "verbosity", "cache_key") if getattr(prompt, name) is not None)
    yield from (name for name in ("presence_penalty", "frequency_penalty") if getattr(prompt, name))


def _limit(prompt: Prompt, capabilities: Capabilities) -> int:
    """The limit, which Anthropic requires; one above the model's own would be refused."""
    limit = prompt.limit or capabilities.max_output or DEFAULT_LIMIT
    return min(limit, capabilities.max_output or limit)


def _sampling(prompt: Prompt, dropped: list[str], *, thinks: bool) -> JSON:
    """Write stop sequences, temperature and the like.

    What Anthropic refuses beside thinking is left out: most clients send it as a default.
    """
    said: JSON = {}
    if stops := [stop for stop in prompt.stop if stop]:
        said["stop_sequences"] = [_stop(stop) for stop in stops]
    said |= _tuning(prompt, dropped)
    gone = [*unsampled(said.get("temperature"), said.get("top_p"), said.get("top_k"))] if thinks else []
    dropped += gone
    return {name: value for name, value in said.items() if name not in gone} | _user(prompt, dropped)


def _tuning(prompt: Prompt, dropped: list[str]) -> JSON:
    """Write a temperature or `top_p`, of which newer models take only one, and `top_k`."""
    said: JSON = {}
    narrows = prompt.top_p is not None and prompt.top_p < 1
    # A temperature of 1 is Anthropic's default: without it there is room for `top_p`.
    if prompt.temperature is not None and not (narrows and prompt.temperature == 1):
        said["temperature"] = min(prompt.temperature, 1.0)
        dropped += ["temperature"] if prompt.temperature > 1 else []
    if narrows and "temperature" not in said:
        said["top_p"] = prompt.top_p
    elif narrows:
        dropped.append("top_p")
    if prompt.top_k is not None and prompt.top_k > 0:
        said["top_k"] = prompt.top_k
    return said


def _stop(stop: str) -> str:
    if not stop.strip():
        message = "this model takes no stop sequence of white space alone"
        raise Failure(Kind.INVALID, message, param="stop")
    return stop


def _user(prompt: Prompt, dropped: list[str]) -> JSON:
    if not prompt.user:
        return {}
    if len(prompt.user) > USER_ID_LIMIT:
        dropped.append("user")
        return {}
    return {"metadata": {"user_id": prompt.user}}


# --- the answer --------------------------------------------------------------------------------------------------


def _output(schema: Schema | None, effort: str | None, dropped: list[str]) -> JSON:
    config: JSON = {"effort": effort} if effort else {}
    if schema is not None and schema.schema is not None and not is_any_object(schema.schema):
        taken = AcceptedSchema(schema.schema, schema.description)
        dropped += [f"schema{PARTLY_IN_WORDS}"] if taken.worded else []
        config["format"] = {"type": "json_schema", "schema": taken.schema}
    return config


def _json_only(schema: Schema | None, dropped: list[str]) -> list[JSON]:
    """The words that stand for a JSON mode, which Anthropic does not have; nothing enforces them."""
    if schema is None or not is_any_object(schema.schema):
        return []
    dropped.append(f"schema{IN_WORDS}")
    said = f"{ANSWER_IN_JSON} {schema.description}" if schema.description else ANSWER_IN_JSON
    return [{"type": "text", "text": said}]


def write_thinking(prompt: Prompt, capabilities: Capabilities, limit: int, turns: Sequence[JSON]) -> Thinking:
    """How the model is to think about these turns, within the answer's limit of tokens."""
    wanted = prompt.reasoning
    if wanted is None or wanted.off:
        return OFF
    if prompt.tool_choice is not None and prompt.tool_choice.mode == "required":
        return GIVEN_UP
    return form(wanted, capabilities, limit, tools=bool(prompt.tools), without_thinking=lacks_thinking(turns))


# --- the tools -------------------------------------------------------------------------------------------------------


def write_tools(prompt: Prompt, names: ToolNames, dropped: list[str]) -> JSON:
    """Write `tools` and `tool_choice`. Fails where a tool must be called and none of its name is offered."""
    tools, choice = offered_tools(prompt), prompt.tool_choice
    if not tools:
        if choice is not None and choice.mode == "required":
            raise Failure(Kind.INVALID, "a tool must be called, and none of this name is offered", param="tool_choice")
        return {}
    written: JSON = {"tools": [_tool(tool, names, dropped) for tool in tools]}
    if said := _choice(prompt, names):
        written["tool_choice"] = said
    return written


def _choice(prompt: Prompt, names: ToolNames) -> JSON | None:
    """Write the choice. For a summary it is `auto`, as in the turns before: another would invalidate their cache.

    The words of such a request say that no tool is to be called.
    https://platform.claude.com/docs/en/build-with-claude/prompt-caching#what-invalidates-the-cache
    """
    choice = ToolChoice("auto") if prompt.compacts else prompt.tool_choice or ToolChoice("auto")
    if choice.mode == "none":
        return {"type": "none"}
    if (forced := forced_tool(choice)) is not None:
        said: JSON = {"type": "tool", "name": names.encode(forced)}
    else:
        said = {"type": "any" if choice.mode == "required" else "auto"}
    if prompt.parallel is False:
        return {**said, "disable_parallel_tool_use": True}
    return said if prompt.tool_choice is not None else None


def _tool(tool: Tool, names: ToolNames, dropped: list[str]) -> JSON:
    written: JSON = {"name": names.encode(tool.name, tool.namespace)}
    if description := describe_tool(tool, dropped):
        written["description"] = description
    if tool.strict:
        dropped.append("tools.strict")
    written["input_schema"] = INPUT_SCHEMA if tool.custom else _input_schema(tool.schema or {"properties": {}})
    return mark(written, tool.cache)


def _input_schema(schema: JSON) -> JSON:
    """The schema without `$schema`, which Anthropic does not take."""
    return {"type": "object"} | {name: value for name, value in schema.items() if name != "$schema"}
