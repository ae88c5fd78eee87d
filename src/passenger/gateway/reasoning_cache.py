"""Signed reasoning that a client cannot send back, kept by the tool calls that it led to until their results come."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from passenger.chat.events import AnswerPart
from passenger.chat.prompt import Message, Part, Prompt, Reasoning, ToolCall
from passenger.gateway.reasoning_file import Kept, ReasoningFile

log = logging.getLogger(__name__)

ENTRIES = 4096
"""Tool calls that are remembered."""

CHARACTERS = 32 * 1024 * 1024
"""Characters of reasoning and its signatures that are remembered: a signature is often 10 to 100 KB."""

LIFETIME = 6 * 3600.0
"""Seconds for which a call is remembered."""

WITHOUT_REASONING = 16_384
"""Calls that are remembered to have had no reasoning."""

PATIENCE = 1.0
"""Seconds that the end of an answer waits until other processes can find its reasoning, and a request to find some."""

SIGNS_WORDS = "/anthropic"
"""How the origin of a signature ends that covers the words, too: they go back with it. Others need no words."""

CallKey = tuple[str, str]
"""Seat and tool-call id."""

_REASONING = msgspec.json.Decoder(tuple[Reasoning, ...])


class _Remembered(NamedTuple):
    """What is remembered for one call. Calls of one answer share its reasoning, whose size counts for the last."""

    expires: float
    reasoning: tuple[Reasoning, ...]
    size: int = 0


class ReasoningCache:
    """The newest reasoning, in the memory of one process, and the file that it shares with others, if there is one."""

    def __init__(self, clock: Callable[[], float], file: ReasoningFile | None = None) -> None:
        self._clock = clock
        self._file = file
        self._kept: OrderedDict[CallKey, _Remembered] = OrderedDict()
        self._size = 0
        self._without_reasoning: set[CallKey] = set()
        self._written: asyncio.Future[None] | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to put back."""
        return not self._kept and (self._file is None or not self._file.exists())

    def keep(self, seat: str, parts: Iterable[AnswerPart]) -> None:
        """Remember the signed reasoning of an answer that calls tools, or that it has none."""
        parts = tuple(parts)
        signed = tuple(_needed(part) for part in parts if isinstance(part, Reasoning) and part.signature is not None)
        calls = tuple(part.id for part in parts if isinstance(part, ToolCall))
        if not signed:
            self._note_without_reasoning(seat, calls)
        if not signed or not calls:
            return
        expires = self._clock() + LIFETIME
        self._remember(seat, calls, expires, signed)
        if self._file is not None:
            self._written = self._file.put(Kept(seat, calls, expires, msgspec.json.encode(signed)))

    async def settle(self) -> None:
        """Wait until other processes can find what was kept: the client may ask one of them next."""
        written, self._written = self._written, None
        if written is None or written.done():
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.shield(written)
        except TimeoutError:
            log.warning("kept reasoning is slow to be written")

    async def recall(self, seat: str, calls: Iterable[str]) -> None:
        """Look in the file for what this process does not know of these calls."""
        if self._file is None:
            return
        unknown = [
            call for call in dict.fromkeys(calls)
            if (seat, call) not in self._kept and (seat, call) not in self._without_reasoning
        ]  # fmt: skip
        if not unknown or not self._file.exists():
            return
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._file.find(seat, unknown)
        except TimeoutError:
            log.warning("kept reasoning is slow to be found")
            return
        for kept in found:
            self._recalled(kept)
        if not self._file.rests:
            self._note_without_reasoning(seat, (call for call in unknown if (seat, call) not in self._kept))

    def of(self, seat: str, calls: Iterable[str]) -> tuple[Reasoning, ...]:
        """The reasoning that led to the first of these calls that is known."""
        for call in calls:
            kept = self._kept.get((seat, call))
            if kept is not None and kept.expires > self._clock():
                return kept.reasoning
        return ()

    def restore(self, seat: str, prompt: Prompt) -> Prompt:
        """The prompt with the reasoning put back before the calls that it led to."""
        self._shrink()
        if not self._kept:
            return prompt
        return replace(prompt, messages=tuple(self._restored(seat, message) for message in prompt.messages))

    def _restored(self, seat: str, message: Message) -> Message:
        """The message with what was kept, instead of reasoning without a signature that a client may have sent."""
        if not _has_forgotten(message):
            return message
        found: Sequence[Part] = self.of(seat, _calls(message))
        if not found:
            return message
        return replace(message, parts=(*found, *(part for part in message.parts if not isinstance(part, Reasoning))))

    def _recalled(self, kept: Kept) -> None:
        try:
            self._remember(kept.seat, kept.calls, kept.expires, _REASONING.decode(kept.reasoning))
        except msgspec.MsgspecError as error:
            log.warning("kept reasoning cannot be read: %s", error)

    def _note_without_reasoning(self, seat: str, calls: Iterable[str]) -> None:
        """Remember that these calls have no reasoning, so that the file need not be asked."""
        if self._file is not None:
            if len(self._without_reasoning) > WITHOUT_REASONING:
                self._without_reasoning.clear()
            self._without_reasoning.update((seat, call) for call in calls)

    def _remember(self, seat: str, calls: Sequence[str], expires: float, reasoning: tuple[Reasoning, ...]) -> None:
        for call in calls:
            self._without_reasoning.discard((seat, call))
            self._put((seat, call), _Remembered(expires, reasoning, _size(reasoning) if call == calls[-1] else 0))
        self._shrink()

    def _put(self, key: CallKey, kept: _Remembered) -> None:
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

    def _drop(self, key: CallKey) -> None:
        if (kept := self._kept.pop(key, None)) is not None:
            self._size -= kept.size


def forgotten(prompt: Prompt) -> Iterator[str]:
    """The calls of a prompt that lack their reasoning."""
    for message in prompt.messages:
        if _has_forgotten(message):
            yield from _calls(message)


def _needed(reasoning: Reasoning) -> Reasoning:
    """What must go back of it: its signature, and the text only where the signature covers it."""
    signature = reasoning.signature
    return reasoning if signature is None or signature.origin.endswith(SIGNS_WORDS) else replace(reasoning, text="")


def _has_forgotten(message: Message) -> bool:
    """Whether it is a model's turn without any signed reasoning."""
    return message.role == "assistant" and not any(
        isinstance(part, Reasoning) and part.signature for part in message.parts
    )


def _calls(message: Message) -> list[str]:
    return [part.id for part in message.parts if isinstance(part, ToolCall)]


def _size(reasoning: Iterable[Reasoning]) -> int:
    return sum(len(one.text) + len(one.signature.value if one.signature else "") for one in reasoning)
