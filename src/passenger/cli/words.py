"""The words of a streamed answer in Chat Completions, as they come."""

from collections.abc import Iterator
from time import perf_counter
from typing import Any

import msgspec

from passenger.errors import Failure, Kind
from passenger.framing import SseSplitter, read_data

DONE = b"[DONE]"


class Words:
    """Reads the pieces of one stream; knows when the first word came, and how the answer ended."""

    def __init__(self) -> None:
        self._splitter = SseSplitter()
        self._began = perf_counter()
        self.first: float | None = None
        """Seconds until the first word."""
        self.finish: str | None = None
        """Why the model stopped, as it says itself."""
        self._is_over = False

    def feed(self, piece: bytes) -> Iterator[str]:
        """The words that a piece completes.

        Raises:
            Failure: the stream says that it has broken, or is none.
        """
        for event in self._splitter.feed(piece):
            if (data := read_data(event)) == DONE:
                self._is_over = True
            elif data is not None:
                yield from self._read(data)

    def end(self) -> None:
        """Find that the stream ended as it should.

        Raises:
            Failure: it did not.
        """
        if not self._is_over:
            raise Failure(Kind.UPSTREAM, "the answer broke off", code="stream_broken")

    def _read(self, data: bytes) -> Iterator[str]:
        try:
            chunk = msgspec.json.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Failure(Kind.UPSTREAM, f"the answer cannot be read: {error}", code="bad_event") from error
        match chunk:
            case {"error": {"message": str(message), **others}}:
                raise Failure(Kind.UPSTREAM, message, code=str(others.get("code") or "stream_broken"))
            case {"choices": [{"delta": dict(delta), **others}, *_]}:
                self.finish = _text(others.get("finish_reason")) or self.finish
                yield from self._said(delta)
            case _:
                pass

    def _said(self, delta: dict[str, Any]) -> Iterator[str]:
        for text in map(_text, (delta.get("content"), delta.get("refusal"))):
            if text:
                if self.first is None:
                    self.first = perf_counter() - self._began
                yield text


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
