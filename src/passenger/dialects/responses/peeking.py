"""The few facts of a request that relaying needs, and what is refused of it because nothing is kept here."""

import msgspec
from msgspec import Struct

from passenger.chat import Ask, Initiator
from passenger.decoding import decode_as, invalid
from passenger.dialects import Request
from passenger.dialects.responses.compaction import TRIGGER
from passenger.errors import Failure
from passenger.reminders import only_reminders

_IMAGES = frozenset({"input_image", "image_url", "computer_screenshot"})


class _Part(Struct):
    type: str | None = None
    text: str | None = None


_Content = str | list[_Part] | dict[str, msgspec.Raw] | None


class _Item(Struct):
    type: str | None = None
    role: str | None = None
    content: _Content = None
    output: _Content = None
    id: str | None = None


class _Request(Struct):
    model: str
    input: str | list[_Item]
    stream: bool | None = None
    tools: list[msgspec.Raw] | None = None
    reasoning: dict[str, msgspec.Raw] | None = None
    background: bool | None = None
    conversation: str | dict[str, msgspec.Raw] | None = None
    previous_response_id: str | None = None
    prompt: dict[str, msgspec.Raw] | None = None


_REQUEST = msgspec.json.Decoder(_Request)


def peek(request: Request) -> Ask:
    """The facts of a request for a response.

    Raises:
        Failure: the body is not JSON, a field that must be known is missing or of the wrong type, or the request
            relies on what an earlier one left behind.
    """
    asked = decode_as(_REQUEST, request.body)
    if not asked.model:
        raise invalid("model must not be empty", "model")
    _refuse_state(asked)
    items = asked.input if isinstance(asked.input, list) else []
    return Ask(
        model=asked.model,
        stream=bool(asked.stream),
        initiator=_initiator(items),
        vision=any(_has_image(item) for item in items),
        tools=bool(asked.tools) or any(item.type == "additional_tools" for item in items),
        thinks=asked.reasoning is not None,
        compacts=bool(items) and items[-1].type == TRIGGER,
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
        if item.type == "item_reference" or (item.type is None and item.role is None and item.id):
            message = "an item_reference cannot be followed, because no item is kept here: send the item itself"
            raise invalid(message, f"input[{index}]", "unsupported_parameter")


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
    match item.content:
        case str() as text:
            return only_reminders(text)
        case [*parts] if parts:
            return all(only_reminders(part.text) for part in parts)
        case _:
            return False


def _has_image(item: _Item) -> bool:
    return _is_image(item.content) or _is_image(item.output)


def _is_image(content: _Content) -> bool:
    match content:
        case list():
            return any(part.type in _IMAGES for part in content)
        case dict():
            return bytes(content.get("type", b"")) == b'"computer_screenshot"'
        case _:
            return False
