"""A plan as events of `/v1/messages`."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from fuzz.answers.plan import Called, Part, Plan, Said, Thought, cut, mixed
from fuzz.requests.plan import Draw

JSON = dict[str, Any]


def tell(draw: Draw, plan: Plan) -> list[JSON | str]:
    """The events; blocks beside each other may come all at once."""
    head = draw(st.sampled_from(({"id": "msg_1", "model": "claude", "usage": {"input_tokens": 3}}, {})))
    step = draw(st.integers(1, 3))
    blocks = [list(_block(draw, part, number * step)) for number, part in enumerate(plan.parts)]
    why = "max_tokens" if plan.full else "tool_use" if plan.calls else "end_turn"
    events: list[JSON | str] = [{"type": "message_start", "message": head}, *mixed(draw, blocks)]
    events.append({"type": "message_delta", "delta": {"stop_reason": why}, "usage": {"output_tokens": 4}})
    events.append({"type": "message_stop"})
    if draw(st.booleans()):
        events.insert(draw(st.integers(1, len(events) - 1)), {"type": "ping"})
    return [*events, "[DONE]"] if draw(st.integers(0, 3)) == 3 else events


def _block(draw: Draw, part: Part, index: int) -> Iterator[JSON]:
    block, deltas = _pieces(draw, part)
    yield {"type": "content_block_start", "index": index, "content_block": block}
    yield from ({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas)
    yield {"type": "content_block_stop", "index": index}


def _pieces(draw: Draw, part: Part) -> tuple[JSON, list[JSON]]:
    match part:
        case Said(text):
            first, *rest = cut(draw, text) if draw(st.booleans()) else ["", *cut(draw, text)]
            return {"type": "text", "text": first}, [{"type": "text_delta", "text": piece} for piece in rest]
        case Thought(text, signature):
            thinking: list[JSON] = [{"type": "thinking_delta", "thinking": piece} for piece in cut(draw, text)]
            return {"type": "thinking", "thinking": ""}, [
                *thinking,
                {"type": "signature_delta", "signature": signature},
            ]
        case Called(call_id, name, arguments):
            pieces = [{"type": "input_json_delta", "partial_json": piece} for piece in cut(draw, arguments)]
            return {"type": "tool_use", "id": call_id, "name": name, "input": {}}, pieces
