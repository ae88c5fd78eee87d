"""Passing a stream on as it came: a tap for usage and completeness, and the fixes that quirks ask for."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from passenger.chat import Usage
from passenger.decoding import loads
from passenger.dialects.completions.choice_numbers import NO_NUMBERS, Numbers, with_number, without_number
from passenger.dialects.completions.wire import Bill, TokenCounts, usage_of
from passenger.errors import STATUS, Failure, Kind, kind_of
from passenger.events import PARTS_LIMIT, too_many_parts
from passenger.framing import LF, read_data, write_sse

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


class Chunk(Struct, gc=False):
    """One event of a stream, or a whole answer, as far as relaying needs to know it."""

    object: str | UnsetType | None = UNSET
    choices: list[ChunkChoice] | None = None
    usage: TokenCounts | None = None
    copilot_usage: Bill | None = None
    error: Any = None


_CHUNK = msgspec.json.Decoder(Chunk)


def read_chunk(data: bytes) -> Chunk | None:
    """One event's data, None where it is not a chunk we understand: then it is nobody's business but the client's."""
    try:
        return _CHUNK.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None if data == DONE else _read_leniently(data)


def _read_leniently(data: bytes) -> Chunk | None:
    """The same for lone surrogate escapes, which the fast decoder refuses."""
    try:
        return msgspec.convert(loads(data), Chunk)
    except (ValueError, RecursionError):
        return None


def read_usage(chunk: Chunk) -> Usage | None:
    """What a chunk or an answer says it used."""
    return usage_of(chunk.usage, chunk.copilot_usage) if chunk.usage is not None else None


class Tap:
    """Watches a stream: each choice that was begun must finish before the stream counts as complete."""

    def __init__(self) -> None:
        self._open: Numbers = NO_NUMBERS
        self._finished: Numbers = NO_NUMBERS
        self._nano_credits: int | None = None
        self.usage: Usage | None = None

    @property
    def complete(self) -> bool:
        """Whether every choice has its finish reason, and there is at least one."""
        return bool(self._finished) and not self._open

    def is_open(self, index: int) -> bool:
        """Whether a choice has begun and not finished."""
        return index in self._open

    def read(self, chunk: Chunk) -> None:
        """Note one chunk."""
        for choice in chunk.choices or ():
            self._note(choice)
        if chunk.usage is not None or chunk.copilot_usage is not None:
            self._bill(chunk)

    def _note(self, choice: ChunkChoice) -> None:
        if choice.finish_reason:
            self._finished = with_number(self._finished, choice.index)
            self._open = without_number(self._open, choice.index)
        elif choice.index not in self._open and choice.index not in self._finished:
            self._open = with_number(self._open, choice.index)
        else:
            return
        if len(self._open) + len(self._finished) > PARTS_LIMIT:
            raise too_many_parts()

    def _bill(self, chunk: Chunk) -> None:
        """Keep the last usage, and Copilot's bill from whichever event carried it."""
        if chunk.copilot_usage is not None:
            self._nano_credits = chunk.copilot_usage.total_nano_aiu
        usage = read_usage(chunk) or self.usage or Usage()
        self.usage = replace(usage, nano_credits=self._nano_credits)


Fix = Callable[[Chunk, bytes], bytes | None]
"""Changes one event's data, or withholds the event (None); gives back the very same bytes where it has no say.

It has none in an event of `only_words`, and is not asked there once its choice has begun.
"""


def only_words(chunk: Chunk) -> ChunkChoice | None:
    """The one choice of an event that is like nearly all: it has a name, more words, and nothing else of interest."""
    if not chunk.object or chunk.usage is not None or chunk.copilot_usage is not None or chunk.error is not None:
        return None
    if chunk.choices is None or len(chunk.choices) != 1:
        return None
    choice = chunk.choices[0]
    delta = choice.delta
    if choice.finish_reason or delta is None or delta.tool_calls is not None:
        return None
    return choice if delta.reasoning_text is delta.reasoning_opaque is UNSET else None


class StreamRelay:
    """Passes a stream on as it came, and knows whether it ended well.

    Every event goes down with its own bytes unless a fix changes it. `[DONE]` goes down only after every choice
    has its finish reason, and is added where upstream forgot it.
    """

    def __init__(self, fixes: Sequence[Fix] = ()) -> None:
        self._fixes = fixes
        self._tap = Tap()
        self.done = False
        self.failure: Failure | None = None

    @property
    def over(self) -> bool:
        """Whether nothing goes down any more."""
        return self.done or self.failure is not None

    @property
    def usage(self) -> Usage | None:
        """What the stream said it used, so far."""
        return self._tap.usage

    def event(self, raw: bytes) -> bytes:
        """What goes down for one raw event.

        Raises:
            Failure: upstream says it is done before the answer is, or an error that no client would understand.
        """
        if self.failure is not None:
            return b""
        data = read_data(raw)
        if data is None:
            return raw
        chunk = read_chunk(data)
        if chunk is None:
            return self._ended(raw, data)
        if (choice := only_words(chunk)) is not None and self._tap.is_open(choice.index):
            return raw
        return self._pass(raw, data, chunk)

    def _ended(self, raw: bytes, data: bytes) -> bytes:
        """What goes down for what is no chunk: `[DONE]` without what may be around it, all else as it came."""
        if data.strip() != DONE:
            return raw
        return self._terminate(raw if data == DONE else write_sse(DONE))

    def end(self, tail: bytes) -> bytes:
        """What goes down when upstream has ended and left this unfinished event.

        Raises:
            Failure: the answer is not complete.
        """
        if tail.strip() in {b"data: [DONE]", b"data:[DONE]"} and not self.over:
            return self._terminate(tail.rstrip() + b"\n\n")
        return b"" if self.over else self._terminate(write_sse(DONE))

    def _terminate(self, raw: bytes) -> bytes:
        if not self._tap.complete:
            message = "Copilot ended the stream before the answer was complete"
            raise Failure(Kind.UPSTREAM, message, code="stream_broken")
        self.done = True
        return raw

    def _pass(self, raw: bytes, data: bytes, chunk: Chunk) -> bytes:
        self._tap.read(chunk)
        if chunk.error is not None:
            self._fail(chunk.error)
        fixed = data
        for fix in self._fixes:
            kept = fix(chunk, fixed)
            if kept is None:
                return b""
            fixed = kept
        if fixed is data:
            return raw
        # An event's data may come in several lines; the same JSON needs only one.
        return write_sse(msgspec.json.format(fixed, indent=-1) if LF in fixed else fixed)

    def _fail(self, error: object) -> None:
        """Let an error of OpenAI's shape go down as it came."""
        failure = mid_stream_failure(error)
        if not isinstance(error, dict) or error.get("message") != failure.message:
            raise failure.but()
        self.failure = failure


def mid_stream_failure(error: object) -> Failure:
    """The failure that an error event tells of; its `code` may be an HTTP status."""
    fields = error if isinstance(error, dict) else {"message": error}
    code, message = fields.get("code"), fields.get("message")
    status = code if isinstance(code, int) and 400 <= code < 600 else STATUS[Kind.UPSTREAM]
    said = message if isinstance(message, str) and message else "Copilot's stream failed"
    return Failure(kind_of(status), said, status=status, code=str(code) if code else None)
