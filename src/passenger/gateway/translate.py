"""A translated answer: Copilot's stream in one dialect, as events, to a client's in another."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable

from passenger.dialects import Reader, Writer
from passenger.dialects.cut_parts import CutParts
from passenger.errors import Failure, Kind
from passenger.events import PARTS_LIMIT, Answer, Event, Finish, Folder, PartStart, too_many_parts
from passenger.framing import Framing, Message, SseSplitter, read_sse
from passenger.upstream import ANSWER_LIMIT, Reply, too_large

DONE = b"[DONE]"

Note = Callable[[Event], None]
Begin = Callable[[], None]
"""Is told when something of the answer is there, and then again."""


async def events(reply: Reply, reader: Reader) -> AsyncIterator[list[Event]]:
    """The events of an answer, those of each piece of the network together; the last is `Finish`.

    Raises:
        Failure: it broke off, is not complete, is larger than any answer, or is no stream at all.
    """
    splitter, cuts = SseSplitter(), CutParts()
    read = parts = 0
    while piece := await reply.piece():
        read += len(piece)
        if read > ANSWER_LIMIT:
            raise too_large(reply.host)
        found, failure = _read(reader, cuts, splitter.feed(piece))
        parts += sum(type(event) is PartStart for event in found)
        if parts > PARTS_LIMIT:
            raise too_many_parts()
        if found:
            yield found
        if failure is not None:
            raise failure.but()
        if found and isinstance(found[-1], Finish):
            # What may still come is read for the connection's sake, which can then serve again.
            await reply.drain()
            return
    found, failure = _read(reader, cuts, _whole(splitter.flush()), end=True)
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


async def stream(
    reply: Reply,
    reader: Reader,
    writer: Writer,
    framing: Framing,
    *,
    note: Note,
    fail: Callable[[Failure], None],
    begin: Begin,
    settle: Callable[[], Awaitable[None]],
) -> AsyncGenerator[bytes, None]:
    """The answer in the client's dialect, as it comes.

    `note` sees each event, `fail` why it broke; `settle` is awaited before what ends it goes down.
    """
    before = framing.opening
    try:
        async for some in events(reply, reader):
            begin()
            messages = [message for event in some for message in _written(writer, event, note)]
            if isinstance(some[-1], Finish):
                await settle()
            if messages:
                yield before + framed(framing, messages)
                before = framing.between
            if isinstance(some[-1], Finish) and framing.closing:
                yield framing.closing
    except Failure as failure:
        fail(failure)
        yield before + framed(framing, list(writer.fail(failure))) + framing.closing


def _written(writer: Writer, event: Event, note: Note) -> Iterable[Message]:
    note(event)
    return writer.send(event)


def framed(framing: Framing, messages: list[Message]) -> bytes:
    """Some messages as bytes."""
    if len(messages) == 1:
        return framing.frame(messages[0])
    return framing.between.join(framing.frame(message) for message in messages)
