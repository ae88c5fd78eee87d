"""A plan as a request for OpenAI's Responses."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from fuzz.requests.plan import Answered, Assistant, Draw, File, Picture, Plan, System, Thinking, Turn, User, Words

JSON = dict[str, Any]

_NAMES = {
    "temperature": "temperature",
    "top_p": "top_p",
    "limit": "max_output_tokens",
    "parallel": "parallel_tool_calls",
    "cache_key": "prompt_cache_key",
    "stream": "stream",
    "user": "user",
}


def tell(draw: Draw, plan: Plan) -> JSON:
    """The body; what the system says first may stand outside the input."""
    first = [turn for turn in plan.turns[:1] if isinstance(turn, System) and draw(st.booleans())]
    items = [item for turn in plan.turns[len(first) :] for item in _items(draw, turn)]
    body: JSON = {"input": items} | ({"instructions": first[0].words.text} if first else {})
    body |= {_NAMES[name]: value for name, value in plan.tuning.items() if name in _NAMES}
    body |= dict(_tuning(plan.tuning))
    if plan.tools:
        body["tools"] = [
            {"type": "function", "name": tool.name, "description": tool.mark, "parameters": tool.schema}
            for tool in plan.tools
        ]
    if plan.choice:
        one = {"type": "function", "name": plan.tools[0].name} if plan.tools else {}
        body["tool_choice"] = one if plan.choice == "one" else plan.choice
    return body


def _tuning(tuning: JSON) -> Iterator[tuple[str, JSON]]:
    if "effort" in tuning:
        yield "reasoning", {"effort": tuning["effort"], "summary": "auto"}
    text = {"verbosity": tuning["verbosity"]} if "verbosity" in tuning else {}
    if "schema" in tuning:
        shape = {"type": "json_schema", "name": "an answer", "schema": tuning["schema"]}
        text["format"] = shape if tuning["schema"] else {"type": "json_object"}
    if text:
        yield "text", text


def _items(draw: Draw, turn: Turn) -> Iterator[JSON]:
    match turn:
        case System(words):
            yield {"role": draw(st.sampled_from(("system", "developer"))), "content": words.text}
        case User(results, parts):
            yield from (_result(result) for result in results)
            if parts:
                yield {"type": "message", "role": "user", "content": [_part(part) for part in parts]}
        case Assistant():
            yield from _assistant(turn)


def _result(result: Answered) -> JSON:
    output = [_part(part) for part in result.content]
    return {"type": "function_call_output", "call_id": result.call.id, "output": output}


def _part(part: Words | Picture | File) -> JSON:
    match part:
        case Words(_, text):
            return {"type": "input_text", "text": text}
        case Picture(_, data):
            return {"type": "input_image", "image_url": f"data:image/png;base64,{data}"}
        case File(_, data):
            return {"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{data}"}


def _assistant(turn: Assistant) -> Iterator[JSON]:
    if turn.thought:
        yield _thought(turn.thought)
    if turn.words:
        content = [{"type": "output_text", "text": turn.words.text}]
        yield {"type": "message", "role": "assistant", "content": content}
    for call in turn.calls:
        arguments = json.dumps(call.arguments)
        yield {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments}


def _thought(thought: Thinking) -> JSON:
    signed = {"encrypted_content": thought.signature} if thought.signature else {}
    return {"type": "reasoning", "summary": [{"type": "summary_text", "text": thought.words.text}], **signed}
