"""The requests that the benchmark sends; it hides how a client's body is put together."""

import json
import random
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

FULL_SPEED = "gpt-4o"
PACED = "gpt-4.1"
CROWD = "gpt-4o-mini"
MANY = "gpt-4-o-preview"
ANSWERED = "gpt-4"
CUT = "gpt-3.5-turbo"
"""The upstream tells its ways to stream apart by the model; these are real names, because peers know no others."""

PACE = {PACED: 0.02, CROWD: 0.1, MANY: 1.0}
"""Seconds between two events of a paced stream, by model."""

SPEAKS_RESPONSES = "gpt-5-codex"
SPEAKS_MESSAGES = "claude-sonnet-4.5"
"""Models that speak one dialect alone, and not Chat Completions."""

MODELS = (FULL_SPEED, PACED, CROWD, MANY, ANSWERED, CUT, SPEAKS_RESPONSES, SPEAKS_MESSAGES)

_NUMBER = b"Stream 00000. "
"""What the question of a ping-pong stream begins with: five digits, so that no number makes it longer."""

LINKS = 20
"""Turns that a chained one follows."""

IMAGES = 4
IMAGE_KB = 1536
"""Images of a large request, and the size of each before it is written in base64: 8 MB in all."""

Json = dict[str, Any]


def compact(value: object) -> bytes:
    """JSON as clients and Copilot write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def small(model: str = FULL_SPEED, *, stream: bool) -> bytes:
    """A chat request of 1 KB, as an SDK writes it that was given nothing but a question."""
    question = "Explain in two sentences why the sky is blue. " * 20
    return compact({"model": model, "messages": [{"role": "user", "content": question}], "stream": stream})


def numbered(body: bytes, number: int) -> bytes:
    """A body whose question begins with the number of its stream, if it begins with one at all."""
    return body.replace(_NUMBER, b"Stream %05d. " % number, 1)


def number_in(body: bytes) -> int:
    """The number of a ping-pong stream."""
    at = body.index(_NUMBER[:7]) + 7
    return int(body[at : at + 5])


def _ping_pong() -> bytes:
    return small(ANSWERED, stream=True).replace(b"Explain", _NUMBER + b"Explain", 1)


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


def images() -> bytes:
    """A request of 8 MB: a question about some images, which are noise that always is the same."""
    noise = random.Random(8)
    shots = [b64encode(noise.randbytes(IMAGE_KB * 1024)).decode() for _ in range(IMAGES)]
    parts: list[Json] = [{"type": "text", "text": "What has changed between these screenshots?"}]
    parts += [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{shot}"}} for shot in shots]
    return compact({"model": FULL_SPEED, "messages": [{"role": "user", "content": parts}], "stream": False})


def translated(dialect: str, model: str = FULL_SPEED) -> bytes:
    """The same question as a client of another dialect asks it, for a stream."""
    text = "Explain in two sentences why the sky is blue. " * 20
    match dialect:
        case "messages":
            turn = {"role": "user", "content": text}
            return compact({"model": model, "max_tokens": 4096, "messages": [turn], "stream": True})
        case "responses":
            return compact({"model": model, "input": text, "stream": True})
        case _:
            return compact({"contents": [{"role": "user", "parts": [{"text": text}]}]})


def turn(number: int) -> Json:
    """What a person says in a turn of a long talk: 1.5 KB."""
    text = f"Turn {number}. " + "Look at the parser again, and say which rule the failing test breaks. " * 21
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def said(number: int) -> Json:
    """What the model has said in a turn."""
    text = "Air scatters short waves more than long ones, so blue light reaches us from all over the sky. " * 3
    part: Json = {"annotations": [], "logprobs": [], "text": text, "type": "output_text"}
    message = {"content": [part], "role": "assistant", "status": "completed", "type": "message"}
    return {"id": f"msg_{number:032x}", **message}


def _whole_talk() -> bytes:
    """A turn that has the whole talk with it, and keeps nothing."""
    before = [item for number in range(LINKS) for item in (turn(number), said(number))]
    return compact({"model": SPEAKS_RESPONSES, "input": [*before, turn(LINKS)], "store": False})


def following(previous: str) -> bytes:
    """A turn that follows a response, or none."""
    body: Json = {"model": SPEAKS_RESPONSES, "input": [turn(LINKS)]}
    return compact({**body, "previous_response_id": previous} if previous else body)


PACED_BODIES = {"paced stream": PACED, "crowd stream": CROWD, "many streams": MANY}

BODIES: Mapping[str, bytes] = {
    "small": small(stream=False),
    "small stream": small(stream=True),
    **{name: small(model, stream=True) for name, model in PACED_BODIES.items()},
    "ping-pong stream": _ping_pong(),
    "cut stream": small(CUT, stream=True),
    "agent": agent(stream=False),
    "agent stream": agent(stream=True),
    "images": images(),
    **{name: translated(name) for name in ("messages", "responses", "gemini")},
    "chat to responses": small(SPEAKS_RESPONSES, stream=True),
    "chat to messages": small(SPEAKS_MESSAGES, stream=True),
    "messages to responses": translated("messages", SPEAKS_RESPONSES),
    "responses to messages": translated("responses", SPEAKS_MESSAGES),
    "turn": _whole_talk(),
    "chained turn": following(""),
    "relayed responses": translated("responses", SPEAKS_RESPONSES),
}

WHOLE = frozenset({"small", "agent", "images", "turn", "chained turn"})
"""The bodies that are answered whole."""
