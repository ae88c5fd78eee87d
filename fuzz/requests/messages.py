"""A plan as a request for Anthropic's Messages."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from fuzz.requests.plan import Answered, Assistant, Draw, File, Picture, Plan, System, Thinking, Turn, User, Words

JSON = dict[str, Any]

_NAMES = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "limit": "max_tokens",
    "stream": "stream",
    "stop": "stop_sequences",
}
_CHOICES = {"auto": "auto", "none": "none", "required": "any", "one": "tool"}


def tell(draw: Draw, plan: Plan) -> JSON:
    """The body; what the system says first stands outside the messages."""
    first = [turn for turn in plan.turns[:1] if isinstance(turn, System)]
    turns = plan.turns[len(first) :]
    body: JSON = {"max_tokens": 1000, "messages": [_message(draw, turn) for turn in turns]}
    if first:
        body["system"] = _content(draw, [{"type": "text", "text": first[0].words.text}])
    body |= {_NAMES[name]: value for name, value in plan.tuning.items() if name in _NAMES}
    body |= dict(_tuning(draw, plan))
    if plan.tools:
        body["tools"] = [
            {"name": tool.name, "description": tool.mark, "input_schema": tool.schema} for tool in plan.tools
        ]
    if plan.choice:
        one = {"name": plan.tools[0].name} if plan.choice == "one" else {}
        body["tool_choice"] = {"type": _CHOICES[plan.choice], **one}
    return body


def _tuning(draw: Draw, plan: Plan) -> Iterator[tuple[str, JSON]]:
    tuning = plan.tuning
    if "user" in tuning:
        yield "metadata", {"user_id": tuning["user"]}
    if tuning.get("schema"):
        yield "output_config", {"format": {"type": "json_schema", "schema": tuning["schema"]}}
    if "effort" in tuning:
        kinds = ({"type": "enabled", "budget_tokens": 1024}, {"type": "adaptive"}, {"type": "disabled"})
        yield "thinking", draw(st.sampled_from(kinds))


def _message(draw: Draw, turn: Turn) -> JSON:
    match turn:
        case System(words):
            return {"role": "system", "content": words.text}
        case User(results, parts):
            blocks = [*(_result(draw, result) for result in results), *(_block(part) for part in parts)]
            return {"role": "user", "content": _content(draw, blocks)}
        case Assistant():
            return {"role": "assistant", "content": _content(draw, list(_assistant(turn)))}


def _content(draw: Draw, blocks: list[JSON]) -> object:
    """A text where it may be one."""
    match blocks:
        case [{"type": "text", "text": text}] if draw(st.booleans()):
            return text
        case _:
            return blocks


def _result(draw: Draw, result: Answered) -> JSON:
    content = _content(draw, [_block(part) for part in result.content])
    failed = {"is_error": True} if result.failed else {}
    return {"type": "tool_result", "tool_use_id": result.call.id, "content": content, **failed}


def _block(part: Words | Picture | File) -> JSON:
    match part:
        case Words(_, text):
            return {"type": "text", "text": text}
        case Picture(_, data):
            return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
        case File(_, data):
            return {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}}


def _assistant(turn: Assistant) -> Iterator[JSON]:
    if turn.thought:
        yield _thought(turn.thought)
    if turn.words:
        yield {"type": "text", "text": turn.words.text}
    for call in turn.calls:
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}


def _thought(thought: Thinking) -> JSON:
    return {"type": "thinking", "thinking": thought.words.text, "signature": thought.signature or ""}
