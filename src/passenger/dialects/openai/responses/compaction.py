"""Compacted conversations: the item that holds one, the request for one, and `POST /v1/responses/compact`.

OpenAI's own models compact a conversation themselves, into a text that only OpenAI can read: Copilot takes the
`compaction_trigger` for them, though it has no `/responses/compact` (2026-11). Every other model is asked for a
summary. It is wrapped into an item that the client keeps and sends back, and that any model can read on the next turn.
The wrapping is no secret: its digest tells a whole summary of ours from any other text.

https://platform.openai.com/docs/api-reference/responses/compact
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from passenger.chat import signatures
from passenger.chat.prompt import JSON, Signature
from passenger.dialects import Request
from passenger.dialects.openai.responses.stored_items import head_of
from passenger.errors import Failure, Kind
from passenger.jsontext import surrogates
from passenger.jsontext.raw_object import Fields, RawObject
from passenger.jsontext.reading import decode, invalid

TRIGGER = "compaction_trigger"
"""The last item of an input that asks for nothing but to be compacted."""

ITEMS = frozenset({"compaction", "compaction_summary", "context_compaction"})
"""The types of items that hold a compacted conversation. Codex writes the first and reads all three."""

VENDORS = frozenset({"openai"})
"""Vendors whose models compact a conversation themselves; the others are asked for a summary."""


def compacts_itself(vendor: str) -> bool:
    """Whether the trigger can be sent to a vendor's model as it is. It is tried where the vendor is not known."""
    return not vendor or vendor in VENDORS


def is_refused(failure: Failure) -> bool:
    """Whether a failure says that the model does not know the trigger."""
    return failure.kind is Kind.INVALID and TRIGGER in failure.message


# --- summaries of our own ----------------------------------------------------------------------------------------

REQUEST = """\
The conversation above is about to be cut off here to save room. Somebody who has seen nothing of it will take over, \
with only what you write now and the tools that you have. Write the hand-over, as text and without calling a tool:

- what the user wants, in the user's own terms, with every condition, preference and correction that was given;
- what was decided, and why, and what was tried and did not work;
- what was done: files, functions, commands and their results, by their exact names and paths, with the values, \
error messages and pieces of code that are still needed;
- what holds now: what works, what is broken, what is unfinished;
- what comes next, step by step.

Keep what an earlier hand-over said as far as it still holds. Be complete and brief; write no greeting and no comment \
on this request."""
"""The prompt for a summary."""

_INTRODUCTION = "The conversation so far, as it was handed over in place of its earlier turns:\n\n"

UNREADABLE = (
    "(An earlier part of this conversation was compacted into a form that only another model can read. "
    "Its content is missing here.)"
)
"""The text that stands for a conversation that OpenAI has compacted."""

_ORIGIN = "summary"


def wrap_summary(summary: str) -> str:
    """The `encrypted_content` of an item that holds a summary."""
    return signatures.wrap(Signature(f"{_ORIGIN}/{_digest(summary)}", summary))


def unwrap_summary(wrapped: str) -> str | None:
    """A summary as a model reads it, None where it was not wrapped here. ValueError where it has been changed."""
    if not signatures.is_wrapped(wrapped):
        return None
    found = signatures.unwrap(wrapped)
    if found.origin != f"{_ORIGIN}/{_digest(found.value)}":
        raise ValueError("it is broken")
    return f"{_INTRODUCTION}{found.value}"


def read_summary(wrapped: str, place: str) -> str | None:
    """The same for the field at `place` of a request. Fails where the summary has been changed."""
    try:
        return unwrap_summary(wrapped)
    except ValueError as error:
        message = f"{place} was made by Passenger and is broken: send it back as it came, or leave the item out"
        raise invalid(message, place) from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


# --- relayed items -----------------------------------------------------------------------------------------------

_COMPACTION = Raw(b'"compaction"')
_INDEX = "output_index"


def restore_summary(item: RawObject, wrapped: str, place: str) -> bytes:
    """An item that was made here, as the user message that it stands for. Fails as `read_summary` does."""
    summary = read_summary(wrapped, place)
    if summary is None:
        return item.encode()
    content = [{"type": "input_text", "text": summary}]
    return msgspec.json.encode({"type": "message", "role": "user", "content": content})


def last_of(items: Sequence[Fields]) -> Sequence[Fields]:
    """The items of an answer; only the last one where all are compacted conversations.

    `gpt-5-mini` answers with several (https://github.com/Menci/Floway/pull/314), each of which holds all up to some
    turn. Codex wants exactly one, and the last one holds everything.
    """
    return items[-1:] if items and all(item.get("type") == _COMPACTION for item in items) else items


