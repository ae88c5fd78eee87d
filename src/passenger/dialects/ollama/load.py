"""Requests that only load a model or unload it, which clients of Ollama send; here every model is always there."""

import re
from typing import Any

import msgspec
from msgspec import Struct

from passenger.chat import Stamp
from passenger.decoding import decode, decode_as
from passenger.dialects import Request
from passenger.dialects.ollama.answer_out import Place, end, head
from passenger.dialects.ollama.naming import asked, wanted
from passenger.errors import Failure

_NO_TIME = re.compile(r"[+-]?(?:0+(?:\.0*)?(?:ns|us|µs|ms|s|m|h)?)+")
"""A duration of Go's that is none."""


class _Anything(Struct):
    """Nothing of it is looked at."""


class _Chat(Struct):
    messages: list[_Anything] | None = None


class _Generate(Struct):
    prompt: str | None = None
    images: list[str] | None = None


_CHAT = msgspec.json.Decoder(_Chat)
_GENERATE = msgspec.json.Decoder(_Generate)


def is_chat_load(request: Request) -> bool:
    """Whether a chat has no messages; false where it cannot be read, which `peek` then says."""
    try:
        return not decode_as(_CHAT, request.body).messages
    except Failure:
        return False


def is_generate_load(request: Request) -> bool:
    """Whether there is nothing to answer; false where it cannot be read, which `peek` then says."""
    try:
        found = decode_as(_GENERATE, request.body)
    except Failure:
        return False
    return not (found.prompt or found.images)


def loaded_model(request: Request) -> str:
    """The model that is meant; a Failure where none is named."""
    return wanted(asked(decode(request.body)))


def write_load(request: Request, stamp: Stamp, place: Place) -> bytes:
    """The answer, one JSON object whether a stream was wanted or not; a Failure where no model is named."""
    body = decode(request.body)
    reason = "unload" if _is_nothing(body.get("keep_alive")) else "load"
    return msgspec.json.encode(head(asked(body), stamp) | place("", {}) | end(reason))


def _is_nothing(keep_alive: Any) -> bool:
    """Whether a model shall be kept no longer: 0 as a number of seconds, or as Go's durations say it."""
    match keep_alive:
        case bool():
            return False
        case int() | float():
            return keep_alive == 0
        case str():
            return _NO_TIME.fullmatch(keep_alive) is not None
        case _:
            return False
