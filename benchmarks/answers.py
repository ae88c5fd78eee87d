"""What the benchmark's upstream answers; it hides how a Copilot answer is put together.

The words of a stream are numbered, so that whoever reads them knows when one is missing; each word of a paced stream is
the time when it was sent.
"""

from collections.abc import Iterator

from benchmarks.payloads import (
    ANSWERED,
    CROWD,
    CUT,
    FULL_SPEED,
    MANY,
    PACED,
    SPEAKS_MESSAGES,
    SPEAKS_RESPONSES,
    Json,
    compact,
    said,
)

EVENTS = 200
"""Events of a stream of Chat Completions, the terminator and the usage event left out."""

WORDS = EVENTS - 2
"""Words of a stream in any dialect: its first event and its last one carry none."""

STAMP = b"@%016d.%05d "
"""A word of a paced stream: nanoseconds of the machine's monotonic clock, and how many words came before it."""

SPEAKS = {
    **dict.fromkeys((FULL_SPEED, PACED, CROWD, MANY, ANSWERED, CUT), "/chat/completions"),
    SPEAKS_RESPONSES: "/responses",
    SPEAKS_MESSAGES: "/v1/messages",
}
"""The models of the account, and what each can be asked in."""

_SAFE = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")}
_PROMPT_SAFE = [{"content_filter_results": _SAFE, "prompt_index": 0}]
_BASE: Json = {
    "created": 1_790_000_000,
    "id": "chatcmpl-benchmark",
    "model": "gpt-4o-2024-11-20",
    "system_fingerprint": "fp_b54fe76834",
}
_USAGE: Json = {
    "completion_tokens": 198,
    "completion_tokens_details": {"accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    "prompt_tokens": 220,
    "prompt_tokens_details": {"cached_tokens": 0},
    "total_tokens": 418,
}
_RESPONSES_USAGE: Json = {
    "input_tokens": 220,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 198,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 418,
}
_BILL: Json = {"copilot_usage": {"token_details": [], "total_nano_aiu": 0}}


def answer() -> bytes:
    """A whole answer as Azure's come through Copilot: no `object`, no `created`, with `padding`."""
    text = "Air scatters short waves more than long ones, so blue light reaches us from all over the sky. " * 3
    message = {"content": text, "padding": "abcdefghijklm", "role": "assistant"}
    choice = {"content_filter_results": _SAFE, "finish_reason": "stop", "index": 0, "message": message}
    kept = {name: _BASE[name] for name in ("id", "model", "system_fingerprint")}
    return compact({"choices": [choice]} | kept | {"prompt_filter_results": _PROMPT_SAFE, "usage": _USAGE} | _BILL)


def whole_response() -> bytes:
    """A whole answer of the Responses API."""
    answer: Json = {"id": "resp_benchmark", "object": "response", "created_at": _BASE["created"], "output": [said(0)]}
    answer |= {"model": SPEAKS_RESPONSES, "status": "completed", "tools": [], "usage": _RESPONSES_USAGE}
    return compact(answer | _BILL)


def completions(*, usage: bool) -> tuple[bytes, ...]:
    """A stream as Azure's come through Copilot: no `object`, `padding` in the deltas, usage where it was asked for."""
    words = [_word(number, f"word{number} ") for number in range(WORDS)]
    return tuple(b"data: " + compact(payload) + b"\n\n" for payload in (_FIRST, *words, *_ends(usage=usage))) + _DONE


def paced() -> tuple[bytes, bytes, bytes, bytes]:
    """The parts of a paced stream: its first event, a word's bytes before and after its stamp, and its end."""
    before, after = (b"data: " + compact(_word(0, "@")) + b"\n\n").split(b"@")
    ends = b"".join(b"data: " + compact(payload) + b"\n\n" for payload in _ends(usage=False))
    return b"data: " + compact(_FIRST) + b"\n\n", before, after, ends + _DONE[0]


_FIRST: Json = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": _PROMPT_SAFE}
_DONE = (b"data: [DONE]\n\n",)


def _ends(*, usage: bool) -> list[Json]:
    end = {"content_filter_results": {}, "delta": {"content": None}, "finish_reason": "stop", "index": 0}
    if not usage:
        return [{"choices": [end]} | _BASE | _BILL]
    return [{"choices": [end]} | _BASE, {"choices": []} | _BASE | {"usage": _USAGE} | _BILL]


def _word(number: int, text: str) -> Json:
    """One word of a stream; the first carries the role."""
    delta: Json = {"content": text, "padding": "abcdefghijklmnopqrstuvwxyz"[: 1 + 7 * number % 26]}
    if number == 0:
        delta["role"] = "assistant"
    return {"choices": [{"content_filter_results": {}, "delta": delta, "finish_reason": None, "index": 0}]} | _BASE


def responses() -> tuple[bytes, ...]:
    """The same words as a stream of the Responses API."""
    return tuple(_named(event | {"sequence_number": number}) for number, event in enumerate(_responses()))


def _responses() -> Iterator[Json]:
    answer: Json = {"id": "resp_benchmark", "object": "response", "created_at": _BASE["created"], "output": []}
    answer |= {"model": SPEAKS_RESPONSES, "status": "in_progress", "tools": [], "usage": None}
    text = "".join(f"word{number} " for number in range(WORDS))
    part: Json = {"annotations": [], "logprobs": [], "text": "", "type": "output_text"}
    item: Json = {"content": [], "id": "msg_benchmark", "role": "assistant", "status": "in_progress", "type": "message"}
    done = item | {"content": [part | {"text": text}], "status": "completed"}
    place: Json = {"content_index": 0, "item_id": "msg_benchmark", "output_index": 0}
    yield {"response": answer, "type": "response.created"}
    yield {"response": answer, "type": "response.in_progress"}
    yield {"item": item, "output_index": 0, "type": "response.output_item.added"}
    yield place | {"part": part, "type": "response.content_part.added"}
    for number in range(WORDS):
        delta = {"delta": f"word{number} ", "logprobs": [], "obfuscation": "abcdefgh"}
        yield place | delta | {"type": "response.output_text.delta"}
    yield place | {"logprobs": [], "text": text, "type": "response.output_text.done"}
    yield place | {"part": part | {"text": text}, "type": "response.content_part.done"}
    yield {"item": done, "output_index": 0, "type": "response.output_item.done"}
    ended = {"status": "completed", "output": [done], "usage": _RESPONSES_USAGE}
    yield {"response": answer | ended, "type": "response.completed"} | _BILL


def messages() -> tuple[bytes, ...]:
    """The same words as a stream of the Messages API."""
    return tuple(map(_named, _messages()))


def _messages() -> Iterator[Json]:
    answer: Json = {"content": [], "id": "msg_benchmark", "model": SPEAKS_MESSAGES, "role": "assistant"}
    answer |= {"stop_reason": None, "stop_sequence": None, "type": "message"}
    usage = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "input_tokens": 220}
    yield {"message": answer | {"usage": usage | {"output_tokens": 1}}, "type": "message_start"}
    yield {"content_block": {"text": "", "type": "text"}, "index": 0, "type": "content_block_start"}
    for number in range(WORDS):
        delta = {"text": f"word{number} ", "type": "text_delta"}
        yield {"delta": delta, "index": 0, "type": "content_block_delta"}
    yield {"index": 0, "type": "content_block_stop"}
    end = {"delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": usage | {"output_tokens": WORDS}}
    yield {"type": "message_delta"} | end | _BILL
    yield {"type": "message_stop"}


def _named(event: Json) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (event["type"].encode(), compact(event))


def models() -> bytes:
    """The account's catalogue."""
    return compact({"data": [_model(name, endpoint) for name, endpoint in SPEAKS.items()], "object": "list"})


def _model(name: str, endpoint: str) -> Json:
    limits = {"max_context_window_tokens": 4_000_000, "max_output_tokens": 16_384, "max_prompt_tokens": 4_000_000}
    supports = {"parallel_tool_calls": True, "streaming": True, "tool_calls": True, "vision": True}
    kind = {"family": name, "object": "model_capabilities", "tokenizer": "o200k_base", "type": "chat"}
    return {
        "capabilities": kind | {"limits": limits, "supports": supports},
        "id": name,
        "model_picker_enabled": True,
        "name": name,
        "object": "model",
        "preview": False,
        "supported_endpoints": [endpoint],
        "vendor": "Azure OpenAI",
        "version": f"{name}-2024-11-20",
    }
