"""The bytes of a relayed answer, wherever the network cut them."""

import asyncio

import pytest

from passenger.chat.events import AnswerIdentity
from passenger.chat.prompt import Ask, Initiator
from passenger.dialects.openai.chat import quirks as completions
from passenger.errors import Failure
from passenger.gateway.relay import relay_into
from tests.gateway.streams import Kept, Pieces

STAMP = AnswerIdentity("0" * 32, 1_790_000_000)
EVENTS = (
    b'{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}',
    b"[DONE]",
)


def told(*pieces: bytes) -> bytes:
    """What goes down."""

    async def run() -> bytes:
        relay, sink = completions.relay(Ask("m", stream=True, initiator=Initiator.USER), STAMP), Kept()
        await relay_into(sink, Pieces(*pieces).reply, relay, _broken)
        return b"".join(sink.pieces)

    return asyncio.run(run())


def _broken(failure: Failure) -> bytes:
    raise failure


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_the_bytes_are_the_same_at_every_cut(end: bytes) -> None:
    stream = b"".join(b"data: " + data + 2 * end for data in EVENTS)
    for at in range(1, len(stream)):
        assert told(stream[:at], stream[at:]) == stream


def test_what_follows_the_end_of_an_answer_is_not_told() -> None:
    stream = b"".join(b"data: %b\r\n\r\n" % data for data in EVENTS)
    assert told(stream[:-1], b"\ndata: more\r\n\r\n") == stream
    assert told(stream[:-1], b"data: more\r\n\r\n") == stream[:-1]
