"""The few facts of a request that routing needs, in one parse that skips all else."""

import msgspec
from msgspec import Struct

from passenger.chat import Ask, Initiator
from passenger.decoding import decode_as, invalid
from passenger.dialects import Request
from passenger.dialects.ollama.naming import wanted
from passenger.dialects.ollama.prompt_in import is_streamed
from passenger.reminders import only_reminders


class _Tool(Struct):
    """Nothing of it is looked at."""


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
    tools: list[_Tool] | None = None


class _Generate(_Common):
    prompt: str | None = None
    images: list[str] | None = None


_CHAT = msgspec.json.Decoder(_Chat)
_GENERATE = msgspec.json.Decoder(_Generate)


def peek_chat(request: Request) -> Ask:
    """The facts of a chat.

    Raises:
        Failure: the body is not JSON, or a field that must be known is missing or of the wrong type.
    """
    chat = decode_as(_CHAT, request.body)
    model = wanted(chat.model, chat.name)
    if not chat.messages:
        raise invalid("messages must not be empty", "messages")
    return Ask(
        model=model,
        stream=is_streamed(chat.stream),
        initiator=_initiator(chat.messages),
        vision=any(message.images for message in chat.messages),
        tools=bool(chat.tools),
        thinks=_thinks(chat.think),
    )


def peek_generate(request: Request) -> Ask:
    """The facts of a request for a text, which a person has written as far as anybody can tell; fails as above."""
    asked = decode_as(_GENERATE, request.body)
    model = wanted(asked.model, asked.name)
    if not (asked.prompt or asked.images):
        raise invalid("prompt must not be empty", "prompt")
    return Ask(
        model=model,
        stream=is_streamed(asked.stream),
        initiator=Initiator.USER,
        vision=bool(asked.images),
        thinks=_thinks(asked.think),
    )


def _thinks(think: bool | str | None) -> bool:
    return bool(think) and think != "none"


def _initiator(messages: list[_Message]) -> Initiator:
    """Who caused the request: a person only where the last message is one's own words.

    A message that holds nothing but `<system-reminder>` blocks right after a tool's result was written by an agent.
    """
    if messages[-1].role != "user":
        return Initiator.AGENT
    spoken = next((message for message in reversed(messages) if not _is_reminder(message)), None)
    return Initiator.AGENT if spoken is not None and spoken.role == "tool" else Initiator.USER


def _is_reminder(message: _Message) -> bool:
    return message.role == "user" and not message.images and only_reminders(message.content)
