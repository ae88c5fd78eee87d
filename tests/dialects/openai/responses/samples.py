"""The recorded streams, and what becomes of bytes and messages in tests."""

from collections.abc import Iterable
from pathlib import Path

from passenger.chat.events import Answer, Event
from passenger.dialects import Reader
from passenger.dialects.framing import SseSplitter, StreamMessage, read_sse
from tests.folding import fold

DATA = Path(__file__).parents[3] / "data" / "responses"
WHOLE = sorted(path.stem for path in DATA.glob("*.sse"))
FAILURES = sorted(path.stem for path in (DATA / "failures").glob("*.sse"))


def sample(name: str) -> bytes:
    path = DATA / f"{name}.sse"
    return (path if path.exists() else DATA / "failures" / f"{name}.sse").read_bytes()


def raw_events(stream: bytes, size: int = 1 << 20) -> list[bytes]:
    splitter = SseSplitter()
    pieces = (stream[at : at + size] for at in range(0, len(stream), size))
    return [event for piece in pieces for event in splitter.feed(piece)]


def messages(stream: bytes, size: int = 1 << 20) -> list[StreamMessage]:
    return [message for raw in raw_events(stream, size) if (message := read_sse(raw)) is not None]


def events(reader: Reader, given: Iterable[StreamMessage]) -> list[Event]:
    found = [event for message in given for event in reader.read(message)]
    return [*found, *reader.end()]


def answer(reader: Reader, given: Iterable[StreamMessage]) -> Answer:
    return fold(events(reader, given))
