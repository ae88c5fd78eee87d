"""One turn of a stored conversation: what a request refers to, its whole input, and its answer to be kept.

https://platform.openai.com/docs/guides/conversation-state. Histories are joined as bytes and never parsed again.
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from passenger.dialects import Request
from passenger.dialects.openai.responses.response_object import NULL
from passenger.dialects.openai.responses.stored_items import join
from passenger.errors import Failure, Kind
from passenger.jsontext import surrogates
from passenger.jsontext.raw_object import RawObject, split_array
from passenger.jsontext.reading import decode_as, invalid

ENCRYPTED = "reasoning.encrypted_content"
"""What is asked of Copilot for every turn that is kept: reasoning goes on in the next one by that alone."""

_STATE = ("previous_response_id", "conversation", "background", "store", "metadata")
"""Fields that are Passenger's to answer, and do not go up where a turn is kept."""


class _ConversationParam(Struct):
    id: str


class _References(Struct):
    previous_response_id: str | None = None
    conversation: str | _ConversationParam | None = None
    store: bool | None = None
    background: bool | None = None
    stream: bool | None = None
    metadata: dict[str, str] | None = None
    include: list[str] | None = None


_FIELDS = ("previous_response_id", "conversation", "store", "background", "stream", "metadata", "include")
_DECODER = msgspec.json.Decoder(_References)
_MAX_METADATA, _MAX_KEY, _MAX_VALUE = 16, 64, 512


class References(Struct, frozen=True):
    """What a request says of stored state."""

    previous: str | None = None
    """The `previous_response_id`."""
    conversation: str | None = None
    """The id of a conversation."""
    store: bool = True
    background: bool = False
    stream: bool = False
    has_items: bool = False
    """Whether an item may refer to a stored one."""
    include: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether nothing is to be looked up or kept."""
        refers = self.previous is not None or self.conversation is not None or self.has_items
        return not (self.store or self.background or refers)


def read_references(body: RawObject) -> References:
    """What a request says of stored state.

    Raises:
        Failure: a field has another type, or two of them exclude each other.
    """
    given = {name: Raw(body.raw_value(name)) for name in _FIELDS if name in body}
    found = decode_as(_DECODER, msgspec.json.encode(given)) if given else _References()
    if found.previous_response_id is not None and found.conversation is not None:
        message = "previous_response_id and conversation exclude each other: a conversation has its own history"
        raise invalid(message, "previous_response_id", code="mutually_exclusive_parameters")
    check_metadata(found.metadata)
    conversation = found.conversation
    return References(
        previous=found.previous_response_id,
        conversation=conversation.id if isinstance(conversation, _ConversationParam) else conversation,
        store=found.store is not False,
        background=bool(found.background),
        stream=bool(found.stream),
        has_items=b"item_reference" in body.raw_value("input"),
        include=tuple(found.include or ()),
    )


def check_metadata(metadata: Mapping[str, str] | None) -> None:
    """Check the limits of OpenAI's metadata: 16 pairs, keys of 64 and values of 512 characters.

    Raises:
        Failure: one of them is exceeded.
    """
    pairs = metadata or {}
    if len(pairs) > _MAX_METADATA:
        raise invalid(f"metadata may have {_MAX_METADATA} pairs, not {len(pairs)}", "metadata")
    for name, value in pairs.items():
        if len(name) > _MAX_KEY or len(value) > _MAX_VALUE:
            message = f"metadata keys may have {_MAX_KEY} characters, values {_MAX_VALUE}"
            raise invalid(message, "metadata")


def write_turn(request: Request, body: RawObject, references: References, items: Sequence[bytes] | None) -> Request:
    """The request as an ordinary one, with its whole input; None for the input as it came."""
    if items is not None:
        body.set_raw("input", join(items))
    for name in _STATE:
        body.drop(name)
    body.set("store", False)
    if references.store and ENCRYPTED not in references.include:
        body.set("include", [*references.include, ENCRYPTED])
    return replace(request, body=body.encode())


def echo(body: RawObject, references: References, *, is_kept: bool) -> dict[str, Raw]:
    """The fields of the response object that repeat what the request says of stored state.

    A long text of instructions is repeated, too, as OpenAI does.
    """
    metadata = body.raw_value("metadata")
    conversation = msgspec.json.encode({"id": references.conversation}) if references.conversation else NULL
    return {
        "store": Raw(b"true" if is_kept else b"false"),
        "background": Raw(b"true" if references.background else b"false"),
        "previous_response_id": Raw(msgspec.json.encode(references.previous)),
        "conversation": Raw(conversation),
        "instructions": Raw(body.raw_value("instructions") or NULL),
        "metadata": Raw(b"{}" if metadata in {b"", b"null"} else metadata),
    }


# --- answers ---------------------------------------------------------------------------------------------------------

_EVENT = b"event: response."
_FINAL = (b"completed\n", b"incomplete\n", b"failed\n")


def find_final(piece: bytes) -> bytes | None:
    """The response object of the event that ends a stream, if a piece of whole events has it."""
    start = _last_event(piece)
    if start < 0 or not piece.startswith(_FINAL, start + len(_EVENT)):
        return None
    data = piece.find(b"data: ", start) + len(b"data: ")
    return RawObject(piece[data : piece.find(b"\n", data)]).raw_value("response")


def _last_event(piece: bytes) -> int:
    """Where the last event of a piece begins, below 0 if none does: at a line's beginning, and not in a text."""
    if (start := piece.rfind(b"\n" + _EVENT)) >= 0:
        return start + 1
    return 0 if piece.startswith(_EVENT) else -1


