"""Claude behind `/chat/completions`: split choices, and parallel calls that all say index 0."""

from collections.abc import Iterator
from typing import Any

from passenger.simulator.calls import Call
from passenger.simulator.vendors.wanted import Wanted, finish, fragments

SORTED = True

Json = dict[str, Any]


def body(wanted: Wanted) -> Json:
    """The answer without `stream`: the text in one choice, each call in one of its own, none with an index."""
    choice = wanted.answer.choices[0]
    messages: list[Json] = []
    if choice.pieces or not choice.calls:
        messages.append({"content": choice.text, "role": "assistant"})
    for number, call in enumerate(choice.calls):
        messages.append({"role": "assistant", "tool_calls": [_whole(call, _call_id(wanted, number))]})
    if wanted.answer.thinking:
        messages[0] |= {"reasoning_opaque": wanted.answer.opaque, "reasoning_text": wanted.answer.thinking}
    return _base(wanted) | {
        "choices": [{"finish_reason": finish(choice), "message": message} for message in messages],
        "copilot_usage": wanted.copilot_usage,
        "usage": _usage(wanted),
    }


def events(wanted: Wanted) -> Iterator[Json]:
    """The chunks of a stream: `role` on every delta of text, usage on the finish chunk."""
    base = _base(wanted)
    choice = wanted.answer.choices[0]
    for delta in _thinking(wanted):
        yield base | {"choices": [{"delta": delta, "index": 0}]}
    for piece in choice.pieces:
        yield base | {"choices": [{"delta": {"content": piece, "role": "assistant"}, "index": 0}]}
    for number, call in enumerate(choice.calls):
        for delta in _call_deltas(call, _call_id(wanted, number)):
            yield base | {"choices": [{"delta": {"content": None, "tool_calls": [delta]}, "index": 0}]}
    end = {"delta": {"content": None}, "finish_reason": finish(choice), "index": 0}
    yield base | {"choices": [end], "copilot_usage": wanted.copilot_usage, "usage": _usage(wanted)}


def _thinking(wanted: Wanted) -> Iterator[Json]:
    """Thinking in two pieces, then a delta with nothing but its seal."""
    text = wanted.answer.thinking
    if text:
        half = len(text) // 2
        yield {"content": None, "reasoning_text": text[:half], "role": "assistant"}
        yield {"content": None, "reasoning_text": text[half:], "role": "assistant"}
        yield {"reasoning_opaque": wanted.answer.opaque}


def _call_deltas(call: Call, call_id: str) -> Iterator[Json]:
    """Name and id without arguments, then empty arguments, then their pieces; always index 0."""
    yield {"function": {"name": call.name}, "id": call_id, "index": 0, "type": "function"}
    for piece in ["", *fragments(call.arguments)]:
        yield {"function": {"arguments": piece}, "index": 0, "type": "function"}


def _whole(call: Call, call_id: str) -> Json:
    return {"function": {"arguments": call.arguments, "name": call.name}, "id": call_id, "type": "function"}


def _base(wanted: Wanted) -> Json:
    return {
        "created": wanted.created,
        "id": f"msg_bdrk_01{wanted.answer.digest[:20]}",
        "model": wanted.model.answers_as,
    }


def _call_id(wanted: Wanted, number: int) -> str:
    return f"toolu_bdrk_01{wanted.answer.digest[:20]}{number}"


def _usage(wanted: Wanted) -> Json:
    said, asked = wanted.completion_tokens, wanted.answer.prompt_tokens
    return {
        "completion_tokens": said,
        "prompt_tokens": asked,
        "prompt_tokens_details": {"cached_tokens": wanted.answer.cached.read},
        "total_tokens": said + asked,
    }
