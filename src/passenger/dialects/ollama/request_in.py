"""Reads requests as a `Prompt`: https://docs.ollama.com/api/chat and https://docs.ollama.com/api/generate."""

from collections.abc import Iterator, Mapping

from passenger.chat.prompt import Message, Prompt, ReasoningConfig, Schema, Text, Tool
from passenger.chat.reasoning import EFFORTS
from passenger.dialects import Request
from passenger.dialects.ollama.messages_in import read_images, read_messages
from passenger.dialects.ollama.peek import is_streamed, read_model_name
from passenger.jsontext.node import JsonNode, read_node
from passenger.jsontext.reading import invalid

_READ_OF_BOTH = frozenset({"model", "name", "stream", "format", "think", "options"})
_SILENT = frozenset({"keep_alive"})
"""Fields that mean nothing here: no model is kept in memory."""

_HARMLESS: Mapping[str, object] = {"truncate": False, "shift": False, "logprobs": False, "top_logprobs": 0}
"""Values that ask for what happens anyway: Copilot never truncates a prompt."""
_READ_OF_CHAT = frozenset({"messages", "tools"})
_READ_OF_GENERATE = frozenset({"prompt", "system", "images", "suffix", "template", "raw", "context"})
_REFUSED: Mapping[str, object] = {"suffix": "", "template": "", "raw": False, "context": []}
"""Fields that would change the meaning of a prompt, each with its harmless value."""


def read_chat(request: Request) -> Prompt:
    """The prompt of a chat."""
    body = read_node(request.body)
    return _read_prompt(body, read_messages(body), _READ_OF_CHAT)


def read_generate(request: Request) -> Prompt:
    """The prompt of a generation, which has one message of the user. Suffixes, templates and contexts are refused."""
    body = read_node(request.body)
    for name, harmless in _REFUSED.items():
        if body.get(name) not in (None, harmless):
            raise invalid(f"{name} cannot be carried to a chat model", name)
    return _read_prompt(body, tuple(_generate_messages(body)), _READ_OF_GENERATE)


def _generate_messages(body: JsonNode) -> Iterator[Message]:
    """Images come first, where Ollama itself puts them."""
    if system := body.text("system"):
        yield Message("system", (Text(system),))
    prompt = body.text("prompt")
    parts = (*read_images(body), *((Text(prompt),) if prompt else ()))
    if not parts:
        raise invalid("prompt must not be empty", "prompt")
    yield Message("user", parts)


def _read_prompt(body: JsonNode, messages: tuple[Message, ...], read: frozenset[str]) -> Prompt:
    """A prompt with these messages. `read` names the fields that only one of the two APIs has.

    The model keeps its tag, because the answer repeats it.
    """
    options = body.node_or_empty("options")
    return Prompt(
        model=read_model_name(body),
        messages=messages,
        stream=is_streamed(body.boolean("stream")),
        limit=_read_positive(options, "num_predict"),
        temperature=options.number("temperature"),
        top_p=options.number("top_p"),
        top_k=_read_positive(options, "top_k"),
        seed=_read_seed(options),
        stop=_read_stop(options),
        presence_penalty=options.number("presence_penalty"),
        frequency_penalty=options.number("frequency_penalty"),
        tools=read_tools(body) if "tools" in read else (),
        schema=read_format(body),
        reasoning=read_think(body),
        dropped=(*_unread(body, _READ_OF_BOTH | _SILENT | read), *options.unknown(_READ_OF_OPTIONS | _MACHINE)),
    )


def _unread(body: JsonNode, known: frozenset[str]) -> list[str]:
    return [
        name
        for name, value in body.fields.items()
        if name not in known and value not in (None, [], {}) and value != _HARMLESS.get(name)
    ]


# --- `options` ---------------------------------------------------------------------------------------------------


_READ_OF_OPTIONS = frozenset(
    {"num_predict", "temperature", "top_p", "top_k", "seed", "stop", "presence_penalty", "frequency_penalty"}
)
_MACHINE = frozenset(
    {
        "num_thread",
        "num_gpu",
        "main_gpu",
        "num_batch",
        "use_mmap",
        "use_mlock",
        "numa",
        "low_vram",
        "num_keep",
        "vocab_only",
    }
)
"""Options for the machine that runs a model: they cannot change an answer, so they are not named."""


def _read_positive(options: JsonNode, name: str) -> int | None:
    """A positive integer. For Ollama 0, -1 (endless) and -2 (to the end of the context) are no limit."""
    value = options.whole_number(name)
    return value if value is not None and value > 0 else None


def _read_seed(options: JsonNode) -> int | None:
    """The seed. -1 means any."""
    value = options.whole_number("seed")
    return None if value == -1 else value


def _read_stop(options: JsonNode) -> tuple[str, ...]:
    stop = options.get("stop")
    sequences = (stop,) if isinstance(stop, str) else options.texts("stop")
    return tuple(sequence for sequence in sequences if sequence)


# --- `format` and `think` ----------------------------------------------------------------------------------------


def read_format(body: JsonNode) -> Schema | None:
    """The schema of the answer: `json` or a JSON Schema."""
    match body.get("format"):
        case None | "":
            return None
        case "json":
            return Schema(None)
        case dict() as schema:
            return Schema(schema or None)
        case _:
            raise invalid('format must be "json" or a JSON Schema', "format")


def read_think(body: JsonNode) -> ReasoningConfig | None:
    """How much to reason."""
    think = body.get("think")
    if think is None:
        return None
    if isinstance(think, bool):
        return ReasoningConfig(show=True) if think else ReasoningConfig(effort="none")
    if think not in EFFORTS:
        raise invalid(f"think must be true, false or one of {', '.join(EFFORTS)}", "think")
    return ReasoningConfig(effort=think, show=None if think == "none" else True)


# --- tools -------------------------------------------------------------------------------------------------------


def read_tools(body: JsonNode) -> tuple[Tool, ...]:
    """The tools of a request, which are functions."""
    return tuple(map(_read_tool, body.nodes("tools")))


def _read_tool(tool: JsonNode) -> Tool:
    if (tool.type or "function") != "function":
        raise invalid(f"{tool.at('type')}: {tool.type!r} tools cannot be carried to this model", tool.at("type"))
    function = tool.required_node("function")
    schema = function.node_or_empty("parameters").fields or {"type": "object", "properties": {}}
    return Tool(function.filled_text("name"), function.text("description"), schema)
