"""A translated answer: Copilot's stream in one dialect, as events, to a client's in another."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from passenger.dialects import Reader, Writer
from passenger.dialects.cut_parts import CutParts
from passenger.errors import Failure, Kind
from passenger.events import PARTS_LIMIT, Answer, Event, Finish, Folder, PartStart, too_many_parts
from passenger.framing import Framing, Message, SseSplitter, read_sse
from passenger.gateway.pouring import pour
from passenger.gateway.sink import Sink
from passenger.upstream import ANSWER_LIMIT, Reply, too_large

DONE = b"[DONE]"

Note = Callable[[Event], None]
Begin = Callable[[], None]
"""Is told when something of the answer is there, and then again."""


class _Cut:
    """Cuts what comes into events, and counts it.

    What fails is given beside the events that came before it: a copy, that holds no frame which then holds it.
    """

    def __init__(self, reader: Reader, host: str) -> None:
        self._reader = reader
        self._host = host
        self._splitter, self._cuts = SseSplitter(), CutParts()
        self._read = self._parts = 0

    def feed(self, piece: bytes) -> tuple[list[Event], Failure | None]:
        """The events that this piece completes.

        Raises:
            Failure: the answer is larger than any.
        """
        self._read += len(piece)
        if self._read > ANSWER_LIMIT:
            raise too_large(self._host)
        found, failure = _read(self._reader, self._cuts, self._splitter.feed(piece))
        for event in found:
            if type(event) is PartStart:
                self._parts += 1
        if self._parts > PARTS_LIMIT:
            raise too_many_parts()
        return found, failure

    def end(self) -> tuple[list[Event], Failure | None]:
        """Those of what is left when upstream has ended."""
        return _read(self._reader, self._cuts, _whole(self._splitter.flush()), end=True)


async def events(reply: Reply, reader: Reader) -> AsyncIterator[list[Event]]:
    """The events of an answer, those of each piece of the network together; the last is `Finish`.

    Raises:
        Failure: it broke off, is not complete, is larger than any answer, or is no stream at all.
    """
    cut = _Cut(reader, reply.host)
    while piece := await reply.piece():
        found, failure = cut.feed(piece)
        if found:
            yield found
        if failure is not None:
            raise failure.but()
        if found and isinstance(found[-1], Finish):
            # What may still come is read for the connection's sake, which can then serve again.
            await reply.drain()
            return
    found, failure = cut.end()
    if found:
        yield found
    if failure is not None:
        raise failure.but()


def _whole(tail: bytes) -> list[bytes]:
    """What is left at the end, where only its blank line is missing; an event that was cut off is none."""
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
    """The events, and the failure that came after them: a copy, that holds no frame which then holds it."""
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
    """The whole answer; `begin` is told when something of it is there. Fails as `events` does."""
    folder = Folder()
    async for some in events(reply, reader):
        begin()
        for event in some:
            folder.add(event)
    if folder.answer is None:
        raise Failure(Kind.UPSTREAM, "Copilot ended the stream before the answer was complete", code="stream_broken")
    return folder.answer


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
    """Let the answer go down in the client's dialect, as it comes.

    `note` sees each event, `fail` why it broke; `settle` is awaited before what ends it goes down.
    """
    cut, writing = _Cut(reader, reply.host), _Writing(sink, writer, framing, note, begin)
    try:
        enough = await pour(reply, lambda piece: writing.take(*cut.feed(piece)), sink)
        if not enough:
            writing.take(*cut.end())
        if writing.is_finished:
            await settle()
            writing.finish()
        if writing.failure is not None:
            raise writing.failure.but()
        if enough:
            # What may still come is read for the connection's sake, which can then serve again.
            await reply.drain()
    except Failure as failure:
        fail(failure)
        writing.fail(failure)


class _Writing:
    """Writes events as they come, and keeps back what ends the answer until more has been done."""

    __slots__ = ("_before", "_begin", "_framing", "_last", "_note", "_sink", "_writer", "failure", "is_finished")

    def __init__(self, sink: Sink, writer: Writer, framing: Framing, note: Note, begin: Begin) -> None:
        self.is_finished = False
        self.failure: Failure | None = None
        """What upstream said went wrong, or what is wrong with what it said."""
        self._sink = sink
        self._writer = writer
        self._framing = framing
        self._note = note
        self._begin = begin
        self._before = framing.opening
        self._last = b""

    def take(self, found: list[Event], failure: Failure | None) -> bool:
        """Whether more is wanted after these events, which came before that failure."""
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
        messages: list[Message] = []
        for event in found:
            self._note(event)
            messages += self._writer.send(event)
        return self._framed(messages) if messages else b""

    def _framed(self, messages: list[Message]) -> bytes:
        before, self._before = self._before, self._framing.between
        return before + framed(self._framing, messages)


def framed(framing: Framing, messages: list[Message]) -> bytes:
    """Some messages as bytes."""
    if len(messages) == 1:
        return framing.frame(messages[0])
    return framing.between.join(framing.frame(message) for message in messages)
