"""Requests as clients of Ollama send them, and the smallest pictures there are."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any, cast

import pytest

from passenger.chat.events import AnswerIdentity
from passenger.chat.prompt import Prompt
from passenger.dialects import Inbound, Load, Request, ollama
from passenger.errors import Failure, Kind

CHAT, GENERATE = ollama.CHAT.inbound, ollama.GENERATE.inbound
CHAT_LOAD, GENERATE_LOAD = cast("Load", CHAT.load), cast("Load", GENERATE.load)
STAMP = AnswerIdentity("0123456789abcdef0123456789abcdef", 1_790_000_000)
WHEN = "2026-09-21T14:13:20.000000000Z"

PNG = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
JPEG = b64encode(b"\xff\xd8\xff\xe0" + bytes(40)).decode()
GIF = b64encode(b"GIF89a" + bytes(40)).decode()
WEBP = b64encode(b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(40)).decode()

HELLO = {"role": "user", "content": "hello"}
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "weather", "description": "It", "parameters": WEATHER}}


def request(**fields: Any) -> Request:
    return Request(json.dumps(fields).encode())


def chatting(*messages: Any, **fields: Any) -> Request:
    return request(**{"model": "gpt-4o", "messages": messages or [HELLO], **fields})


def generating(**fields: Any) -> Request:
    return request(**{"model": "gpt-4o", "prompt": "hello", **fields})


def chat_prompt(*messages: Any, **fields: Any) -> Prompt:
    return CHAT.read_prompt(chatting(*messages, **fields))


def generate_prompt(**fields: Any) -> Prompt:
    return GENERATE.read_prompt(generating(**fields))


def refused(asked: Request, api: Inbound = CHAT) -> Failure:
    """Why `read_prompt` refuses it."""
    with pytest.raises(Failure) as caught:
        api.read_prompt(asked)
    assert caught.value.kind is Kind.INVALID
    return caught.value


def outcome(reading: Callable[[Request], object], raw: bytes) -> object:
    """What comes of reading a body: a value, or the kind of a failure."""
    try:
        return reading(Request(raw))
    except Failure as failure:
        return failure.kind


def torn(body: object, halves: bool) -> bytes:
    """A body as JSON, with lone surrogates in it where halves are wanted."""
    return json.dumps(body).replace("\\u00", "\\ud8" if halves else "\\u00").encode()
