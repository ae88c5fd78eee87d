"""Thoughts that a client cannot carry, kept by the tool calls they led to until the results of those come."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from passenger.chat import Message, Part, Prompt, Thought, ToolCall
from passenger.events import AnswerPart

ENTRIES = 4096
"""Tool calls that are remembered."""

CHARACTERS = 32 * 1024 * 1024
"""Characters of thoughts and their seals that are: a seal is often 10 to 100 KB."""

LIFETIME = 6 * 3600.0
"""Seconds that each is."""

Key = tuple[str, str]
"""Seat and tool-call id."""


class _Kept(NamedTuple):
    """What is remembered for one call. Calls of one answer share its thoughts, whose size the last of them bears."""

    expires: float
    thoughts: tuple[Thought, ...]
    size: int = 0


class Thoughts:
    """One process's memory of them, the newest; a conversation that outlives it goes on without."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._size = 0

    def keep(self, seat: str, parts: Iterable[AnswerPart]) -> None:
        """Remember the sealed thoughts of an answer that calls tools."""
        parts = tuple(parts)
        sealed = tuple(part for part in parts if isinstance(part, Thought) and part.seal is not None)
        calls = [part for part in parts if isinstance(part, ToolCall)]
        if not sealed or not calls:
            return
        expires, keys = self._clock() + LIFETIME, [(seat, call.id) for call in calls]
        for key in keys:
            self._put(key, _Kept(expires, sealed, _size(sealed) if key == keys[-1] else 0))
        self._shrink()

    def restore(self, seat: str, prompt: Prompt) -> Prompt:
        """The prompt with the thoughts put back before the calls they led to."""
        self._shrink()
        if not self._kept:
            return prompt
        return replace(prompt, messages=tuple(self._restored(seat, message) for message in prompt.messages))

    def _restored(self, seat: str, message: Message) -> Message:
        """The message with what was kept instead of the unsealed words that a client may have kept of it."""
        if message.role != "assistant" or any(isinstance(part, Thought) and part.seal for part in message.parts):
            return message
        found: list[Part] = []
        for part in message.parts:
            if isinstance(part, ToolCall) and not found:
                found += self._of(seat, part.id)
        if not found:
            return message
        return replace(message, parts=(*found, *(part for part in message.parts if not isinstance(part, Thought))))

    def _of(self, seat: str, call_id: str) -> tuple[Thought, ...]:
        kept = self._kept.get((seat, call_id))
        return kept.thoughts if kept is not None else ()

    def _put(self, key: Key, kept: _Kept) -> None:
        """Remember it as the newest."""
        self._drop(key)
        self._kept[key] = kept
        self._size += kept.size

    def _shrink(self) -> None:
        """Forget the oldest while they are over, or too many, or too large."""
        now = self._clock()
        while self._kept:
            key, oldest = next(iter(self._kept.items()))
            if oldest.expires > now and len(self._kept) <= ENTRIES and self._size <= CHARACTERS:
                return
            self._drop(key)

    def _drop(self, key: Key) -> None:
        if (kept := self._kept.pop(key, None)) is not None:
            self._size -= kept.size


def _size(thoughts: Iterable[Thought]) -> int:
    return sum(len(thought.text) + len(thought.seal.value if thought.seal else "") for thought in thoughts)
