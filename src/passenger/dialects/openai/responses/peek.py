"""The facts of a request that routing and relaying need, and a refusal of what would need stored responses.

Texts and tool outputs, most of the bytes, stay raw.

https://platform.openai.com/docs/api-reference/responses/create
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from passenger.chat.initiator import BRACE, BRACKET, STRING_OR_NULL, Turn, WrongTypeError, initiator, is_reminder
from passenger.chat.prompt import Ask
from passenger.chat.signatures import PREFIX
from passenger.dialects import Request
from passenger.dialects.openai.responses.compaction import TRIGGER
from passenger.errors import Failure
from passenger.jsontext.reading import decode_as, invalid

_IMAGES = frozenset({"input_image", "image_url", "computer_screenshot"})


ID: Final = "id"
"""An item has an id."""
SIGNATURE: Final = "signature"
"""An item has an `encrypted_content` that may have been wrapped here."""
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
    tool_choice: Raw | UnsetType = UNSET


_REQUEST = msgspec.json.Decoder(_Request)
_PARTS = msgspec.json.Decoder(list[_Part])
_SCREENSHOT = msgspec.json.Decoder(_Screenshot)


def peek(request: Request) -> Ask:
    """The facts of a request for a response; one that needs a stored response is refused."""
    body = decode_as(_REQUEST, request.body)
    if not body.model:
        raise invalid("model must not be empty", "model")
    items = body.input if isinstance(body.input, list) else []
    try:
        vision = _have_images(items)
        asks = initiator(_turns(body))
    except (msgspec.ValidationError, WrongTypeError) as error:
        decode_as(_NAMING, request.body)
        raise invalid("an item is of another type", "input") from error
    _refuse_state(body)
    return Ask(
        model=body.model,
        stream=bool(body.stream),
        initiator=asks,
        vision=vision,
        tools=bool(body.tools) or any(item.type == "additional_tools" for item in items),
        wants_reasoning=body.reasoning is not None,
        compacts=bool(items) and items[-1].type == TRIGGER,
        web_search=_search(body) if body.tools and _SEARCH in request.body else None,
        signs=frozenset(_signs(items)),
    )


class _Typed(Struct, gc=False):
    type: Any = None


_TYPED = msgspec.json.Decoder(_Typed)
_SEARCH: Final = b"web_search"
_CALLABLE = frozenset({"function", "custom", "namespace"})


def _search(body: _Request) -> Literal["only", "beside"] | None:
    """Whether a search is offered, and anything beside it; a few microseconds for a coding agent's tools."""
    kinds = [_kind(tool) for tool in body.tools or ()]
    if not any(map(_is_search, kinds)):
        return None
    forced = body.tool_choice is not UNSET and _is_search(_kind(body.tool_choice))
    return "only" if forced or _CALLABLE.isdisjoint(kinds) else "beside"


def _kind(raw: Raw) -> str:
    """The type of an object; empty for anything else."""
    kind = _TYPED.decode(raw).type if memoryview(raw)[0] == BRACE else None
    return kind if isinstance(kind, str) else ""


def _is_search(kind: str) -> bool:
    return kind.startswith(_SEARCH.decode())


def _refuse_state(body: _Request) -> None:
    """Refuse a request that needs a stored response, conversation, prompt or item."""
    if body.previous_response_id is not None:
        message = (
            f"Previous response with id '{body.previous_response_id}' not found: no response is kept here "
            "([state] keep). Send the whole conversation as input."
        )
        raise invalid(message, "previous_response_id", "previous_response_not_found")
    if body.background:
        raise _unsupported("background")
    if body.conversation is not None:
        raise _unsupported("conversation")
    if body.prompt is not None:
        raise _unsupported("prompt")
    for index, item in enumerate(body.input if isinstance(body.input, list) else ()):
        if item.type == "item_reference" or (item.type is None and item.role is None and not _is_empty(item.id)):
            message = "an item_reference cannot be followed, because no item is kept here: send the item itself"
            raise invalid(message, f"input[{index}]", "unsupported_parameter")


def _is_empty(text: Raw | UnsetType) -> bool:
    return text is UNSET or bytes(text) in {b'""', b"null"}


def _unsupported(field: str) -> Failure:
    return invalid(f"{field} is not supported: no response is kept here", field, "unsupported_parameter")


# --- who asks ----------------------------------------------------------------------------------------------------


def _turns(body: _Request) -> Iterator[Turn]:
    """What the items are, the last one first; a bare string is a person's."""
    if isinstance(body.input, str) or not body.input:
        yield Turn.USER
        return
    for item in reversed(body.input):
        if item.role == "user":
            yield Turn.REMINDER if is_reminder(item.content) else Turn.USER
        else:
            yield Turn.TOOL if (item.type or "").endswith("_output") else Turn.OTHER


# --- what items hold ---------------------------------------------------------------------------------------------


_WRAPPED = b'"' + PREFIX


def _have_images(items: list[_Item]) -> bool:
    """Whether any item has an image. Raises ValidationError or WrongTypeError where something is of another type."""
    found = False
    for item in items:
        for content in (item.content, item.output):
            if content is not UNSET and (first := memoryview(content)[0]) not in STRING_OR_NULL:
                found = _is_image(content, first) or found
        if item.id is not UNSET and memoryview(item.id)[0] not in STRING_OR_NULL:
            raise WrongTypeError
    return found


def _is_image(content: Raw, first: int) -> bool:
    if first == BRACE:
        return bool(_SCREENSHOT.decode(content).type == "computer_screenshot")
    if first != BRACKET:
        raise WrongTypeError
    parts = _PARTS.decode(content)
    if any(part.text is not UNSET and memoryview(part.text)[0] not in STRING_OR_NULL for part in parts):
        raise WrongTypeError
    return any(part.type in _IMAGES for part in parts)


def _signs(items: Iterable[_Item]) -> Iterator[str]:
    """The kinds of fields that relaying may have to change, each at least once."""
    for item in items:
        if item.id is not UNSET:
            yield ID
        if item.encrypted_content is not UNSET and may_be_ours(bytes(item.encrypted_content)):
            yield SIGNATURE
        if (item.internal_chat_message_metadata_passthrough, item.encrypted_function_args) != (UNSET, UNSET):
            yield INTERNAL


def may_be_ours(encrypted: bytes) -> bool:
    """Whether a raw `encrypted_content` may have been wrapped here; escapes in its first letters may hide that."""
    return encrypted.startswith(_WRAPPED) or b"\\" in encrypted[: len(_WRAPPED)]


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
    """The fields as the types that they must be, for a message that names the one at fault."""

    input: str | list[_NamedItem]


_NAMING = msgspec.json.Decoder(_Naming)
