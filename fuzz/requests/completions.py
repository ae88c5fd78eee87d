"""A plan as a request for Chat Completions."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from fuzz.requests.plan import Answered, Assistant, Draw, File, Offered, Picture, Plan, System, Turn, User, Words

JSON = dict[str, Any]

_NAMES = {
    "top_k": "top_k",
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "parallel": "parallel_tool_calls",
    "verbosity": "verbosity",
    "cache_key": "prompt_cache_key",
    "effort": "reasoning_effort",
    "stream": "stream",
    "user": "user",
    "stop": "stop",
}


def tell(draw: Draw, plan: Plan) -> JSON:
    """The body."""
    body: JSON = {"messages": [message for turn in plan.turns for message in _messages(draw, turn)]}
    body |= {_NAMES[name]: value for name, value in plan.tuning.items() if name in _NAMES}
    if "limit" in plan.tuning:
        body[draw(st.sampled_from(("max_tokens", "max_completion_tokens")))] = plan.tuning["limit"]
    if "schema" in plan.tuning:
        body["response_format"] = _format(plan.tuning["schema"])
    if plan.tools:
        body["tools"] = [_tool(tool) for tool in plan.tools]
    if plan.choice:
        one = {"type": "function", "function": {"name": plan.tools[0].name}}
        body["tool_choice"] = one if plan.choice == "one" else plan.choice
    return body


def _format(schema: JSON | None) -> JSON:
    if schema is None:
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": "an answer", "schema": schema, "strict": True}}


def _tool(tool: Offered) -> JSON:
    return {"type": "function", "function": {"name": tool.name, "description": tool.mark, "parameters": tool.schema}}


def _messages(draw: Draw, turn: Turn) -> Iterator[JSON]:
    match turn:
        case System(words):
            yield {"role": draw(st.sampled_from(("system", "developer"))), "content": words.text}
        case User(results, parts):
            yield from (_result(result) for result in results)
            if parts:
                yield {"role": "user", "content": _content(draw, parts)}
        case Assistant():
            yield _assistant(turn)


def _result(result: Answered) -> JSON:
    return {"role": "tool", "tool_call_id": result.call.id, "content": [_part(part) for part in result.content]}


def _content(draw: Draw, parts: tuple[Words | Picture | File, ...]) -> object:
    match parts:
        case (Words(_, text),) if draw(st.booleans()):
            return text
        case _:
            return [_part(part) for part in parts]


def _part(part: Words | Picture | File) -> JSON:
    match part:
        case Words(_, text):
            return {"type": "text", "text": text}
        case Picture(_, data):
            return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}", "detail": "low"}}
        case File(_, data):
            file = {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{data}"}
            return {"type": "file", "file": file}


def _assistant(turn: Assistant) -> JSON:
    message: JSON = {"role": "assistant", "content": turn.words.text if turn.words else None}
    if turn.thought:
        message["reasoning_text"] = turn.thought.words.text
        message |= {"reasoning_opaque": turn.thought.signature} if turn.thought.signature else {}
    if turn.calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in turn.calls
        ]
    return message
