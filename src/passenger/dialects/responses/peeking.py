"""The few facts of a request that relaying needs, and what is refused of it because nothing is kept here.

No text is made of what only passes: the words of a history and the outputs of tools are most of its bytes.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from passenger.chat import Ask, Initiator
from passenger.decoding import decode_as, invalid, loads
from passenger.dialects import Request
from passenger.dialects.responses.compaction import TRIGGER
from passenger.errors import Failure
from passenger.reminders import may_be_reminder, only_reminders
from passenger.seals import PREFIX

_IMAGES = frozenset({"input_image", "image_url", "computer_screenshot"})


ID: Final = "id"
"""An item has an id."""
SEAL: Final = "seal"
"""An item has a seal that may have been wrapped here."""
INTERNAL: Final = "internal"
"""An item has a field that only OpenAI's own backend knows."""


class _Part(Struct, gc=False):
    type: str | None = None
    text: Raw | UnsetType = UNSET


class _Item(Struct, gc=False):
    type: str | None = None
    role: str | None = None
    content: Raw | UnsetType = UNSET
    output: Raw | UnsetType = UNSET
    id: Raw | UnsetType = UNSET
    encrypted_content: Raw | UnsetType = UNSET
    internal_chat_message_metadata_passthrough: Raw | UnsetType = UNSET
    encrypted_function_args: Raw | UnsetType = UNSET


class _Screenshot(Struct, gc=False):
    type: Any = None


class _Request(Struct):
    model: str
    input: str | list[_Item]
    stream: bool | None = None
    tools: list[Raw] | None = None
    reasoning: dict[str, Raw] | None = None
    background: bool | None = None
    conversation: str | dict[str, Raw] | None = None
    previous_response_id: str | None = None
    prompt: dict[str, Raw] | None = None


_REQUEST = msgspec.json.Decoder(_Request)
_PARTS = msgspec.json.Decoder(list[_Part])
_SCREENSHOT = msgspec.json.Decoder(_Screenshot)


def peek(request: Request) -> Ask:
    """The facts of a request for a response.

    Raises:
        Failure: the body is not JSON, a field that must be known is missing or of the wrong type, or the request
            relies on what an earlier one left behind.
    """
    asked = decode_as(_REQUEST, request.body)
    if not asked.model:
        raise invalid("model must not be empty", "model")
    items = asked.input if isinstance(asked.input, list) else []
    try:
        vision = _have_images(items)
        asks = _initiator(items)
    except (msgspec.ValidationError, _OddError) as error:
        decode_as(_NAMING, request.body)
        raise invalid("an item is of another type", "input") from error
    _refuse_state(asked)
    return Ask(
        model=asked.model,
        stream=bool(asked.stream),
        initiator=asks,
        vision=vision,
        tools=bool(asked.tools) or any(item.type == "additional_tools" for item in items),
        thinks=asked.reasoning is not None,
        compacts=bool(items) and items[-1].type == TRIGGER,
        shows=frozenset(_signs(items)),
    )


def _refuse_state(asked: _Request) -> None:
    """Refuse what would need an answer to be kept from one request to the next."""
    if asked.previous_response_id is not None:
        message = (
            f"Previous response with id '{asked.previous_response_id}' not found: no response is kept here. "
            "Send the whole conversation as input."
        )
        raise invalid(message, "previous_response_id", "previous_response_not_found")
    if asked.background:
        raise _unsupported("background")
    if asked.conversation is not None:
        raise _unsupported("conversation")
    if asked.prompt is not None:
        raise _unsupported("prompt")
    for index, item in enumerate(asked.input if isinstance(asked.input, list) else ()):
        if item.type == "item_reference" or (item.type is None and item.role is None and not _is_empty(item.id)):
            message = "an item_reference cannot be followed, because no item is kept here: send the item itself"
            raise invalid(message, f"input[{index}]", "unsupported_parameter")


def _is_empty(text: Raw | UnsetType) -> bool:
    return text is UNSET or bytes(text) in {b'""', b"null"}


def _unsupported(field: str) -> Failure:
    return invalid(f"{field} is not supported: no response is kept here", field, "unsupported_parameter")


# --- who asks ----------------------------------------------------------------------------------------------------


def _initiator(items: list[_Item]) -> Initiator:
    """Who caused the request: a person only where the last item is one's own words; a bare string is.

    A user message that holds nothing but `<system-reminder>` blocks right after the outputs of tools was written by
    an agent, so it does not count as a person's.
    """
    if items and items[-1].role != "user":
        return Initiator.AGENT
    spoken = next((item for item in reversed(items) if item.role != "user" or not _only_reminders(item)), None)
    return Initiator.AGENT if spoken is not None and (spoken.type or "").endswith("_output") else Initiator.USER


def _only_reminders(item: _Item) -> bool:
    if item.content is UNSET:
        return False
    view = memoryview(item.content)
    if view[0] == _QUOTE:
        return may_be_reminder(view) and only_reminders(loads(bytes(view)))
    parts = _PARTS.decode(view) if view[0] == _BRACKET else []
    return bool(parts) and all(only_reminders(_words(part.text)) for part in parts)


def _words(text: Raw | UnsetType) -> str | None:
    words = None if text is UNSET else loads(bytes(text))
    return words if isinstance(words, str) else None


# --- what is shown -----------------------------------------------------------------------------------------------


class _OddError(Exception):
    """Something is of another type than it must be."""


_QUOTE, _BRACKET, _BRACE, _NULL = b'"[{n'
_WORDS = frozenset({_QUOTE, _NULL})
_SEAL = b'"' + PREFIX


def _have_images(items: list[_Item]) -> bool:
    """Whether any item shows one.

    Raises:
        msgspec.ValidationError, _OddError: something of an item is of another type.
    """
    found = False
    for item in items:
        for content in (item.content, item.output):
            if content is not UNSET and (first := memoryview(content)[0]) not in _WORDS:
                found = _is_image(content, first) or found
        if item.id is not UNSET and memoryview(item.id)[0] not in _WORDS:
            raise _OddError
    return found


def _is_image(content: Raw, first: int) -> bool:
    if first == _BRACE:
        return bool(_SCREENSHOT.decode(content).type == "computer_screenshot")
    if first != _BRACKET:
        raise _OddError
    parts = _PARTS.decode(content)
    if any(part.text is not UNSET and memoryview(part.text)[0] not in _WORDS for part in parts):
        raise _OddError
    return any(part.type in _IMAGES for part in parts)


def _signs(items: Iterable[_Item]) -> Iterator[str]:
    """What relaying may have to change, of each kind at least once."""
    for item in items:
        if item.id is not UNSET:
            yield ID
        if item.encrypted_content is not UNSET and may_be_ours(bytes(item.encrypted_content)):
            yield SEAL
        if (item.internal_chat_message_metadata_passthrough, item.encrypted_function_args) != (UNSET, UNSET):
            yield INTERNAL


def may_be_ours(seal: bytes) -> bool:
    """Whether a seal was wrapped here; where its first letters are written as escapes, nobody knows."""
    return seal.startswith(_SEAL) or b"\\" in seal[: len(_SEAL)]


# --- naming the field at fault -----------------------------------------------------------------------------------


class _NamedPart(Struct):
    type: str | None = None
    text: str | None = None


_Content = str | list[_NamedPart] | dict[str, Raw] | None


class _NamedItem(Struct):
    content: _Content = None
    output: _Content = None
    id: str | None = None


class _Naming(Struct):
    """The same fields as the types that they must be."""

    input: str | list[_NamedItem]


_NAMING = msgspec.json.Decoder(_Naming)
