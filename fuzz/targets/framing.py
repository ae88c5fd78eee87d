"""Event streams: nothing is lost, and the messages are the same wherever the network cuts."""

from passenger.dialects.framing import SseSplitter, StreamMessage, read_sse


def one(data: bytes) -> None:
    """Feed a stream whole, and in three pieces that its first two bytes choose."""
    stream = data[2:]
    whole = _events(stream)
    assert b"".join(whole) == stream
    messages = _messages(whole)
    first, second = sorted(len(stream) * place // 255 for place in data[:2].ljust(2))
    cut = _events(stream[:first], stream[first:second], stream[second:])
    assert cut == whole or (b"".join(cut) == stream and _messages(cut) == messages)


def _events(*pieces: bytes) -> list[bytes]:
    """The events, and the rest as the last of them."""
    splitter, events = SseSplitter(), list[bytes]()
    for piece in pieces:
        events += splitter.feed(piece)
    return [*events, splitter.flush()]


def _messages(events: list[bytes]) -> list[StreamMessage]:
    """What a client is told: nothing by the rest, nor by a line end that a cut has made an event of its own."""
    return [message for message in map(read_sse, events[:-1]) if message is not None]
