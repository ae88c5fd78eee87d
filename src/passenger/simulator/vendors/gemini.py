"""Gemini behind `/chat/completions`: its own key order, usage on every chunk, calls whole."""

import base64
from collections.abc import Iterator
from typing import Any

from passenger.simulator.answers import Choice
from passenger.simulator.vendors.wanted import Wanted, finish

SORTED = False

Json = dict[str, Any]


def body(wanted: Wanted) -> Json:
    """The answer to a request without `stream`."""
    choice = wanted.answer.choices[0]
    message: Json = {"role": "assistant"}
    if choice.calls:
        message |= {"tool_calls": _calls(wanted, choice, indexed=False)}
    else:
        message |= {"content": choice.text}
    if wanted.answer.thinking:
        message |= {"reasoning_text": wanted.answer.thinking, "reasoning_opaque": wanted.answer.opaque}
    return {
        "choices": [{"finish_reason": finish(choice), "index": 0, "message": message}],
        "created": wanted.created,
        "id": _id(wanted),
        "usage": _usage(wanted),
        "model": wanted.model.answers_as,
        "copilot_usage": wanted.copilot_usage,
    }


def events(wanted: Wanted) -> Iterator[Json]:
    """The chunks of a stream: usage is zero until the last, where `finish_reason` first appears."""
    deltas = list(_deltas(wanted))
    for delta in deltas[:-1]:
        yield _chunk(wanted, {"index": 0, "delta": delta}, _usage(wanted, zero=True))
    ending = finish(wanted.answer.choices[0])
    last = {"finish_reason": ending, "index": 0, "delta": deltas[-1]}
    yield _chunk(wanted, last, _usage(wanted)) | {"copilot_usage": wanted.copilot_usage}


def _deltas(wanted: Wanted) -> Iterator[Json]:
    """Thinking, then text or all calls at once; the seal travels on the first delta after the thinking."""
    choice = wanted.answer.choices[0]
    seal: Json = {}
    if wanted.answer.thinking:
        yield {"content": None, "role": "assistant", "reasoning_text": wanted.answer.thinking}
        seal = {"reasoning_opaque": wanted.answer.opaque}
    if choice.calls:
        yield {"content": None, "role": "assistant", "tool_calls": _calls(wanted, choice, indexed=True)} | seal
        return
    for piece in choice.pieces:
        yield {"content": piece, "role": "assistant"} | seal
        seal = {}
    yield {"content": "", "role": "assistant"} | seal


def _calls(wanted: Wanted, choice: Choice, *, indexed: bool) -> list[Json]:
    return [
        {"function": {"arguments": call.arguments, "name": call.name}, "id": _call_id(wanted, number)}
        | ({"index": number} if indexed else {})
        | {"type": "function"}
        for number, call in enumerate(choice.calls)
    ]


def _call_id(wanted: Wanted, number: int) -> str:
    return "call_" + base64.urlsafe_b64encode(f"{number}|{wanted.answer.digest[:12]}".encode()).decode().rstrip("=")


def _chunk(wanted: Wanted, choice: Json, usage: Json) -> Json:
    model = wanted.model.answers_as
    return {"choices": [choice], "created": wanted.created, "id": _id(wanted), "usage": usage, "model": model}


def _id(wanted: Wanted) -> str:
    return f"Gm{wanted.answer.digest[:16]}"


def _usage(wanted: Wanted, *, zero: bool = False) -> Json:
    """Gemini counts thinking beside the completion, not in it."""
    said, asked, thought = wanted.completion_tokens, wanted.answer.prompt_tokens, wanted.answer.reasoning_tokens
    read = wanted.answer.cached.read
    if zero:
        said = asked = thought = read = 0
    return {
        "completion_tokens": said,
        "prompt_tokens": asked,
        "prompt_tokens_details": {"cached_tokens": read},
        "total_tokens": said + asked + thought,
        "reasoning_tokens": thought,
    }
