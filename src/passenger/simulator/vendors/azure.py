"""GPT as Azure serves it: filters, padding, plain answers without `object` and `created`.

xAI's models are served the same way, but for the words of their thoughts and the count of these.
"""

import itertools
from collections.abc import Iterator
from typing import Any

from passenger.simulator.answers import Choice
from passenger.simulator.calls import Call
from passenger.simulator.vendors.wanted import Wanted, finish, fragments

SORTED = True

PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SAFE = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")}
PROMPT_SAFE = [{"content_filter_results": SAFE, "prompt_index": 0}]

Json = dict[str, Any]


def body(wanted: Wanted) -> Json:
    """The answer to a request without `stream`."""
    return {
        "choices": [_choice(wanted, choice, index) for index, choice in enumerate(wanted.answer.choices)],
        "copilot_usage": wanted.copilot_usage,
        "id": _id(wanted),
        "model": wanted.model.answers_as,
        "prompt_filter_results": PROMPT_SAFE,
        "system_fingerprint": _fingerprint(wanted),
        "usage": _usage(wanted, {"accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}, {}),
    }


def events(wanted: Wanted) -> Iterator[Json]:
    """The chunks of a stream: prompt filter, text or calls, finish, and usage if it was asked for."""
    yield {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": PROMPT_SAFE}
    base: Json = {
        "created": wanted.created,
        "id": _id(wanted),
        "model": wanted.model.answers_as,
        "system_fingerprint": _fingerprint(wanted),
    }
    streams = [_chunks(wanted, base, choice, index) for index, choice in enumerate(wanted.answer.choices)]
    for turn in itertools.zip_longest(*streams):  # choices come mixed
        yield from (chunk for chunk in turn if chunk is not None)
    if wanted.include_usage:
        yield base | {"choices": [], "usage": _stream_usage(wanted)} | _cost(wanted)


def _chunks(wanted: Wanted, base: Json, choice: Choice, index: int) -> Iterator[Json]:
    """One choice's chunks; the first one's last says what the request cost, if no usage chunk will."""
    if words := _thought(wanted):
        delta = {"reasoning_content": words, "role": "assistant"}
        yield base | {"choices": [{"delta": delta, "finish_reason": None, "index": index}]}
    for shape in _text_deltas(choice, index, wanted.answer.digest):
        yield base | {"choices": [shape]} | ({"usage": None} if "logprobs" in shape else {})
    for delta in _call_deltas(choice, wanted.answer.digest):
        yield base | {"choices": [{"delta": delta, "finish_reason": None, "index": index}]}
    end = {"content_filter_results": {}, "delta": {"content": None}, "finish_reason": finish(choice), "index": index}
    yield base | {"choices": [end]} | (_cost(wanted) if index == 0 and not wanted.include_usage else {})


def _choice(wanted: Wanted, choice: Choice, index: int) -> Json:
    message: Json = {"padding": _padding(wanted.answer.digest, index), "role": "assistant"}
    if choice.calls:
        calls = [_call(call, _call_id(wanted.answer.digest, n)) for n, call in enumerate(choice.calls)]
        message |= {"tool_calls": calls}
    else:
        message |= {"content": choice.text}
    message |= {"reasoning_content": words} if (words := _thought(wanted)) else {}
    safe = {} if choice.calls else SAFE
    return {"content_filter_results": safe, "finish_reason": finish(choice), "index": index, "message": message}


def _text_deltas(choice: Choice, index: int, digest: str) -> Iterator[Json]:
    start = 0
    for number, piece in enumerate(choice.pieces):
        delta: Json = {"content": piece, "padding": _padding(digest, number)}
        shape: Json = {"content_filter_results": {}, "delta": delta, "finish_reason": None, "index": index}
        if number == 0:
            delta["role"] = "assistant"
            offsets = {"check_offset": start, "end_offset": start + len(choice.text), "start_offset": start}
            shape |= {"content_filter_offsets": offsets, "content_filter_results": SAFE, "logprobs": None}
        yield shape


def _call_deltas(choice: Choice, digest: str) -> Iterator[Json]:
    first = itertools.chain([{"content": None, "role": "assistant"}], itertools.repeat({}))
    for number, call in enumerate(choice.calls):
        head = _call(Call(call.name, ""), _call_id(digest, number)) | {"index": number}
        yield next(first) | {"tool_calls": [head]}
        for piece in fragments(call.arguments):
            yield {"tool_calls": [{"function": {"arguments": piece}, "index": number}]}


def _call(call: Call, call_id: str) -> Json:
    return {"function": {"arguments": call.arguments, "name": call.name}, "id": call_id, "type": "function"}


def _usage(wanted: Wanted, completion: Json, prompt: Json) -> Json:
    said, asked = wanted.completion_tokens, wanted.answer.prompt_tokens
    reasoning = wanted.answer.reasoning_tokens
    return {
        "completion_tokens": said,
        "completion_tokens_details": completion | ({"reasoning_tokens": reasoning} if reasoning else {}),
        "prompt_tokens": asked,
        "prompt_tokens_details": {"cached_tokens": wanted.answer.cached.read} | prompt,
        "total_tokens": said + asked + (reasoning if wanted.model.thinks_beside else 0),
    }


def _stream_usage(wanted: Wanted) -> Json:
    details = dict.fromkeys(
        ("accepted_prediction_tokens", "audio_tokens", "reasoning_tokens", "rejected_prediction_tokens"), 0
    )
    return _usage(wanted, details, {"audio_tokens": 0})


def _thought(wanted: Wanted) -> str:
    """The words of a thought, which only xAI tells."""
    return wanted.answer.thinking if wanted.model.thinks_beside else ""


def _cost(wanted: Wanted) -> Json:
    return {"copilot_usage": wanted.copilot_usage}


def _id(wanted: Wanted) -> str:
    return f"chatcmpl-{wanted.answer.digest[:24]}"


def _call_id(digest: str, number: int) -> str:
    return f"call_{digest[:20]}{number}"


def _fingerprint(wanted: Wanted) -> str:
    return f"fp_{sum(wanted.model.answers_as.encode()):010x}"


def _padding(digest: str, number: int) -> str:
    """A prefix of the alphabet whose length looks random: what the service sends against side channels."""
    return PADDING[: 1 + (int(digest[:8], 16) + 7 * number) % len(PADDING)]