class LastCompaction:
    """Holds the events of a compaction item back until it is known to be the last one."""

    def __init__(self) -> None:
        self._held: list[Fields] = []
        self._index: bytes | None = None
        self._left_out = 0

    def filter(self, fields: Fields, item: Fields | None) -> Iterator[Fields]:
        """The events that go down now; `item` is the item of this event."""
        if item is not None and item.get("type") == _COMPACTION:
            self._hold(fields)
            return
        if item is not None or "response" in fields:
            yield from self._held
            self._held = []
        yield self._renumber(fields)

    def _hold(self, fields: Fields) -> None:
        index = bytes(fields.get(_INDEX, b"0"))
        if self._held and index != self._index:
            self._held = []
            self._left_out += 1
        self._index = index
        self._held.append(self._renumber(fields))

    def _renumber(self, fields: Fields) -> Fields:
        """The event with the index of its item among those that are left."""
        digits = bytes(fields.get(_INDEX, b""))
        if self._left_out and digits.isdigit() and len(digits) < len(str(2**31)):
            fields[_INDEX] = Raw(b"%d" % max(0, int(digits) - self._left_out))
        return fields


# --- kept histories ----------------------------------------------------------------------------------------------

_MARK = TRIGGER.encode()

LONGEST_TRIGGER = 500
"""Bytes of a trigger: longer items are not looked into, as a history is gone through for every turn."""


def since_compaction(history: Sequence[bytes]) -> Sequence[bytes]:
    """What a model is given of a kept history, in which a client may have had it compacted.

    From the last time on: the user's messages before it, the compacted conversation, and what followed, as the
    answer of `/responses/compact` goes on. Triggers that no compacted conversation followed are left out.
    """
    places = [place for place, item in enumerate(history) if len(item) < LONGEST_TRIGGER and _MARK in item]
    places = [place for place in places if head_of(history[place]).type == TRIGGER]
    if not places:
        return history
    for place in reversed(places):
        if place + 1 < len(history) and head_of(history[place + 1]).type in ITEMS:
            said = [item for item in history[:place] if _is_said_by_user(item)]
            return [*said, *_without(places, history, place + 1)]
    return _without(places, history)


def _without(places: Sequence[int], items: Sequence[bytes], start: int = 0) -> list[bytes]:
    """The items from a place on, without those at some places."""
    left_out = set(places)
    return [items[place] for place in range(start, len(items)) if place not in left_out]


def _is_said_by_user(item: bytes) -> bool:
    head = head_of(item)
    return head.role == "user" and head.type in {None, "message"}


# --- `POST /v1/responses/compact` --------------------------------------------------------------------------------

_SHARED = ("id", "created_at", "usage")
"""The fields that a compact answer takes from the response; null where it lacks one."""


def to_response_request(request: Request) -> Request:
    """The request for a response that compacts the conversation. Fails where it has no input."""
    decode(request.body)
    body = RawObject(request.body, request.fields)
    body.drop("stream")
    body.set_raw("input", surrogates.encode([*_items(body.get("input")), {"type": TRIGGER}]))
    return Request(body.encode(), request.path_params, request.headers, request.query, request.heavy)


def write_compacted(request: Request, response: bytes) -> bytes:
    """The answer: the user's messages, then the compacted conversation. Fails where the model has made none."""
    answer = decode(response)
    compacted = [item for item in answer["output"] if item.get("type") == "compaction"]
    if not compacted:
        raise Failure(Kind.UPSTREAM, "the model did not compact the conversation", code="bad_answer")
    items = _items(RawObject(request.body, request.fields).get("input"))
    messages = [_output_message(item, index) for index, item in enumerate(filter(_is_user_message, items))]
    shared = {name: answer.get(name) for name in _SHARED}
    return surrogates.encode({**shared, "object": "response.compaction", "output": [*messages, *compacted]})


def _items(value: Any) -> list[Any]:
    """The items of an input, without a trigger at its end."""
    match value:
        case str():
            return [{"type": "message", "role": "user", "content": value}]
        case [*items, {"type": kind}] if kind == TRIGGER:
            return items
        case list():
            return value
        case None:
            raise invalid("input is missing", "input")
        case _:
            raise invalid("input must be a text or a list of items", "input")


def _is_user_message(item: Any) -> bool:
    return isinstance(item, dict) and item.get("role") == "user" and item.get("type", "message") == "message"


def _output_message(item: JSON, index: int) -> JSON:
    content = item.get("content")
    parts = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
    shape = {"type": "message", "id": item.get("id") or f"msg_{index}", "status": "completed", "role": "user"}
    return {**shape, "content": parts}
