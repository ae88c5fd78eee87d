"""The facts of a Messages request that routing, headers and relaying need; it hides who speaks in the last turn."""

import msgspec
from msgspec import Struct

from passenger.chat import Ask, Initiator
from passenger.decoding import decode_as, invalid
from passenger.dialects import Request
from passenger.errors import Failure, Kind
from passenger.reminders import only_reminders

# The groups are atomic: a text of many reminders and some words would else be tried in 2^n ways.
_SYSTEM = frozenset({"system", "developer"})
_NULL = b"null"
_THINKS = frozenset({"enabled", "adaptive"})

THREADS = "thread_unsupported_request"
"""The error code that makes Anthropic's SDKs send the whole history instead (clients seen 2026-11)."""


class _Inner(Struct):
    type: str = ""


class _Source(Struct):
    content: str | list[_Inner] | None = None


class _Block(Struct):
    type: str = ""
    text: str | None = None
    content: str | list[_Inner] | _Inner | None = None
    source: str | _Source | None = None


class _Message(Struct):
    role: str
    content: str | list[_Block] | None = None


class _Thinking(Struct):
    type: str = ""


class _Messages(Struct):
    model: str
    messages: list[_Message]
    stream: bool | None = None
    tools: list[msgspec.Raw] | None = None
    thinking: _Thinking | None = None
    thread: msgspec.Raw = msgspec.Raw(_NULL)


_REQUEST = msgspec.json.Decoder(_Messages)


def peek(request: Request) -> Ask:
    """The facts of a request.

    Raises:
        Failure: the body is not JSON, a field that must be known is missing or of the wrong type, or it is a thread.
    """
    asked = decode_as(_REQUEST, request.body)
    if not asked.model:
        raise invalid("model must not be empty", "model")
    if not asked.messages:
        raise invalid("messages must not be empty", "messages")
    if bytes(asked.thread) != _NULL:
        raise Failure(Kind.INVALID, "message threads are not supported", code=THREADS, param="thread")
    return Ask(
        model=asked.model,
        stream=bool(asked.stream),
        initiator=_initiator(asked.messages),
        vision=any(_has_image(message) for message in asked.messages),
        tools=bool(asked.tools),
        thinks=asked.thinking is not None and asked.thinking.type in _THINKS,
        betas=_betas(request),
    )


def _betas(request: Request) -> tuple[str, ...]:
    names = request.headers.get("anthropic-beta", "").split(",")
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))


# --- who asks ----------------------------------------------------------------------------------------------------


def _initiator(messages: list[_Message]) -> Initiator:
    """A person only where the last turn has one's own words, which tool results and reminders are not.

    What the system says in between is nobody's, and reminders right after tool results are an agent's.
    """
    turns = [message for message in messages if message.role not in _SYSTEM]
    if not turns or turns[-1].role != "user":
        return Initiator.AGENT
    spoken = next((turn for turn in reversed(turns) if not _only_reminders(turn)), None)
    if spoken is not None and spoken.role == "user" and not _has_words(spoken):
        return Initiator.AGENT
    return Initiator.USER


def _only_reminders(message: _Message) -> bool:
    if message.role != "user":
        return False
    match message.content:
        case str() as text:
            return _is_reminder(text)
        case [*blocks] if blocks:
            return all(_is_reminder(block.text) for block in blocks)
        case _:
            return False


def _has_words(message: _Message) -> bool:
    if not isinstance(message.content, list):
        return True
    return any(block.type != "tool_result" and not _is_reminder(block.text) for block in message.content)


def _is_reminder(text: str | None) -> bool:
    return only_reminders(text)


# --- what is shown -----------------------------------------------------------------------------------------------


def _has_image(message: _Message) -> bool:
    return isinstance(message.content, list) and any(_shows(block) for block in message.content)


def _shows(block: _Block) -> bool:
    if block.type == "image":
        return True
    inner = block.source.content if isinstance(block.source, _Source) else block.content
    return isinstance(inner, list) and any(one.type == "image" for one in inner)
