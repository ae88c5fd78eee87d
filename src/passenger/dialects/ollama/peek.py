"""Reads the facts of a request that routing needs, in one parse that skips everything else."""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from passenger.chat.initiator import Turn, initiator, only_reminders
from passenger.chat.prompt import Ask, Initiator
from passenger.dialects import Request
from passenger.jsontext.node import JsonNode, read_node
from passenger.jsontext.reading import AnyObject, decode_as, invalid
from passenger.jsontext.surrogates import decode_or_none


class _Message(Struct):
    role: str
    content: str | None = None
    images: list[str] | None = None


class _Common(Struct):
    model: str | None = None
    name: str | None = None
    stream: bool | None = None
    think: bool | str | None = None


class _Chat(_Common):
    messages: list[_Message] | None = None
    tools: list[AnyObject] | None = None


class _Generate(_Common):
    prompt: str | None = None
    images: list[str] | None = None


_CHAT = msgspec.json.Decoder(_Chat)
_GENERATE = msgspec.json.Decoder(_Generate)


def peek_chat(request: Request) -> Ask:
    """The facts of a chat."""
    chat = decode_as(_CHAT, request.body)
    model = resolve_name(chat.model, chat.name)
    if not chat.messages:
        raise invalid("messages must not be empty", "messages")
    return Ask(
        model=model,
        stream=is_streamed(chat.stream),
        initiator=initiator(_turns(chat.messages)),
        vision=any(message.images for message in chat.messages),
        tools=bool(chat.tools),
        wants_reasoning=_thinks(chat.think),
    )


def peek_generate(request: Request) -> Ask:
    """The facts of a generation, which counts as a person's. Fails as `peek_chat` does."""
    body = decode_as(_GENERATE, request.body)
    model = resolve_name(body.model, body.name)
    if not (body.prompt or body.images):
        raise invalid("prompt must not be empty", "prompt")
    return Ask(
        model=model,
        stream=is_streamed(body.stream),
        initiator=Initiator.USER,
        vision=bool(body.images),
        wants_reasoning=_thinks(body.think),
    )


def is_streamed(stream: bool | None) -> bool:
    """Whether the answer streams: Ollama's default."""
    return stream is not False


def _thinks(think: bool | str | None) -> bool:
    return bool(think) and think != "none"


def _turns(messages: list[_Message]) -> Iterator[Turn]:
    """The kinds of the messages, the last one first."""
    for message in reversed(messages):
        if message.role == "user":
            yield Turn.REMINDER if not message.images and only_reminders(message.content) else Turn.USER
        else:
            yield Turn.TOOL if message.role == "tool" else Turn.OTHER


# --- the model ---------------------------------------------------------------------------------------------------


TAG = ":latest"
"""The default tag, which Ollama treats like none. Any other tag is part of the name."""


def read_model_name(body: JsonNode) -> str:
    """The model as the client wrote it, which the answer repeats. `name` is the old name of the field.

    Raises:
        Failure: the request names no model.
    """
    return _check_name(body.text("model"), body.text("name"))


def resolve_name(model: str | None, name: str | None = None) -> str:
    """The name of the model without the default tag. Fails as `read_model_name` does."""
    return _check_name(model, name).removesuffix(TAG)


def _check_name(model: str | None, name: str | None) -> str:
    given = model or name or ""
    if given in {"", TAG}:
        raise invalid("model is required", "model")
    return given


# --- loading -----------------------------------------------------------------------------------------------------


class _ChatLoad(Struct):
    messages: list[AnyObject] | None = None


class _GenerateLoad(Struct):
    prompt: str | None = None
    images: list[str] | None = None


_CHAT_LOAD = msgspec.json.Decoder(_ChatLoad)
_GENERATE_LOAD = msgspec.json.Decoder(_GenerateLoad)


def is_chat_load(request: Request) -> bool:
    """Whether a chat has no messages. False if it cannot be read: `peek` refuses it then."""
    found = decode_or_none(_CHAT_LOAD, request.body)
    return found is not None and not found.messages


def is_generate_load(request: Request) -> bool:
    """Whether a generation has no prompt. False if it cannot be read: `peek` refuses it then."""
    found = decode_or_none(_GENERATE_LOAD, request.body)
    return found is not None and not (found.prompt or found.images)


def read_model(request: Request) -> str:
    """The name of the model without the default tag. Fails if the request names none."""
    return resolve_name(read_model_name(read_node(request.body)))