def tell_unkept(response: bytes) -> bytes:
    """The response object of an answer that could not be kept."""
    body = RawObject(response)
    body.set("store", False)
    return body.encode()


def tell_unkept_at_the_end(piece: bytes) -> bytes:
    """A piece whose last event ends a stream, with the response object of one that could not be kept."""
    start = _last_event(piece)
    data = piece.find(b"data: ", start) + len(b"data: ")
    end = piece.find(b"\n", data)
    event = RawObject(piece[data:end])
    event.set_raw("response", tell_unkept(event.raw_value("response")))
    return piece[:data] + event.encode() + piece[end:]


class FinalResponse(Struct, frozen=True):
    """A response that is over, taken apart to be stored."""

    id: str
    created: int
    status: str
    answer: bytes
    """The object, with its output left empty."""
    output: tuple[bytes, ...]


class _Final(Struct):
    id: str
    created_at: float
    status: str


_FINAL_RESPONSE = msgspec.json.Decoder(_Final)


def read_final(response: bytes) -> FinalResponse:
    """A response object, taken apart. Raises MsgspecError where it is none."""
    found, body = surrogates.decode(_FINAL_RESPONSE, response), RawObject(response)
    output = tuple(split_array(body.raw_value("output")))
    body.set_raw("output", b"[]")
    return FinalResponse(found.id, int(found.created_at), found.status, body.encode(), output)


def write_stored(answer: bytes, output: Sequence[bytes]) -> bytes:
    """The response object again, with its output."""
    body = RawObject(answer)
    body.set_raw("output", join(output))
    return body.encode()


# --- failures --------------------------------------------------------------------------------------------------------


def previous_not_found(name: str) -> Failure:
    """The previous response is not to be found, whatever the reason."""
    message = f"Previous response with id '{name}' not found."
    return Failure(Kind.INVALID, message, code="previous_response_not_found", param="previous_response_id")


def item_not_found(name: str) -> Failure:
    """An item that is referred to is not to be found."""
    return Failure(Kind.NOT_FOUND, f"Item with id '{name}' not found.", param="input", type="invalid_request_error")


def response_not_found(name: str) -> Failure:
    """A response is not to be found."""
    return Failure(Kind.NOT_FOUND, f"Response with id '{name}' not found.", type="invalid_request_error")


def conversation_not_found(name: str) -> Failure:
    """A conversation is not to be found."""
    return Failure(
        Kind.NOT_FOUND, f"Conversation with id '{name}' not found.", param="conversation", type="invalid_request_error"
    )
