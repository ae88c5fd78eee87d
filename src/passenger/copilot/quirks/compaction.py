"""Compacted conversations on Copilot's `/responses`: who compacts there, and what is made of the items (2026-11).

Copilot takes the `compaction_trigger` for OpenAI's models (it has no `/responses/compact`). `gpt-5-mini` answers with
several items, each of which holds all up to some turn (https://github.com/Menci/Floway/pull/314); Codex wants exactly
one, and the last one holds everything.
"""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Raw

from passenger.body import Body, Fields
from passenger.decoding import invalid
from passenger.dialects.responses import compaction
from passenger.errors import Failure, Kind

VENDORS = frozenset({"openai"})
"""Whose models compact a conversation by themselves; any other is asked for a summary."""

ITEM = Raw(b'"compaction"')
_INDEX = "output_index"


def compacts_itself(vendor: str) -> bool:
    """Whether the trigger may go up to a vendor's model as it is; one that nothing is known of is tried."""
    return not vendor or vendor in VENDORS


def is_refused(failure: Failure) -> bool:
    """Whether the model does not know the trigger after all."""
    return failure.kind is Kind.INVALID and compaction.TRIGGER in failure.message


def restore_summary(item: Body, sealed: str, place: str) -> bytes:
    """An item of our making as the message that it stands for.

    Raises:
        Failure: it is broken.
    """
    try:
        told = compaction.opened(sealed)
    except ValueError as error:
        raise invalid(compaction.broken(place), place) from error
    if told is None:
        return item.encode()
    content = [{"type": "input_text", "text": told}]
    return msgspec.json.encode({"type": "message", "role": "user", "content": content})


def last_of(items: Sequence[Fields]) -> Sequence[Fields]:
    """The items of an answer, of several compacted conversations the last one where it has nothing else."""
    return items[-1:] if items and all(item.get("type") == ITEM for item in items) else items


class OneCompaction:
    """Holds back the events of a compaction item until it is known to be the last one."""

    def __init__(self) -> None:
        self._held: list[Fields] = []
        self._place: bytes | None = None
        self._left_out = 0

    def pass_on(self, fields: Fields, item: Fields | None) -> Iterator[Fields]:
        """The events that go down now; `item` is the one that the event has."""
        if item is not None and item.get("type") == ITEM:
            self._hold(fields)
            return
        if item is not None or "response" in fields:
            yield from self._held
            self._held = []
        yield self._moved(fields)

    def _hold(self, fields: Fields) -> None:
        place = bytes(fields.get(_INDEX, b"0"))
        if self._held and place != self._place:
            self._held = []
            self._left_out += 1
        self._place = place
        self._held.append(self._moved(fields))

    def _moved(self, fields: Fields) -> Fields:
        """The event with its place among the items that are left."""
        digits = bytes(fields.get(_INDEX, b""))
        if self._left_out and digits.isdigit() and len(digits) < len(str(2**31)):
            fields[_INDEX] = Raw(b"%d" % max(0, int(digits) - self._left_out))
        return fields
