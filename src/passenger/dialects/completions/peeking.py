"""The few facts of a chat request that relaying needs, in one parse that makes no text of what only passes."""

from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType

from passenger.chat import Ask, Initiator
from passenger.decoding import decode_as, invalid, loads
from passenger.dialects import Request
from passenger.dialects.choices_in import peek_choices
from passenger.reminders import may_be_reminder, only_reminders

_TOOL_ROLES = frozenset({"tool", "function"})
_IMAGE_PARTS = frozenset({"image_url", "input_image", "image"})


class _Part(Struct, gc=False):
    type: str = ""
    text: msgspec.Raw | UnsetType = UNSET
    copilot_cache_control: msgspec.Raw | UnsetType = UNSET
    cache_control: msgspec.Raw | UnsetType = UNSET


class _Message(Struct, gc=False):
    role: str
    content: msgspec.Raw | UnsetType = UNSET
    copilot_cache_control: msgspec.Raw | UnsetType = UNSET
    cache_control: msgspec.Raw | UnsetType = UNSET
    reasoning_opaque: msgspec.Raw | UnsetType = UNSET
    tool_calls: msgspec.Raw | UnsetType = UNSET


class _StreamOptions(Struct):
    include_usage: bool | None = None


class _Tool(Struct):
    type: Any = None
    copilot_cache_control: msgspec.Raw | UnsetType = UNSET
    cache_control: msgspec.Raw | UnsetType = UNSET


class _ChatRequest(Struct):
    model: str
    messages: list[_Message]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    tools: list[_Tool] | None = None
    reasoning_effort: msgspec.Raw | UnsetType = UNSET
    thinking_budget: msgspec.Raw | UnsetType = UNSET
    thinking: msgspec.Raw | UnsetType = UNSET
    reasoning: msgspec.Raw | UnsetType = UNSET
    n: Any = None


_REQUEST = msgspec.json.Decoder(_ChatRequest)
_PARTS = msgspec.json.Decoder(list[_Part])


class _Words(Struct):
    type: str = ""
    text: str | None = None


class _Saying(Struct):
    content: str | list[_Words] | None = None


class _Said(Struct):
    """What the request says, as the texts that they must be: to name the field where one is not."""

    messages: list[_Saying]


_SAID = msgspec.json.Decoder(_Said)


def peek(request: Request) -> Ask:
    """The facts of a chat request.

    Raises:
        Failure: the body is not JSON, or a field that must be known is missing or of the wrong type.
    """
    chat = decode_as(_REQUEST, request.body)
    if not chat.model:
        raise invalid("model must not be empty", "model")
    if not chat.messages:
        raise invalid("messages must not be empty", "messages")
    try:
        seen = _look_through(chat.messages)
        asks = initiator(chat.messages)
    except (msgspec.ValidationError, _OddError) as error:
        decode_as(_SAID, request.body)
        raise invalid("a content is no text", "messages") from error
    return Ask(
        model=chat.model,
        stream=bool(chat.stream),
        initiator=asks,
        vision=seen.vision,
        tools=bool(chat.tools),
        thinks=_thinks(chat),
        wants_usage=bool(chat.stream_options and chat.stream_options.include_usage),
        sealed=seen.sealed,
        called=seen.called,
        marked=seen.marked or (chat.tools is not None and any(map(_is_marked, chat.tools))),
        choices=peek_choices(chat.n),
        # Copilot's Chat Completions take functions only; a tool of free text can be told as one.
        relays=chat.tools is None or all(tool.type != "custom" for tool in chat.tools),
    )


def _thinks(chat: _ChatRequest) -> bool:
    """Whether it asks the model to reason, in whichever words."""
    said = chat.reasoning_effort, chat.thinking_budget, chat.thinking, chat.reasoning
    return said != (UNSET, UNSET, UNSET, UNSET)


def initiator(messages: list[_Message]) -> Initiator:
    """Who caused the request: a person only where the last message is one's own words.

    A user message that holds nothing but `<system-reminder>` blocks right after tool results was written by an
    agent, so it does not count as a person's.
    """
    if messages[-1].role != "user":
        return Initiator.AGENT
    for message in reversed(messages):
        if message.role != "user" or not _only_reminders(message):
            return Initiator.AGENT if message.role in _TOOL_ROLES else Initiator.USER
    return Initiator.USER


def _only_reminders(message: _Message) -> bool:
    if message.content is UNSET:
        return False
    view = memoryview(message.content)
    if view[0] == _QUOTE:
        return may_be_reminder(view) and only_reminders(loads(bytes(view)))
    parts = _PARTS.decode(view) if view[0] == _BRACKET else []
    return bool(parts) and all(only_reminders(_text(part)) for part in parts)


def _text(part: _Part) -> str | None:
    text = None if part.text is UNSET else loads(bytes(part.text))
    return text if isinstance(text, str) else None


class _Seen(NamedTuple):
    vision: bool
    sealed: bool
    marked: bool
    called: bool


def _look_through(messages: list[_Message]) -> _Seen:
    """What any message has, found in one pass: there may be hundreds."""
    vision = sealed = marked = called = False
    for message in messages:
        if message.tool_calls is not UNSET:
            called = True
        if message.reasoning_opaque is not UNSET:
            sealed = True
        if message.copilot_cache_control is not UNSET or message.cache_control is not UNSET:
            marked = True
        content = message.content
        if content is not UNSET and (first := memoryview(content)[0]) not in _TEXTS:
            for part in _parts(content, first):
                vision = vision or part.type in _IMAGE_PARTS
                marked = marked or _is_marked(part)
    return _Seen(vision, sealed, marked, called)


class _OddError(Exception):
    """A content, or a text in it, is of another type."""


_QUOTE, _BRACKET, _NULL = b'"[n'
_TEXTS = frozenset({_QUOTE, _NULL})


def _parts(content: msgspec.Raw, first: int) -> list[_Part]:
    """The parts of a content that is no text, by its first byte."""
    if first != _BRACKET:
        raise _OddError
    parts = _PARTS.decode(content)
    if any(part.text is not UNSET and memoryview(part.text)[0] not in _TEXTS for part in parts):
        raise _OddError
    return parts


def _is_marked(block: _Part | _Tool) -> bool:
    return block.copilot_cache_control is not UNSET or block.cache_control is not UNSET
