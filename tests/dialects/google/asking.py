"""Requests of Google's clients, for the tests of this dialect."""

import json
from typing import Any

from passenger.chat.prompt import Message, Part, Prompt
from passenger.dialects import Request
from passenger.dialects.google.request_in import read_prompt

USER: dict[str, Any] = {"role": "user", "parts": [{"text": "hi"}]}


def request(body: object, action: str = "generateContent", **query: str) -> Request:
    """A request as it arrives."""
    return Request(json.dumps(body).encode(), {"model": "m", "action": action}, query=query)


def prompt(**fields: Any) -> Prompt:
    """The prompt of a request with these fields."""
    return read_prompt(request({"contents": [USER], **fields}))


def turns(*contents: dict[str, Any]) -> tuple[Message, ...]:
    """The messages of these contents."""
    return prompt(contents=list(contents)).messages


def parts(*given: dict[str, Any], role: str = "user") -> tuple[Part, ...]:
    """The parts of one turn."""
    return turns({"role": role, "parts": list(given)})[0].parts
