"""A translated answer: Copilot's stream as events, and these in the client's dialect."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from passenger.chat.events import Answer, AnswerBuilder, Event, Finish
from passenger.copilot.upstream import ANSWER_LIMIT, Reply, too_large
from passenger.dialects import Reader, Writer
from passenger.dialects.copilot_errors import incomplete
from passenger.dialects.cut_parts import CutParts
from passenger.dialects.framing import Framing, SseSplitter, StreamMessage, read_sse
from passenger.errors import Failure
from passenger.gateway.response import Pouring, Sink

DONE = b"[DONE]"

Note = Callable[[Event], None]
Begin = Callable[[], None]
"""Called when the first events have come, and again with later ones."""


class _Cut:
    """Cuts pieces into events, up to the size of an answer.

    A failure is returned beside the events that came before it, as a copy without a traceback.
    """

    def __init__(self, reader: Reader, host: str) -> None:
        self._reader = reader
        self._host = host
        self._splitter, self._cuts = SseSplitter(), CutParts()
        self._read = 0

    def feed(self, piece: bytes) -> tuple[list[Event], Failure | None]:
        """The events that this piece completes.

        Raises:
            Failure: the answer is larger than any, or has more parts.
        """
        self._read += len(piece)
        if self._read > ANSWER_LIMIT:
            raise too_large(self._host)
        return _read(self._reader, self._cuts, self._splitter.feed(piece))

    def end(self) -> tuple[list[Event], Failure | None]:
        """The events of what is left at upstream's end."""
        return _read(self._reader, self._cuts, _whole(self._splitter.flush()), end=True)


async def events(reply: Reply, reader: Reader) -> AsyncIterator[list[Event]]:
    """The events of an answer, a list for each piece of the network; the last one is `Finish`.

    Raises:
        Failure: it broke off, is incomplete or too large, or is no stream.
    """
    cut = _Cut(reader, reply.host)
    while piece := await reply.piece():
        found, failure = cut.feed(piece)
        if found:
            yield found
        if failure is not None:
            raise failure.but()
        if found and isinstance(found[-1], Finish):
            # Read to the end, so that the connection can be used again.
            await reply.drain()
            return
    found, failure = cut.end()
    if found:
        yield found
    if failure is not None:
        raise failure.but()


def _whole(tail: bytes) -> list[bytes]:
    """The last event if only its blank line is missing; none if it was cut."""
    raw = tail.rstrip(b"\r\n") + b"\n\n"
    message = read_sse(raw)
    return [raw] if message is not None and _is_whole(message.data) else []


def _is_whole(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return data == DONE
    return True


def _read(
    reader: Reader, cuts: CutParts, raws: Iterable[bytes], *, end: bool = False
) -> tuple[list[Event], Failure | None]:
    """The events, and a copy of the failure that came after them."""
    found: list[Event] = []
    try:
        for raw in raws:
            message = read_sse(raw)
            if message is not None:
                found.extend(reader.read(message))
        if end:
            found.extend(reader.end())
    except Failure as failure:
        return [*cuts.apply(found), *cuts.flush()], failure.but()
    return cuts.apply(found), None


async def answer(reply: Reply, reader: Reader, *, begin: Begin) -> Answer:
    """The whole answer. `begin` is called as its events come. Fails as `events` does."""
    builder = AnswerBuilder()
    async for some in events(reply, reader):
        begin()
        for event in some:
            builder.add(event)
    if builder.answer is None:
        raise incomplete()
    return builder.answer


async def translate_into(
    sink: Sink,
    reply: Reply,
    reader: Reader,
    writer: Writer,
    framing: Framing,
    *,
    note: Note,
    fail: Callable[[Failure], None],
    begin: Begin,
    settle: Callable[[], Awaitable[None]],
) -> None:
    """Send the answer down in the client's dialect, as it comes.

    `note` is called with each event, `fail` with the failure that breaks it; `settle` is awaited before the end goes.
    """
    writing = _Writing(reply, sink, reader, writer, framing, note, begin)
    try:
        enough = await writing.pour(sink)
        if not enough:
            writing.end()
        if writing.is_finished:
            await settle()
            writing.finish()
        if writing.failure is not None:
            raise writing.failure.but()
        if enough:
            # Read to the end, so that the connection can be used again.
            await reply.drain()
    except Failure as failure:
        fail(failure)
        writing.fail(failure)


class _Writing(Pouring):
    """Writes events as they come, and holds back what ends the answer until `finish`."""

    __slots__ = (
        "_before",
        "_begin",
        "_cut",
        "_framing",
        "_last",
        "_note",
        "_sink",
        "_writer",
        "failure",
        "is_finished",
    )

    def __init__(  # noqa: PLR0917 - what `translate_into` is given
        self, reply: Reply, sink: Sink, reader: Reader, writer: Writer, framing: Framing, note: Note, begin: Begin
    ) -> None:
        super().__init__(reply)
        self.is_finished = False
        self.failure: Failure | None = None
        """What upstream said went wrong, or is wrong with its answer."""
        self._cut = _Cut(reader, reply.host)
        self._sink = sink
        self._writer = writer
        self._framing = framing
        self._note = note
        self._begin = begin
        self._before = framing.opening
        self._last = b""

    def take(self, data: bytes) -> bool:
        """Write the events that a piece completes; whether more is wanted."""
        return self._write(*self._cut.feed(data))

    def end(self) -> None:
        """Write the events of what is left at upstream's end."""
        self._write(*self._cut.end())

    def _write(self, found: list[Event], failure: Failure | None) -> bool:
        """Write events; whether more is wanted. The failure came after them."""
        self.failure = failure
        if found:
            self._begin()
            down = self._written(found)
            self.is_finished = isinstance(found[-1], Finish)
            if self.is_finished:
                self._last = down
            elif down:
                self._sink.piece(down)
        return failure is None and not self.is_finished

    def finish(self) -> None:
        """Send what ends the answer."""
        self._sink.piece(self._last + self._framing.closing)

    def fail(self, failure: Failure) -> None:
        """Say what went wrong."""
        self._sink.piece(self._framed(list(self._writer.fail(failure))) + self._framing.closing)

    def _written(self, found: list[Event]) -> bytes:
        messages: list[StreamMessage] = []
        for event in found:
            self._note(event)
            messages += self._writer.send(event)
        return self._framed(messages) if messages else b""

    def _framed(self, messages: list[StreamMessage]) -> bytes:
        before, self._before = self._before, self._framing.between
        return before + framed(self._framing, messages)


def framed(framing: Framing, messages: list[StreamMessage]) -> bytes:
    """Some messages as bytes."""
    if len(messages) == 1:
        return framing.frame(messages[0])
    return framing.between.join([framing.frame(message) for message in messages])
