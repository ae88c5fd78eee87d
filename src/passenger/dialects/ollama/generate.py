"""Ollama's `/api/generate`, as clients speak it; the prompt becomes the one message of a chat."""

from collections.abc import Iterator, Mapping

from passenger.chat import Message, Prompt, Stamp, Text
from passenger.decoding import JSON, decode, invalid, optional
from passenger.dialects import Request
from passenger.dialects.ollama import answer_out, load, prompt_in
from passenger.dialects.ollama.answer_out import Writer, in_response
from passenger.dialects.ollama.chat import FIELDS as CHAT_FIELDS
from passenger.dialects.ollama.chat import framing, keep_alive
from passenger.dialects.ollama.failures import write_break, write_failure
from passenger.dialects.ollama.images_in import read_images
from passenger.dialects.ollama.load import is_generate_load as is_load
from passenger.dialects.ollama.load import loaded_model
from passenger.dialects.ollama.peeking import peek_generate as peek
from passenger.events import Answer

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

NAME = "ollama_generate"
CARRIES_SEALS = False
"""There are no tools here, so no thought is ever wanted back, and none is kept."""

FAILS_IN_STREAM = frozenset[str]()
FIELDS: Mapping[str, str] = {**CHAT_FIELDS, "messages": "prompt", "document": "prompt"}

_READ = frozenset({"prompt", "system", "images", "suffix", "template", "raw", "context"})
_REFUSED: Mapping[str, object] = {"suffix": "", "template": "", "raw": False, "context": []}
"""What would change the meaning of a prompt, with what leaves it as it is."""


def read_prompt(request: Request) -> Prompt:
    """The whole request.

    Raises:
        Failure: it wants an insertion, a template of its own or tokens from before, or a field is of the wrong type.
    """
    body = decode(request.body)
    for name, harmless in _REFUSED.items():
        if body.get(name) not in (None, harmless):
            raise invalid(f"{name} cannot be carried to a chat model", name)
    return prompt_in.read_prompt(body, tuple(_messages(body)), _READ)


def _messages(body: JSON) -> Iterator[Message]:
    """Pictures come first, where Ollama itself puts them."""
    if system := optional(body, "system", str):
        yield Message("system", (Text(system),))
    prompt = optional(body, "prompt", str)
    parts = (*read_images(body), *((Text(prompt),) if prompt else ()))
    if not parts:
        raise invalid("prompt must not be empty", "prompt")
    yield Message("user", parts)


def writer(prompt: Prompt, stamp: Stamp) -> Writer:
    """Writes a streamed answer."""
    return Writer(prompt, stamp, in_response)


def write_answer(prompt: Prompt, answer: Answer, stamp: Stamp) -> bytes:
    """A whole answer."""
    return answer_out.write_answer(prompt, answer, stamp, in_response)


def write_load(request: Request, stamp: Stamp) -> bytes:
    """The answer to a request that `is_load`."""
    return load.write_load(request, stamp, in_response)
