"""A prompt as a request to Copilot's `/chat/completions`; it hides what that API cannot say.

Facts: upstream.md 4.1, and OpenAI's API reference ("Create chat completion").
"""

import re
from collections.abc import Mapping

from passenger import reasoning
from passenger.chat import JSON, Abilities, Prompt, Schema, Text, Written
from passenger.dialects.caching import pays
from passenger.dialects.completions.caching import cached, limit_breakpoints
from passenger.dialects.completions.messages_out import Messages
from passenger.dialects.completions.tools_out import write_tools
from passenger.errors import Failure, Kind
from passenger.toolnames import Names, flat

ABOUT_JSON = "Answer with a JSON object."
"""What a prompt must say in some way where OpenAI's models are to give any JSON object: they refuse it otherwise."""

_NEW_LIMIT = re.compile(r"(gpt-5|o\d)")
_DROPPED = ("top_k", "cache_key")
"""Fields of the hub that this API does not have."""

_PLAIN: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "verbosity": "verbosity",
    "user": "user",
}


def write_prompt(prompt: Prompt, able: Abilities) -> Written:
    """The request, always streaming.

    Raises:
        Failure: it has more tools than Copilot takes, a document, or else what would mean something else there.
    """
    if pays(prompt, able):
        prompt = cached(prompt)
    dropped: list[str] = []
    names = Names(prompt.tools)
    body: JSON = {"model": prompt.model, "messages": _messages(prompt, Messages(able, names, dropped))}
    body |= {"stream": True, "stream_options": {"include_usage": True}}
    body |= {name: value for key, name in _PLAIN.items() if (value := getattr(prompt, key)) is not None}
    body |= _limits(prompt, able) | _format(prompt.schema) | write_tools(prompt, names, dropped)
    body |= _reasoning(prompt, able, dropped)
    limit_breakpoints(body)
    dropped += [name for name in _DROPPED if getattr(prompt, name) is not None]
    return Written(body, dropped=tuple(dict.fromkeys(dropped)))


def _messages(prompt: Prompt, messages: Messages) -> list[JSON]:
    written = [one for turn in prompt.messages for one in messages.write(turn)]
    if not written:
        raise Failure(Kind.INVALID, "the messages say nothing", param="messages")
    if prompt.schema is not None and prompt.schema.schema is None and not _says_json(prompt):
        written.insert(0, {"role": "system", "content": ABOUT_JSON})
    return written


def limit_field(model: str, able: Abilities) -> str:
    """What the limit is called: OpenAI's newer models refuse `max_tokens`."""
    return "max_completion_tokens" if able.vendor == "openai" and _NEW_LIMIT.match(model) else "max_tokens"


def _limits(prompt: Prompt, able: Abilities) -> JSON:
    """The limit within the model's own, beyond which one would be refused; and the stop sequences."""
    found: JSON = {}
    if prompt.limit is not None:
        found[limit_field(prompt.model, able)] = min(prompt.limit, able.max_output or prompt.limit)
    return found | ({"stop": list(prompt.stop)} if prompt.stop else {})


# --- the shape of the answer -------------------------------------------------------------------------------------


def _format(schema: Schema | None) -> JSON:
    if schema is None:
        return {}
    if schema.schema is None:
        return {"response_format": {"type": "json_object"}}
    shape: JSON = {"name": flat(schema.name), "schema": schema.schema}
    if schema.strict is not None:
        shape["strict"] = schema.strict
    if schema.description is not None:
        shape["description"] = schema.description
    return {"response_format": {"type": "json_schema", "json_schema": shape}}


def _says_json(prompt: Prompt) -> bool:
    texts = (part.text for message in prompt.messages for part in message.parts if isinstance(part, Text))
    return any("json" in text.lower() for text in texts)


# --- thinking ----------------------------------------------------------------------------------------------------


def _reasoning(prompt: Prompt, able: Abilities, dropped: list[str]) -> JSON:
    """How much to think, in the measure that the model has: words, or a budget of tokens below the answer's limit."""
    wanted = prompt.reasoning
    if wanted is None or (wanted.off and not able.efforts):
        return {}
    if able.efforts:
        word = reasoning.effort(wanted, able.efforts)
        if reasoning.is_lost(wanted, word):
            dropped.append(reasoning.measure(wanted))
        return {} if word is None else {"reasoning_effort": word}
    if able.max_budget:
        room = prompt.limit or able.max_output or able.max_budget + 1
        tokens = reasoning.budget(wanted, room, able)
        if tokens is not None:
            return {"thinking_budget": tokens}
    dropped.append("reasoning")
    return {}
