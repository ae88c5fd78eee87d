"""Characters whose two halves come in two events of a stream; it hides that nearly no stream has any.

JSON may write a character beyond U+FFFF as two escapes, and upstream may cut between them.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from passenger.decoding import mended
from passenger.events import Delta, Event

LOST = "\ufffd"


class SurrogatePairs:
    """Reads events with halves in them, and joins the halves; `names` are the fields whose texts come in pieces."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._half = ""
        self.torn = False
        """Whether there was any half."""

    def read(self, data: bytes) -> Any:
        """The JSON of an event, its halves left only in the texts that come in pieces.

        Raises:
            ValueError: it is no JSON.
            RecursionError: it is nested too deeply.
        """
        self.torn = True
        return self._mended(json.loads(data))

    def told(self, events: Iterable[Event]) -> Iterable[Event]:
        """The events with every character whole: U+FFFD for a half that lacks its other one."""
        return self._joined(events) if self.torn else events

    def _mended(self, value: Any, name: str = "") -> Any:
        match value:
            case str():
                return value if name in self._names else mended(value)
            case dict():
                return {mended(key): self._mended(inner, key) for key, inner in value.items()}
            case list():
                return [self._mended(inner, name) for inner in value]
            case _:
                return value

    def _joined(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, Delta):
                if text := self._whole(event.text):
                    yield Delta(text)
            else:
                if self._half:
                    self._half = ""
                    yield Delta(LOST)
                yield event

    def _whole(self, text: str) -> str:
        """What is whole of a piece and the half that was left of the one before it; the next half is kept."""
        text = self._half + text
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        return whole(text[: len(text) - len(self._half)])


def whole(text: str) -> str:
    """The text with its pairs of halves joined, and U+FFFD for each other half."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
