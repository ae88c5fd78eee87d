"""Relays a stream of Chat Completions: its events pass as they came, but for the fixes that quirks make."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from passenger.chat.events import PARTS_LIMIT, Usage, too_many_parts
from passenger.dialects import Relay
from passenger.dialects.copilot_errors import incomplete
from passenger.dialects.copilot_usage import CopilotUsage
from passenger.dialects.framing import LF, read_data, write_sse
from passenger.dialects.openai.chat.chunks import (
    NO_NUMBERS,
    Numbers,
    TokenCounts,
    read_token_counts,
    with_number,
    without_number,
)
from passenger.dialects.openai.chat.errors import mid_stream_failure
from passenger.errors import Failure
from passenger.jsontext import surrogates

DONE = b"[DONE]"


class _Call(Struct, gc=False):
    index: int | None = None
    id: str | None = None


class _Delta(Struct, gc=False):
    tool_calls: list[_Call] | None = None
    reasoning_text: msgspec.Raw | UnsetType = UNSET
    reasoning_opaque: msgspec.Raw | UnsetType = UNSET


class ChunkChoice(Struct, gc=False):
    """One choice of an event."""

    index: int = 0
    finish_reason: str | None = None
    delta: _Delta | None = None


class RelayChunk(Struct, gc=False):
    """A chunk, or a whole answer, as far as relaying reads it."""

    object: str | UnsetType | None = UNSET
    choices: list[ChunkChoice] | None = None
    usage: TokenCounts | None = None
    copilot_usage: CopilotUsage | None = None
    error: Any = None


_CHUNK = msgspec.json.Decoder(RelayChunk)


def read_chunk(data: bytes) -> RelayChunk | None:
    """The chunk in an event's data, None where it is no chunk that we can read: such data pass unchanged."""
    try:
        return _CHUNK.decode(data)
    except (ValueError, RecursionError):
        return surrogates.decode_or_none(_CHUNK, data)


def read_usage(chunk: RelayChunk) -> Usage | None:
    """The usage that a chunk or an answer reports."""
    return read_token_counts(chunk.usage, chunk.copilot_usage) if chunk.usage is not None else None


Fix = Callable[[RelayChunk, bytes], bytes | None]
"""Returns an event's data, changed or the very same bytes, or None to withhold the event."""


def only_words(chunk: RelayChunk) -> ChunkChoice | None:
    """The choice of a chunk that holds nothing but more text of one choice, as nearly all do; None for others."""
    if chunk.usage is not None or chunk.copilot_usage is not None or chunk.error is not None:
        return None
    if chunk.choices is None or len(chunk.choices) != 1:
        return None
    choice = chunk.choices[0]
    delta = choice.delta
    if choice.finish_reason or delta is None or delta.tool_calls is not None:
        return None
    return choice if delta.reasoning_text is delta.reasoning_opaque is UNSET else None


class StreamRelay(Relay):
    """Relays one stream.

    An event keeps its bytes unless a fix changes it. `[DONE]` goes down only after every choice has its finish reason,
    and is added where Copilot leaves it out.
    """

    def __init__(self, fixes: Sequence[Fix] = (), fixes_of_words: Sequence[Fix] = ()) -> None:
        """`fixes_of_words` are those of the `fixes` that may change an event of `only_words` whose choice has begun."""
        self._fixes = fixes
        self._fixes_of_words = fixes_of_words
        self.open: Numbers = NO_NUMBERS
        """The choices that have begun and have no finish reason yet."""
        self.finished: Numbers = NO_NUMBERS
        self._nano_credits: int | None = None
        self._usage: Usage | None = None
        self.done = False
        self.failure: Failure | None = None

    @property
    def usage(self) -> Usage | None:
        """The usage that the stream has reported so far."""
        return self._usage

    def event(self, raw: bytes) -> bytes:
        """What goes down for one raw event.

        Raises:
            Failure: Copilot ends the stream before the answer is complete, its error has not OpenAI's shape, or there
                are too many choices.
        """
        if self.failure is not None:
            return b""
        data = read_data(raw)
        if data is None:
            return raw
        chunk = read_chunk(data)
        if chunk is None:
            return self._pass_other(raw, data)
        if (choice := only_words(chunk)) is not None and choice.index in self.open:
            return _fix(raw, data, chunk, self._fixes_of_words)
        self.follow(chunk)
        if chunk.error is not None:
            self._fail(chunk.error)
        return _fix(raw, data, chunk, self._fixes)

    def end(self, tail: bytes) -> bytes:
        """See `Relay.end`."""
        if tail.strip() in {b"data: [DONE]", b"data:[DONE]"} and not self.over:
            return self._terminate(tail.rstrip() + b"\n\n")
        return b"" if self.over else self._terminate(write_sse(DONE))

    def _pass_other(self, raw: bytes, data: bytes) -> bytes:
        """What goes down for data that are no chunk: `[DONE]` without white space around it, all else as it came."""
        if data.strip() != DONE:
            return raw
        return self._terminate(raw if data == DONE else write_sse(DONE))

    def _terminate(self, raw: bytes) -> bytes:
        """The end, which is only due once every choice has its finish reason, and there is at least one."""
        if self.open or not self.finished:
            raise incomplete()
        self.done = True
        return raw

    def _fail(self, error: object) -> None:
        """Keep the failure. An error of OpenAI's shape goes down as it came; any other is raised."""
        failure = mid_stream_failure(error)
        if not isinstance(error, dict) or error.get("message") != failure.message:
            raise failure.but()
        self.failure = failure

    # --- what the stream has said so far -----------------------------------------------------------------------------

    def follow(self, chunk: RelayChunk) -> None:
        """Note which choices are open, and the usage."""
        for choice in chunk.choices or ():
            self._follow_choice(choice)
        if chunk.usage is not None or chunk.copilot_usage is not None:
            self._keep_usage(chunk)

    def _follow_choice(self, choice: ChunkChoice) -> None:
        if choice.finish_reason:
            self.finished = with_number(self.finished, choice.index)
            self.open = without_number(self.open, choice.index)
        elif choice.index not in self.open and choice.index not in self.finished:
            self.open = with_number(self.open, choice.index)
        else:
            return
        if len(self.open) + len(self.finished) > PARTS_LIMIT:
            raise too_many_parts()

    def _keep_usage(self, chunk: RelayChunk) -> None:
        """Keep the last usage, and Copilot's bill, which may come with another event."""
        if chunk.copilot_usage is not None:
            self._nano_credits = chunk.copilot_usage.total_nano_aiu
        usage = read_usage(chunk) or self._usage or Usage()
        self._usage = replace(usage, nano_credits=self._nano_credits)


def _fix(raw: bytes, data: bytes, chunk: RelayChunk, fixes: Sequence[Fix]) -> bytes:
    """What the fixes leave of an event, empty where one withholds it."""
    fixed = data
    for fix in fixes:
        kept = fix(chunk, fixed)
        if kept is None:
            return b""
        fixed = kept
    if fixed is data:
        return raw
    # An event's data may come in several lines; the same JSON needs only one.
    return write_sse(msgspec.json.format(fixed, indent=-1) if LF in fixed else fixed)
