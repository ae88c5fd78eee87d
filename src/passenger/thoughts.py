"""Thoughts that a client cannot carry, kept by the tool calls they led to until the results of those come."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace

from passenger.chat import Message, Part, Prompt, Thought, ToolCall
from passenger.events import AnswerPart

ENTRIES = 4096
"""Tool calls that are remembered."""

LIFETIME = 6 * 3600.0
"""Seconds that each is."""

Key = tuple[str, str]
"""Seat and tool-call id."""


class Thoughts:
    """One process's memory of them; a conversation that outlives it goes on without."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: OrderedDict[Key, tuple[float, tuple[Thought, ...]]] = OrderedDict()

    def keep(self, seat: str, parts: Iterable[AnswerPart]) -> None:
        """Remember the sealed thoughts of an answer that calls tools."""
        parts = tuple(parts)
        sealed = tuple(part for part in parts if isinstance(part, Thought) and part.seal is not None)
        calls = [part for part in parts if isinstance(part, ToolCall)]
        if not sealed or not calls:
            return
        for call in calls:
            self._kept[seat, call.id] = (self._clock() + LIFETIME, sealed)
        while len(self._kept) > ENTRIES:
            self._kept.popitem(last=False)

    def restore(self, seat: str, prompt: Prompt) -> Prompt:
        """The prompt with the thoughts put back before the calls they led to."""
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
        expires, thoughts = self._kept.get((seat, call_id), (0.0, ()))
        return thoughts if expires > self._clock() else ()
