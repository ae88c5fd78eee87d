"""Characters whose two surrogates come in two events of a stream, since JSON may escape each by itself."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from passenger.chat.events import Delta, Event
from passenger.jsontext.surrogates import join_surrogates, replace_surrogates

LOST = "\ufffd"


class SurrogatePairs:
    """Reads events with lone surrogates and joins the pairs. `names` are the fields whose texts come in pieces."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._high = ""
        self.torn = False
        """Whether any event had to be read here."""

    def read(self, data: bytes) -> Any:
        """The JSON of an event; lone surrogates are left only in the texts that come in pieces.

        Raises:
            ValueError: it is no JSON.
            RecursionError: it is nested too deeply.
        """
        self.torn = True
        return self._replace(json.loads(data))

    def join(self, events: Iterable[Event]) -> Iterable[Event]:
        """The events with every character whole; U+FFFD for a surrogate without its other half."""
        return self._join_events(events) if self.torn else events

    def _replace(self, value: Any, name: str = "") -> Any:
        match value:
            case str():
                return value if name in self._names else replace_surrogates(value)
            case dict():
                return {replace_surrogates(key): self._replace(inner, key) for key, inner in value.items()}
            case list():
                return [self._replace(inner, name) for inner in value]
            case _:
                return value

    def _join_events(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, Delta):
                if text := self._join_text(event.text):
                    yield Delta(text)
            else:
                if self._high:
                    self._high = ""
                    yield Delta(LOST)
                yield event

    def _join_text(self, text: str) -> str:
        """A piece after the high surrogate of the one before it; one at its own end is kept for the next."""
        text = self._high + text
        self._high = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        return join_surrogates(text[: len(text) - len(self._high)])
