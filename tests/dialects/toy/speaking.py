"""A client of the toy: a plan as its request, a question, and what it makes of an answer; shares no code with it."""

import json
from collections.abc import Iterator
from typing import Any

from fuzz.answers.clients import Heard
from fuzz.answers.plan import TOOLS
from fuzz.requests.plan import Answered, Assistant, Draw, File, Picture, Plan, System, Turn, User, Words

JSON = dict[str, Any]

KNOWN_TO = {"limit", "temperature", "stop"}
"""What a request can say of what tunes an answer."""

QUESTION: JSON = {
    "turns": [{"role": "user", "parts": [{"text": "hi"}]}],
    "tools": [{"name": name} for name in TOOLS],
}
"""One that any answer goes with."""


def tell(_draw: Draw, plan: Plan) -> JSON:
    """The body."""
    tools = [{"name": tool.name, "description": tool.mark, "schema": tool.schema} for tool in plan.tools]
    tuning = {name: value for name, value in plan.tuning.items() if name in {*KNOWN_TO, "stream"}}
    return {"turns": [_turn(turn) for turn in plan.turns], "tools": tools, **tuning}


def _turn(turn: Turn) -> JSON:
    match turn:
        case System(words):
            return {"role": "system", "parts": [_part(words)]}
        case User(results, parts):
            return {"role": "user", "parts": [*map(_result, results), *map(_part, parts)]}
        case Assistant():
            return {"role": "assistant", "parts": list(_assistant(turn))}


def _assistant(turn: Assistant) -> Iterator[JSON]:
    if turn.thought:
        yield {"reasoning": turn.thought.words.text}
    if turn.words:
        yield _part(turn.words)
    for call in turn.calls:
        yield {"call": call.id, "name": call.name, "arguments": call.arguments}


def _result(result: Answered) -> JSON:
    return {"result": result.call.id, "parts": [_part(part) for part in result.content], "failed": result.failed}


def _part(part: Words | Picture | File) -> JSON:
    match part:
        case Words(_, text):
            return {"text": text}
        case Picture(_, data):
            return {"image": data}
        case File(_, data):
            return {"file": data}


class Client:
    """Reads the pieces of a stream."""

    def __call__(self, heard: Heard, data: str) -> None:
        """Take one of them."""
        piece = json.loads(data)
        heard.errors += "error" in piece
        heard.ends += piece.get("done") is True
        heard.text += piece.get("response", "")
        heard.thoughts += piece.get("reasoning", "")
        if "call" in piece:
            heard.calls.append([piece["name"], json.dumps(piece["arguments"])])
