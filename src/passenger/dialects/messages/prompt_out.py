"""A prompt as a Messages request; it hides what Anthropic has no field for, and how its fields get on together."""

from collections.abc import Iterator
from typing import Any

from passenger.chat import IN_WORDS, PARTLY_IN_WORDS, Abilities, Prompt, Schema, Written
from passenger.dialects.caching import pays
from passenger.dialects.messages.answer_in import NAME_LIMIT
from passenger.dialects.messages.caching import limit_breakpoints
from passenger.dialects.messages.schema_out import Accepted, is_any_object
from passenger.dialects.messages.thinking_out import think, unsampled
from passenger.dialects.messages.tools_out import write_tools
from passenger.dialects.messages.turns_out import write_turns
from passenger.errors import Failure, Kind
from passenger.toolnames import Names

JSON = dict[str, Any]

DEFAULT_LIMIT = 4096
"""Tokens, where neither the client nor the catalogue names a limit."""

USER_ID_LIMIT = 256
WORDED, PARTLY_WORDED = f"schema{IN_WORDS}", f"schema{PARTLY_IN_WORDS}"
"""The shape of an answer that is asked for and not enforced, as a whole or in some of its constraints."""

JSON_ONLY = "Answer with one JSON object and nothing else."


def write_prompt(prompt: Prompt, able: Abilities) -> Written:
    """The request, always streaming.

    Raises:
        Failure: it would mean something else to Claude.
    """
    dropped = list(_unspoken(prompt))
    names, limit = Names(prompt.tools, NAME_LIMIT), _limit(prompt, able)
    talk, tools = write_turns(prompt.messages, able, names, dropped), write_tools(prompt, names, dropped)
    thinking = think(prompt, able, limit, talk.turns)
    dropped += thinking.dropped
    system = [*talk.system, *_json_only(prompt.schema, dropped)]
    body: JSON = {"model": prompt.model, "max_tokens": limit}
    body |= {"system": system} if system else {}
    body |= {"messages": talk.turns, **tools, **_sampling(prompt, dropped, thinks=thinking.thinking is not None)}
    body |= {"thinking": thinking.thinking} if thinking.thinking else {}
    if config := _output(prompt.schema, thinking.effort, dropped):
        body["output_config"] = config
    body["stream"] = True
    limit_breakpoints(body, pays=pays(prompt, able))
    return Written(body, thinking.headers, tuple(dict.fromkeys(dropped)))


def _unspoken(prompt: Prompt) -> Iterator[str]:
    """The hub's fields that have no like here, where they are set."""
    yield from (name for name in ("seed", "verbosity", "cache_key") if getattr(prompt, name) is not None)
    yield from (name for name in ("presence_penalty", "frequency_penalty") if getattr(prompt, name))


def _limit(prompt: Prompt, able: Abilities) -> int:
    """The limit, which Anthropic demands; one beyond the model's own would be refused, and changes nothing."""
    limit = prompt.limit or able.max_output or DEFAULT_LIMIT
    return min(limit, able.max_output or limit)


def _sampling(prompt: Prompt, dropped: list[str], *, thinks: bool) -> JSON:
    """Stop sequences, temperature and the like; newer models take either a temperature or `top_p`, not both.

    What does not go with thinking gives way to it: for most clients it is a default of theirs.
    """
    said: JSON = {}
    if stops := [stop for stop in prompt.stop if stop]:
        said["stop_sequences"] = [_stop(stop) for stop in stops]
    said |= _tuning(prompt, dropped)
    gone = [*unsampled(said.get("temperature"), said.get("top_p"), said.get("top_k"))] if thinks else []
    dropped += gone
    return {name: value for name, value in said.items() if name not in gone} | _user(prompt, dropped)


def _tuning(prompt: Prompt, dropped: list[str]) -> JSON:
    said: JSON = {}
    narrows = prompt.top_p is not None and prompt.top_p < 1
    # A temperature of 1 is Anthropic's own, so that leaving it out lets `top_p` be carried.
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
        message = "a stop sequence of nothing but white space cannot be carried to this model"
        raise Failure(Kind.INVALID, message, param="stop")
    return stop


def _user(prompt: Prompt, dropped: list[str]) -> JSON:
    if not prompt.user:
        return {}
    if len(prompt.user) > USER_ID_LIMIT:
        dropped.append("user")
        return {}
    return {"metadata": {"user_id": prompt.user}}


# --- the shape of the answer -------------------------------------------------------------------------------------


def _output(schema: Schema | None, effort: str | None, dropped: list[str]) -> JSON:
    config: JSON = {"effort": effort} if effort else {}
    if schema is not None and schema.schema is not None and not is_any_object(schema.schema):
        taken = Accepted(schema.schema, schema.description)
        dropped += [PARTLY_WORDED] if taken.worded else []
        config["format"] = {"type": "json_schema", "schema": taken.schema}
    return config


def _json_only(schema: Schema | None, dropped: list[str]) -> list[JSON]:
    """The words that stand for a JSON mode, which Anthropic does not have and nobody enforces here."""
    if schema is None or not is_any_object(schema.schema):
        return []
    dropped.append(WORDED)
    said = f"{JSON_ONLY} {schema.description}" if schema.description else JSON_ONLY
    return [{"type": "text", "text": said}]
