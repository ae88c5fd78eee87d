"""Ollama's `/api/chat`, as clients speak it."""

from collections.abc import Mapping

from passenger.chat import Prompt, Stamp
from passenger.decoding import decode, required
from passenger.dialects import Request
from passenger.dialects.ollama import answer_out, load, prompt_in
from passenger.dialects.ollama.answer_out import Writer, in_message
from passenger.dialects.ollama.failures import write_break, write_failure
from passenger.dialects.ollama.load import is_chat_load as is_load
from passenger.dialects.ollama.load import loaded_model
from passenger.dialects.ollama.peeking import peek_chat as peek
from passenger.dialects.ollama.turns_in import read_messages
from passenger.events import Answer
from passenger.framing import NDJSON, Framing

__all__ = [
    "CARRIES_SEALS",
    "FAILS_IN_STREAM",
    "FIELDS",
    "NAME",
    "framing",
    "is_load",
    "keep_alive",
    "loaded_model",
    "peek",
    "read_prompt",
    "write_answer",
    "write_break",
    "write_failure",
    "write_load",
    "writer",
]

NAME = "ollama"
CARRIES_SEALS = False
"""`thinking` has no place for one."""

FAILS_IN_STREAM = frozenset[str]()
FIELDS: Mapping[str, str] = {
    "limit": "options.num_predict",
    "temperature": "options.temperature",
    "top_p": "options.top_p",
    "top_k": "options.top_k",
    "seed": "options.seed",
    "stop": "options.stop",
    "presence_penalty": "options.presence_penalty",
    "frequency_penalty": "options.frequency_penalty",
    "schema": "format",
    "reasoning": "think",
    "reasoning.effort": "think",
    "thought": "messages.thinking",
    "document": "messages",
}

_READ = frozenset({"messages", "tools"})


def read_prompt(request: Request) -> Prompt:
    """The whole request.

    Raises:
        Failure: a field is of the wrong type, or no translation can carry it.
    """
    body = decode(request.body)
    return prompt_in.read_prompt(body, read_messages(required(body, "messages", list)), _READ)


def framing(request: Request) -> Framing:
    """A line of JSON each."""
    return NDJSON


def keep_alive(begun: bool) -> bytes:
    """Nothing: an empty line is no JSON, and clients read every line as that."""
    return b""


def writer(prompt: Prompt, stamp: Stamp) -> Writer:
    """Writes a streamed answer."""
    return Writer(prompt, stamp, in_message)


def write_answer(prompt: Prompt, answer: Answer, stamp: Stamp) -> bytes:
    """A whole answer."""
    return answer_out.write_answer(prompt, answer, stamp, in_message)


def write_load(request: Request, stamp: Stamp) -> bytes:
    """The answer to a request that `is_load`."""
    return load.write_load(request, stamp, in_message)
