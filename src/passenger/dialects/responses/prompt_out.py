"""A prompt as a request to Copilot's `/responses`; it hides what that API calls things and what it has no field for."""

from collections.abc import Iterator

from passenger import reasoning
from passenger.chat import JSON, Abilities, Prompt, Reasoning, Schema, Written
from passenger.dialects.responses.items_up import Input, texts
from passenger.dialects.responses.tools_up import Names, write_choice, write_tools
from passenger.toolnames import flat

FLOOR = 16
"""The least `max_output_tokens` that is taken."""

SEALED = ["reasoning.encrypted_content"]
"""What `include` must ask for, so that thoughts can be given back."""

ABOUT_JSON = "Answer with a JSON object."
"""What a prompt must say in some way where any JSON object is asked for: the API refuses it otherwise."""


def write_prompt(prompt: Prompt, able: Abilities) -> Written:
    """The request; stop sequences are not in it, because the reader of the answer sees to them.

    Raises:
        Failure: it would mean something else there; `param` is the hub's name of the field.
    """
    said = Input(Names(prompt.tools), able.vendor)
    items = said.read(prompt)
    if prompt.schema is not None and prompt.schema.schema is None and not _says_json(prompt):
        items.insert(0, {"type": "message", "role": "system", "content": [{"type": "input_text", "text": ABOUT_JSON}]})
    body: JSON = {"model": prompt.model, "stream": True, "store": False, "include": SEALED}
    body |= _tools(prompt) | _tuning(prompt, able) | {"input": items}
    return Written(body, dropped=tuple(dict.fromkeys((*_left_out(prompt, able), *said.dropped))))


def _says_json(prompt: Prompt) -> bool:
    return any("json" in text.lower() for text in texts(prompt))


def _tools(prompt: Prompt) -> JSON:
    fields: JSON = {"tools": write_tools(prompt.tools)} if prompt.tools else {}
    if prompt.tool_choice is not None and prompt.tools:
        fields["tool_choice"] = write_choice(prompt.tool_choice, prompt.tools)
    if prompt.parallel is not None:
        fields["parallel_tool_calls"] = prompt.parallel
    return fields


def _tuning(prompt: Prompt, able: Abilities) -> JSON:
    """The fields that were said; the API has its own mind about the others."""
    fields = {
        "max_output_tokens": None if prompt.limit is None else max(FLOOR, prompt.limit),
        "temperature": prompt.temperature,
        "top_p": prompt.top_p,
        "reasoning": _reasoning(prompt, able),
        "text": _text(prompt),
        "prompt_cache_key": prompt.cache_key,
        "user": prompt.user,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _reasoning(prompt: Prompt, able: Abilities) -> JSON | None:
    if prompt.reasoning is None:
        return None
    fields = {"effort": _effort(prompt.reasoning, able), "summary": "auto" if prompt.reasoning.show else None}
    return {name: value for name, value in fields.items() if value is not None} or None


def _effort(wanted: Reasoning, able: Abilities) -> str | None:
    return reasoning.effort(wanted, able.efforts)


def _text(prompt: Prompt) -> JSON | None:
    fields: JSON = {"format": _format(prompt.schema)} if prompt.schema else {}
    if prompt.verbosity is not None:
        fields["verbosity"] = prompt.verbosity
    return fields or None


def _format(schema: Schema) -> JSON:
    if schema.schema is None:
        return {"type": "json_object"}
    said = {"strict": schema.strict, "description": schema.description}
    known = {name: value for name, value in said.items() if value is not None}
    return {"type": "json_schema", "name": flat(schema.name), "schema": schema.schema, **known}


def _left_out(prompt: Prompt, able: Abilities) -> Iterator[str]:
    """The hub's names of what has no field here."""
    if prompt.limit is not None and prompt.limit < FLOOR:
        yield "limit"
    if prompt.top_k is not None:
        yield "top_k"
    if prompt.seed is not None:
        yield "seed"
    if prompt.reasoning is not None and reasoning.is_lost(prompt.reasoning, _effort(prompt.reasoning, able)):
        yield reasoning.measure(prompt.reasoning)
    # A penalty of zero is none.
    if prompt.presence_penalty:
        yield "presence_penalty"
    if prompt.frequency_penalty:
        yield "frequency_penalty"
