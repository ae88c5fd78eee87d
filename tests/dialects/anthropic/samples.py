"""The recorded streams of this dialect, and how they are read."""

from pathlib import Path

from passenger.chat.capabilities import Capabilities
from passenger.chat.events import Event
from passenger.chat.prompt import Prompt
from passenger.dialects import anthropic as messages
from passenger.dialects.cut_parts import CutParts
from passenger.dialects.framing import SseSplitter, read_sse

DATA = Path(__file__).parents[2] / "data" / "messages"
SAMPLES = sorted(DATA.glob("*.sse"))
PROMPT = Prompt("claude-opus-5", ())
ABLE = Capabilities("anthropic")


def events_of(stream: bytes, size: int | None = None, prompt: Prompt = PROMPT) -> list[Event]:
    """The events of a stream that comes in pieces of so many bytes; fails as its reader does."""
    splitter, reader, found = SseSplitter(), messages.OUTBOUND.reader(prompt, ABLE), list[Event]()
    size = size or len(stream) or 1
    for start in range(0, len(stream), size):
        for raw in splitter.feed(stream[start : start + size]):
            message = read_sse(raw)
            found += reader.read(message) if message is not None else ()
    assert splitter.flush() == b""
    return CutParts().apply([*found, *reader.end()])


def cuts(stream: bytes) -> list[bytes]:
    """The stream, cut before each of the events that an answer needs."""
    raws = SseSplitter().feed(stream)
    last = next(index for index, raw in enumerate(raws) if b"message_stop" in raw)
    return [b"".join(raws[:count]) for count in range(last + 1)]
