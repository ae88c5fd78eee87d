"""A request as a prompt, as far as `/api/chat` and `/api/generate` are the same."""

from collections.abc import Mapping

from passenger.chat import Message, Prompt
from passenger.decoding import JSON, optional
from passenger.dialects.ollama.naming import asked
from passenger.dialects.ollama.options import read_options
from passenger.dialects.ollama.shaping import read_format, read_think
from passenger.dialects.ollama.tools_in import read_tools

_READ = frozenset({"model", "name", "stream", "format", "think", "options"})
_SILENT = frozenset({"keep_alive"})
"""How long a machine keeps a model in memory: nothing here."""

_HARMLESS: Mapping[str, object] = {"truncate": False, "shift": False, "logprobs": False, "top_logprobs": 0}
"""Fields that ask for what happens anyway: Copilot never cuts a prompt that is too long."""


def read_prompt(body: JSON, messages: tuple[Message, ...], read: frozenset[str]) -> Prompt:
    """The prompt of these messages; `read` are the fields that its own API has beside the common ones.

    The model stays as the client said it, tag and all, because the answer says it again.

    Raises:
        Failure: a field is of the wrong type.
    """
    options = read_options(body)
    return Prompt(
        model=asked(body),
        messages=messages,
        stream=is_streamed(optional(body, "stream", bool)),
        tools=read_tools(body) if "tools" in read else (),
        limit=options.limit,
        temperature=options.temperature,
        top_p=options.top_p,
        top_k=options.top_k,
        stop=options.stop,
        seed=options.seed,
        presence_penalty=options.presence_penalty,
        frequency_penalty=options.frequency_penalty,
        schema=read_format(body),
        reasoning=read_think(body),
        dropped=(*_left_out(body, _READ | _SILENT | read), *options.dropped),
    )


def is_streamed(stream: bool | None) -> bool:
    """Whether the answer is wanted line by line: Ollama's default."""
    return stream is not False


def _left_out(body: JSON, known: frozenset[str]) -> list[str]:
    return [
        name
        for name, value in body.items()
        if name not in known and value not in (None, [], {}) and value != _HARMLESS.get(name)
    ]
