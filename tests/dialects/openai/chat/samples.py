"""The recorded streams of this dialect, and what becomes of bytes in tests."""

import json
from pathlib import Path

from passenger.chat.capabilities import Capabilities
from passenger.chat.events import Answer, Event
from passenger.chat.prompt import Prompt
from passenger.dialects.cut_parts import CutParts
from passenger.dialects.framing import SseSplitter, StreamMessage, read_sse, write_sse
from passenger.dialects.openai import chat as completions
from tests.folding import fold

DATA = Path(__file__).parents[3] / "data" / "completions"
WHOLE = sorted(path.stem for path in DATA.glob("*.sse"))
FAILURES = sorted(path.stem for path in (DATA / "failures").glob("*.sse"))
PROMPT = Prompt("asked-model", ())
ABLE = Capabilities("google")


def sample(name: str) -> bytes:
    return (DATA / f"{name}.sse").read_bytes()


def raw_events(stream: bytes, size: int | None = None) -> list[bytes]:
    """The events of a stream that comes in pieces of so many bytes, what is unfinished among them."""
    splitter, size = SseSplitter(), size or len(stream) or 1
    pieces = (stream[at : at + size] for at in range(0, len(stream), size))
    return [raw for raw in [*(raw for piece in pieces for raw in splitter.feed(piece)), splitter.flush()] if raw]


def message_of(raw: bytes) -> StreamMessage:
    """What one raw event says."""
    message = read_sse(raw)
    assert message is not None
    return message


def events_of(stream: bytes, size: int | None = None, prompt: Prompt = PROMPT) -> list[Event]:
    """What is read of a stream; fails as its reader does."""
    reader, found = completions.OUTBOUND.reader(prompt, ABLE), list[Event]()
    for raw in raw_events(stream, size):
        message = read_sse(raw)
        found += reader.read(message) if message is not None else ()
    return CutParts().apply([*found, *reader.end()])


def answer_of(stream: bytes, prompt: Prompt = PROMPT) -> Answer:
    return fold(events_of(stream, prompt=prompt))


def chunk(delta: object = None, finish: str | None = None, index: object = 0, **fields: object) -> bytes:
    """One event with one choice."""
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return write_sse(json.dumps({"model": "vendor-model", "choices": [choice], **fields}).encode())


def called(index: int | None = 0, call_id: str | None = None, name: str | None = None, arguments: str = "") -> object:
    """The delta with one piece of a call."""
    function = {"name": name, "arguments": arguments}
    return {"tool_calls": [{"index": index, "id": call_id, "type": "function", "function": function}]}


DONE = b"data: [DONE]\n\n"
STOP = chunk({}, "stop") + DONE
