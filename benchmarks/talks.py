"""An agent's talk of many turns as clients of each dialect send it; it hides how each says the same."""

import json
from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]

RULES = "You are a careful coding agent. Read before you write, and run the tests after each change. " * 120
"""What the system says: 11 KB."""

TASK = "Mend the failing test in src/parser, and say what was wrong."
RESULT = "".join(f"{line:4} def rule_{line}(self): return self.expect('token', {line})\n" for line in range(24))
"""What a tool gives back: 1.5 KB."""

QUESTION = "Explain in two sentences why this text repeats itself. " * 93
"""A single question of 5 KB."""

TOOLS = 10


def _tool(number: int) -> tuple[str, str, Json]:
    properties = {name: {"type": "string", "description": f"{name} of tool {number}"} for name in ("path", "pattern")}
    return f"tool_{number}", f"Tool {number} looks at the workspace. " * 8, {"type": "object", "properties": properties}


OFFER = [_tool(number) for number in range(TOOLS)]


def _arguments(turn: int) -> Json:
    return {"path": f"src/parser/module_{turn}.py"}


def _call_id(turn: int) -> str:
    return f"call_{turn:024d}"


def _chat(turns: int) -> Json:
    talk: list[Json] = [{"role": "system", "content": RULES}, {"role": "user", "content": TASK}]
    for turn in range(turns):
        called = {"name": "tool_1", "arguments": json.dumps(_arguments(turn))}
        calls = [{"id": _call_id(turn), "type": "function", "function": called}]
        talk.append({"role": "assistant", "content": f"Step {turn}.", "tool_calls": calls})
        talk.append({"role": "tool", "tool_call_id": _call_id(turn), "content": RESULT})
    tools = [{"type": "function", "function": _function(*tool)} for tool in OFFER]
    return {"messages": talk, "tools": tools}


def _function(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "description": description, "parameters": schema}


def _messages(turns: int) -> Json:
    talk: list[Json] = [{"role": "user", "content": TASK}]
    for turn in range(turns):
        call = {"type": "tool_use", "id": _call_id(turn), "name": "tool_1", "input": _arguments(turn)}
        talk.append({"role": "assistant", "content": [{"type": "text", "text": f"Step {turn}."}, call]})
        result = {"type": "tool_result", "tool_use_id": _call_id(turn), "content": RESULT}
        talk.append({"role": "user", "content": [result]})
    tools = [{"name": name, "description": text, "input_schema": schema} for name, text, schema in OFFER]
    return {"system": RULES, "messages": talk, "tools": tools, "max_tokens": 1000}


def _responses(turns: int) -> Json:
    talk: list[Json] = [{"role": "user", "content": TASK}]
    for turn in range(turns):
        called = {"name": "tool_1", "arguments": json.dumps(_arguments(turn))}
        talk.append({"role": "assistant", "content": [{"type": "output_text", "text": f"Step {turn}."}]})
        talk.append({"type": "function_call", "call_id": _call_id(turn), **called})
        talk.append({"type": "function_call_output", "call_id": _call_id(turn), "output": RESULT})
    tools = [{"type": "function", **_function(*tool)} for tool in OFFER]
    return {"instructions": RULES, "input": talk, "tools": tools, "store": False}


def _gemini(turns: int) -> Json:
    talk: list[Json] = [{"role": "user", "parts": [{"text": TASK}]}]
    for turn in range(turns):
        call = {"functionCall": {"name": "tool_1", "args": _arguments(turn), "id": _call_id(turn)}}
        talk.append({"role": "model", "parts": [{"text": f"Step {turn}."}, call]})
        result = {"name": "tool_1", "response": {"output": RESULT}, "id": _call_id(turn)}
        talk.append({"role": "user", "parts": [{"functionResponse": result}]})
    tools = [{"functionDeclarations": [_function(*tool) for tool in OFFER]}]
    return {"systemInstruction": {"parts": [{"text": RULES}]}, "contents": talk, "tools": tools}


def _ollama(turns: int) -> Json:
    talk: list[Json] = [{"role": "system", "content": RULES}, {"role": "user", "content": TASK}]
    for turn in range(turns):
        called = {"function": {"name": "tool_1", "arguments": _arguments(turn)}}
        talk.append({"role": "assistant", "content": f"Step {turn}.", "tool_calls": [called]})
        talk.append({"role": "tool", "tool_name": "tool_1", "content": RESULT})
    tools = [{"type": "function", "function": _function(*tool)} for tool in OFFER]
    return {"messages": talk, "tools": tools, "stream": False}


_TALKS: Mapping[str, Callable[[int], Json]] = {
    "chat": _chat,
    "messages": _messages,
    "responses": _responses,
    "gemini": _gemini,
    "ollama": _ollama,
}

CLIENTS = tuple(_TALKS)
"""The dialects of clients."""

_TURN = [{"role": "user", "content": QUESTION}]
_QUESTIONS: Mapping[str, Json] = {
    "chat": {"messages": _TURN},
    "messages": {"messages": _TURN, "max_tokens": 1000},
    "responses": {"input": _TURN, "store": False},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": QUESTION}]}]},
    "ollama": {"messages": _TURN, "stream": False},
}

_PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}


def path(client: str, model: str) -> str:
    """Where a client asks."""
    if client == "gemini":
        return f"/v1beta/models/{model}:generateContent"
    return _PATHS.get(client, "/api/chat")


def talk(client: str, model: str, turns: int) -> Json:
    """The request after so many calls of tools."""
    return {**_TALKS[client](turns), **_model(client, model)}


def question(client: str, model: str) -> Json:
    """A single question, of 5 KB and without tools."""
    return {**_QUESTIONS[client], **_model(client, model)}


def _model(client: str, model: str) -> Json:
    return {} if client == "gemini" else {"model": model}
