"""A plan as a request for Ollama's `/api/chat`, which knows no files and no tool choice."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from fuzz.requests.pairing import in_order
from fuzz.requests.plan import Answered, Assistant, Called, Draw, File, Picture, Plan, System, Turn, User, Words

JSON = dict[str, Any]

_OPTIONS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "seed": "seed",
    "limit": "num_predict",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "stop": "stop",
}


def tell(draw: Draw, plan: Plan) -> JSON:
    """The body; older clients send calls without ids."""
    named = draw(st.booleans())
    body: JSON = {"messages": [message for turn in plan.turns for message in _messages(turn, named=named)]}
    if options := {_OPTIONS[name]: value for name, value in plan.tuning.items() if name in _OPTIONS}:
        body["options"] = options
    if "stream" in plan.tuning:
        body["stream"] = plan.tuning["stream"]
    if "schema" in plan.tuning:
        body["format"] = plan.tuning["schema"] or "json"
    if "effort" in plan.tuning:
        body["think"] = draw(st.sampled_from((True, False, plan.tuning["effort"])))
    if plan.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.mark, "parameters": tool.schema},
            }
            for tool in plan.tools
        ]
    return body


def _messages(turn: Turn, *, named: bool) -> Iterator[JSON]:
    match turn:
        case System(words):
            yield {"role": "system", "content": words.text}
        case User(results, parts):
            yield from (_result(result, named=named) for result in (results if named else in_order(results)))
            yield from _said(parts)
        case Assistant():
            thought = {"thinking": turn.thought.words.text} if turn.thought else {}
            calls = {"tool_calls": [_call(call, named=named) for call in turn.calls]} if turn.calls else {}
            yield {"role": "assistant", "content": turn.words.text if turn.words else "", **thought, **calls}


def _said(parts: tuple[Words | Picture | File, ...]) -> Iterator[JSON]:
    """A message for each text, with the pictures that go with it."""
    for part in parts:
        match part:
            case Words(_, text):
                yield {"role": "user", "content": text}
            case Picture(_, data):
                yield {"role": "user", "content": "", "images": [data]}
            case File(mark, _):
                yield {"role": "user", "content": mark}


def _result(result: Answered, *, named: bool) -> JSON:
    message: JSON = {
        "role": "tool",
        "tool_name": result.call.name,
        "content": "".join(part.text for part in result.content if isinstance(part, Words)),
        "images": [part.data for part in result.content if isinstance(part, Picture)],
    }
    return message | ({"tool_call_id": result.call.id} if named else {})


def _call(call: Called, *, named: bool) -> JSON:
    called: JSON = {"function": {"name": call.name, "arguments": call.arguments}}
    return called | ({"id": call.id} if named else {})
