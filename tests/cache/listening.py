"""What takes an answer as it comes."""

import asyncio

from passenger.cache.replay import Replay


class Listener:
    """A receiver that remembers; with `after` it pauses its reply after so many pieces."""

    def __init__(self, reply: Replay, after: int = 1 << 30) -> None:
        self.pieces: list[bytes] = []
        self.error: Exception | None = None
        self.over = asyncio.Event()
        self._reply = reply
        self._after = after

    def piece(self, data: bytes) -> None:
        self.pieces.append(data)
        if len(self.pieces) == self._after:
            self._reply.pause()

    def ended(self, error: Exception | None) -> None:
        assert not self.over.is_set(), "the end is told once"
        self.error = error
        self.over.set()
