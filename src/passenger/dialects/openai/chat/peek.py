"""The facts of a request to Chat Completions that routing and relaying need, in one parse.

Texts stay raw JSON: they are most of a body's bytes.
"""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType

from passenger.chat.initiator import BRACKET, STRING_OR_NULL, Turn, WrongTypeError, initiator, is_reminder
from passenger.chat.prompt import Ask
from passenger.dialects import Request
from passenger.dialects.caps import peek_choices
from passenger.jsontext.reading import decode_as, invalid

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
    web_search_options: msgspec.Raw | UnsetType = UNSET


_REQUEST = msgspec.json.Decoder(_ChatRequest)
_PARTS = msgspec.json.Decoder(list[_Part])


class _TypedPart(Struct):
    type: str = ""
    text: str | None = None


class _TypedMessage(Struct):
    content: str | list[_TypedPart] | None = None


class _TypedRequest(Struct):
    """The messages with the types that they must have; decoding it names the field that has another."""

    messages: list[_TypedMessage]


_TYPED = msgspec.json.Decoder(_TypedRequest)


def peek(request: Request) -> Ask:
    """The facts of a request."""
    chat = decode_as(_REQUEST, request.body)
    if not chat.model:
        raise invalid("model must not be empty", "model")
    if not chat.messages:
        raise invalid("messages must not be empty", "messages")
    try:
        found = _look_through(chat.messages)
        who = initiator(_turns(chat.messages))
    except (msgspec.ValidationError, WrongTypeError) as error:
        decode_as(_TYPED, request.body)
        raise invalid("a content is no text", "messages") from error
    return Ask(
        model=chat.model,
        stream=bool(chat.stream),
        initiator=who,
        vision=found.vision,
        tools=bool(chat.tools),
        wants_reasoning=_wants_reasoning(chat),
        wants_usage=bool(chat.stream_options and chat.stream_options.include_usage),
        has_signatures=found.signatures,
        has_calls=found.calls,
        has_cache_points=found.cache_points or (chat.tools is not None and any(map(_is_marked, chat.tools))),
        choices=peek_choices(chat.n),
        web_search=_search(chat),
        # Copilot takes functions only here; a custom tool is translated to one.
        relayable=chat.tools is None or all(tool.type != "custom" for tool in chat.tools),
    )


def _search(chat: _ChatRequest) -> Literal["only", "beside"] | None:
    """Whether a search is offered, and anything beside it."""
    if chat.web_search_options is UNSET or bytes(chat.web_search_options) == b"null":
        return None
    return "beside" if chat.tools else "only"


def _wants_reasoning(chat: _ChatRequest) -> bool:
    """Whether it asks the model to reason, in any vendor's field."""
    fields = chat.reasoning_effort, chat.thinking_budget, chat.thinking, chat.reasoning
    return fields != (UNSET, UNSET, UNSET, UNSET)


def _turns(messages: list[_Message]) -> Iterator[Turn]:
    """What the messages are, the last one first."""
    for message in reversed(messages):
        if message.role == "user":
            yield Turn.REMINDER if is_reminder(message.content) else Turn.USER
        else:
            yield Turn.TOOL if message.role in _TOOL_ROLES else Turn.OTHER


class _Found(NamedTuple):
    vision: bool
    signatures: bool
    cache_points: bool
    calls: bool


def _look_through(messages: list[_Message]) -> _Found:
    """What any of the messages has, in one pass: there may be hundreds."""
    vision = signatures = cache_points = calls = False
    for message in messages:
        if message.tool_calls is not UNSET:
            calls = True
        if message.reasoning_opaque is not UNSET:
            signatures = True
        if message.copilot_cache_control is not UNSET or message.cache_control is not UNSET:
            cache_points = True
        content = message.content
        if content is not UNSET and (first := memoryview(content)[0]) not in STRING_OR_NULL:
            for part in _parts(content, first):
                vision = vision or part.type in _IMAGE_PARTS
                cache_points = cache_points or _is_marked(part)
    return _Found(vision, signatures, cache_points, calls)


def _parts(content: msgspec.Raw, first: int) -> list[_Part]:
    """The parts of a content that is no string, which its first byte tells."""
    if first != BRACKET:
        raise WrongTypeError
    parts = _PARTS.decode(content)
    if any(part.text is not UNSET and memoryview(part.text)[0] not in STRING_OR_NULL for part in parts):
        raise WrongTypeError
    return parts


def _is_marked(block: _Part | _Tool) -> bool:
    return block.copilot_cache_control is not UNSET or block.cache_control is not UNSET
