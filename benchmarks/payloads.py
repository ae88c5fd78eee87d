"""The bytes that the benchmark sends and that its upstream answers; hides how a Copilot answer is put together."""

import json
from collections.abc import Mapping
from typing import Any

EVENTS = 200
"""Events of a stream, the terminator and the usage event left out."""

PACED_EVENTS = 120
"""The same of a paced stream."""

FULL_SPEED = "gpt-4o"
PACED = "gpt-4.1"
"""The upstream tells its ways to stream apart by the model; these are real names, because peers know no others."""

Json = dict[str, Any]


def compact(value: object) -> bytes:
    """JSON as clients and Copilot write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


# --- what goes up ------------------------------------------------------------------------------------------------


def small(model: str = FULL_SPEED, *, stream: bool) -> bytes:
    """A chat request of 1 KB, as an SDK writes it that was given nothing but a question."""
    question = "Explain in two sentences why the sky is blue. " * 20
    return compact({"model": model, "messages": [{"role": "user", "content": question}], "stream": stream})


def agent(*, stream: bool) -> bytes:
    """A coding agent's request of 110 KB: 40 tools, 60 messages, usage asked for."""
    body: Json = {"model": FULL_SPEED, "messages": _conversation(), "tools": [_tool(n) for n in range(40)]}
    options = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    return compact(body | {"temperature": 0.1, "max_tokens": 8192} | options)


def _conversation() -> list[Json]:
    """A system prompt, a task, then tool calls and their results by turns: 60 messages."""
    system = "You are a careful coding agent. Read before you write, and run the tests. " * 80
    start: list[Json] = [
        {"role": "system", "content": system},
        {"role": "user", "content": [{"type": "text", "text": "Mend the failing test in src/parser."}]},
    ]
    return start + [message for turn in range(29) for message in _turn(turn)]


def _turn(number: int) -> tuple[Json, Json]:
    call_id = f"call_{number:024d}"
    arguments = json.dumps({"path": f"src/parser/module_{number}.py", "from": 1, "to": 60})
    call = {"id": call_id, "type": "function", "function": {"name": f"tool_{number}", "arguments": arguments}}
    result = "".join(f'{line}\tdef rule_{line}(self) -> str:  return "\u00e9t\u00e9"\n' for line in range(44))
    return (
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call_id, "content": result},
    )


def _tool(number: int) -> Json:
    names = ("path", "pattern", "from", "to", "recursive")
    text = f"Argument of tool {number}, relative to the workspace root."
    properties = {name: {"type": "string", "description": text} for name in names}
    parameters = {"type": "object", "properties": properties, "required": ["path"], "additionalProperties": False}
    description = f"Tool {number} looks at the workspace and says what it has found there. " * 2
    return {
        "type": "function",
        "function": {"name": f"tool_{number}", "description": description, "parameters": parameters},
    }


def translated(dialect: str) -> bytes:
    """The same question as a client of another dialect asks it, for a stream."""
    text = "Explain in two sentences why the sky is blue. " * 20
    match dialect:
        case "messages":
            turn = {"role": "user", "content": text}
            return compact({"model": FULL_SPEED, "max_tokens": 4096, "messages": [turn], "stream": True})
        case "responses":
            return compact({"model": FULL_SPEED, "input": text, "stream": True})
        case _:
            return compact({"contents": [{"role": "user", "parts": [{"text": text}]}]})


BODIES: Mapping[str, bytes] = {
    "small": small(stream=False),
    "small stream": small(stream=True),
    "paced stream": small(PACED, stream=True),
    "agent": agent(stream=False),
    "agent stream": agent(stream=True),
    **{name: translated(name) for name in ("messages", "responses", "gemini")},
}

# with the terminator, and the usage event where that is asked for
LENGTHS: Mapping[str, int] = {
    "small stream": EVENTS + 1,
    "paced stream": PACED_EVENTS + 1,
    "agent stream": EVENTS + 2,
    # of the upstream's events two are no words; each dialect says in its own way that an answer begins and ends
    "messages": EVENTS - 2 + 5,
    "responses": EVENTS - 2 + 8,
    "gemini": EVENTS - 2 + 1,
}
"""How many events the answer to each streaming body has."""


# --- what comes down ---------------------------------------------------------------------------------------------

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
_BILL: Json = {"copilot_usage": {"token_details": [], "total_nano_aiu": 0}}


def answer() -> bytes:
    """A whole answer as Azure's come through Copilot: no `object`, no `created`, with `padding`."""
    text = "Air scatters short waves more than long ones, so blue light reaches us from all over the sky. " * 3
    message = {"content": text, "padding": "abcdefghijklm", "role": "assistant"}
    choice = {"content_filter_results": _SAFE, "finish_reason": "stop", "index": 0, "message": message}
    kept = {name: _BASE[name] for name in ("id", "model", "system_fingerprint")}
    return compact({"choices": [choice]} | kept | {"prompt_filter_results": _PROMPT_SAFE, "usage": _USAGE} | _BILL)


def events(count: int, *, usage: bool) -> tuple[bytes, ...]:
    """A stream as Azure's come through Copilot: no `object`, `padding` in the deltas, usage where it was asked for."""
    first: Json = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
    payloads = [first | {"prompt_filter_results": _PROMPT_SAFE}]
    payloads += [text_chunk(number) for number in range(count - 2)]
    end = {"content_filter_results": {}, "delta": {"content": None}, "finish_reason": "stop", "index": 0}
    payloads.append({"choices": [end]} | _BASE | ({} if usage else _BILL))
    if usage:
        payloads.append({"choices": []} | _BASE | {"usage": _USAGE} | _BILL)
    return (*(b"data: " + compact(payload) + b"\n\n" for payload in payloads), b"data: [DONE]\n\n")


def text_chunk(number: int) -> Json:
    """One word of a stream; the first carries the role."""
    delta: Json = {"content": f"word{number} ", "padding": "abcdefghijklmnopqrstuvwxyz"[: 1 + 7 * number % 26]}
    if number == 0:
        delta["role"] = "assistant"
    return {"choices": [{"content_filter_results": {}, "delta": delta, "finish_reason": None, "index": 0}]} | _BASE


def models() -> bytes:
    """The account's catalogue, with the two models that are asked for."""
    entries = [
        {
            "capabilities": {"family": name, "type": "chat"},
            "id": name,
            "name": name,
            "object": "model",
            "supported_endpoints": ["/chat/completions"],
            "vendor": "Azure OpenAI",
            "version": f"{name}-2024-11-20",
        }
        for name in (FULL_SPEED, PACED)
    ]
    return compact({"data": entries, "object": "list"})
