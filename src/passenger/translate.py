"""A translated answer: Copilot's stream in one dialect, as events, to a client's in another."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable

from passenger.dialects import Reader, Writer
from passenger.errors import Failure, Kind
from passenger.events import Answer, Event, Finish, Folder
from passenger.framing import Framing, Message, SseSplitter, read_sse
from passenger.upstream import Reply

Note = Callable[[Event], None]


async def events(reply: Reply, reader: Reader) -> AsyncIterator[list[Event]]:
    """The events of an answer, those of each piece of the network together.

    Raises:
        Failure: it broke off, is not complete, or is no stream at all.
    """
    splitter = SseSplitter()
    async for piece in reply.pieces():
        found, failure = _read(reader, splitter.feed(piece))
        if found:
            yield found
        if failure is not None:
            raise failure
    tail = splitter.flush()
    # An event that was cut off is no event; one that only lacks its blank line is whole.
    found, failure = _read(reader, [tail + b"\n\n"] if _is_whole(tail) else [], end=True)
    if found:
        yield found
    if failure is not None:
        raise failure


def _is_whole(tail: bytes) -> bool:
    return tail.endswith((b"}", b"]", b"}\n", b"]\n"))


def _read(reader: Reader, raws: Iterable[bytes], *, end: bool = False) -> tuple[list[Event], Failure | None]:
    """The events, and the failure that came after them."""
    found: list[Event] = []
    try:
        for raw in raws:
            message = read_sse(raw)
            if message is not None:
                found.extend(reader.read(message))
        if end:
            found.extend(reader.end())
    except Failure as failure:
        return found, failure
    return found, None


async def answer(reply: Reply, reader: Reader) -> Answer:
    """The whole answer; fails as `events` does."""
    folder = Folder()
    async for some in events(reply, reader):
        for event in some:
            folder.add(event)
    if folder.answer is None:
        raise Failure(Kind.UPSTREAM, "Copilot ended the stream before the answer was complete", code="stream_broken")
    return folder.answer


async def stream(
    reply: Reply, reader: Reader, writer: Writer, framing: Framing, *, note: Note, fail: Callable[[Failure], None]
) -> AsyncGenerator[bytes, None]:
    """The answer in the client's dialect, as it comes; `note` sees each event, `fail` why it broke."""
    between = framing.opening
    try:
        async for some in events(reply, reader):
            messages = [message for event in some for message in _written(writer, event, note)]
            if messages:
                yield between + _framed(framing, messages)
                between = framing.between
            if isinstance(some[-1], Finish):
                break
    except Failure as failure:
        fail(failure)
        yield between + _framed(framing, list(writer.fail(failure)))
    if framing.closing:
        yield framing.closing


def _written(writer: Writer, event: Event, note: Note) -> Iterable[Message]:
    note(event)
    return writer.send(event)


def _framed(framing: Framing, messages: list[Message]) -> bytes:
    return framing.between.join(framing.frame(message) for message in messages)
