"""Event streams: nothing is lost, and the events are the same wherever the network cuts."""

from passenger.framing import SseSplitter, read_sse

_CUTS = 4


def one(data: bytes) -> None:
    """Feed a stream whole and cut at up to four places that its first bytes choose."""
    places, stream = data[:_CUTS], data[_CUTS:]
    whole, rest = _events([stream])
    assert b"".join(whole) + rest == stream
    cut, tail = _events(_cut(stream, places))
    assert b"".join(cut) + tail == stream
    assert _messages(cut) == _messages(whole)


def _cut(stream: bytes, places: bytes) -> list[bytes]:
    """The stream in pieces; a place counts as a share of the length, so that it is never beside the stream."""
    ends = sorted({len(stream) * place // 255 for place in places} | {len(stream)})
    return [stream[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _events(pieces: list[bytes]) -> tuple[list[bytes], bytes]:
    splitter = SseSplitter()
    events = [event for piece in pieces for event in splitter.feed(piece)]
    return events, splitter.flush()


def _messages(events: list[bytes]) -> list[tuple[str, bytes]]:
    """What a client is told; a lone line end that a cut has made an event of its own says nothing."""
    return [message for event in events if (message := read_sse(event)) is not None]
