"""One connection of the load generator; it hides how the end of an answer and the words in it are found."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import cast

from benchmarks.answers import WORDS

FLOWING = 3
"""Words after which a stream counts as flowing."""

LAST = b"0\r\n\r\n"
"""How a chunked answer ends."""

OK = b"HTTP/1.1 200"
"""How what was asked for begins."""

_RESPONSE_ID = re.compile(rb'"id": ?"(resp_\w+)"')
_STORED = re.compile(rb'"store": ?true')
WORD = re.compile(rb"word\d+ ")
"""A word of a stream at full speed."""
_FRAME = re.compile(rb"\r\n[0-9a-f]+\r\n")
"""What stands between two chunks; a server may begin a new one in the middle of a word."""
_STAMP = re.compile(rb"@(\d{16})\.(\d{5}) ")


class WrongAnswerError(Exception):
    """The answer is not the one that was to be measured."""


class Client(asyncio.Protocol):
    """A keep-alive connection; times are in microseconds."""

    def __init__(self, request: bytes, *, streams: bool) -> None:
        self._request = request
        self._streams = streams
        self._pieces: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[None] | None = None
        self._closed = asyncio.Event()
        self._asked = 0.0
        self.flowing = asyncio.Event()
        self.first_us = 0.0
        self.words = 0
        self.delays_us: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready to ask."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its ancestry

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail who waits."""
        self._closed.set()
        self.flowing.set()
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(WrongAnswerError("the connection was closed in the middle of an answer"))

    def data_received(self, data: bytes) -> None:
        """Collect the answer."""
        raise NotImplementedError

    async def ask(self) -> float:
        """Ask, wait for the whole answer, and say how long that took."""
        assert self._transport is not None
        self._begin()
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(self._request)
        await self._answered
        return time.perf_counter() * 1e6 - self._asked

    def _begin(self) -> None:
        self._pieces.clear()
        self.first_us = 0.0
        self._asked = time.perf_counter() * 1e6

    def _end(self) -> None:
        self.flowing.set()  # or it never will
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(None)

    def _whole(self) -> bool:
        """Whether the answer is all there: by its length, or by the last chunk."""
        head, blank, body = b"".join(self._pieces).partition(b"\r\n\r\n")
        _, length, rest = head.lower().partition(b"content-length:")
        if length:
            return len(body) >= int(rest.split(b"\r\n", 1)[0])
        return bool(blank) and body.endswith(LAST)

    def check(self) -> None:
        """Make sure that the last answer was the one expected.

        Raises:
            WrongAnswerError: it was not.
        """
        answer = b"".join(self._pieces)
        if not answer.startswith(OK):
            raise WrongAnswerError(answer[:1000].decode("utf-8", "replace"))
        self._check(answer)

    def _check(self, answer: bytes) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        """Hang up, and wait until that is done."""
        assert self._transport is not None
        self._transport.abort()
        await self._closed.wait()


class Asker(Client):
    """Asks again and again, at full speed; where a stream may lose words, says how many it has lost at most."""

    def __init__(self, request: bytes, *, streams: bool, may_lose: bool = False) -> None:
        super().__init__(request, streams=streams)
        self._may_lose = may_lose
        self.lost = 0

    def data_received(self, data: bytes) -> None:
        """Collect the answer; its end is looked for where it may be."""
        self._pieces.append(data)
        if self._streams and not self.first_us and b"word0" in data:
            self.first_us = time.perf_counter() * 1e6 - self._asked
        may_be_the_end = data.endswith(LAST) or len(data) < len(LAST) or not self._flows()
        if may_be_the_end and self._whole():
            self._end()

    async def prepare(self) -> None:
        """Make ready what is asked."""

    def _flows(self) -> bool:
        """Whether this is the stream that was asked for, not a refusal of it."""
        return self._streams and self._pieces[0].startswith(OK)

    def _check(self, answer: bytes) -> None:
        if not self._streams:
            return
        found = len(set(WORD.findall(_FRAME.sub(b"", answer))))
        self.lost = max(self.lost, WORDS - found)
        if found < (WORDS / 2 if self._may_lose else WORDS):
            raise WrongAnswerError(f"a stream of {found} different words, not {WORDS}")


class Chainer(Asker):
    """Asks for turns that all follow the same response, the last of a chain that is made before.

    `follow` makes the request that follows a response, by its id; empty at the chain's beginning.
    """

    def __init__(self, follow: Callable[[str], bytes], links: int) -> None:
        super().__init__(follow(""), streams=False)
        self._follow = follow
        self._links = links

    async def prepare(self) -> None:
        """Make the chain.

        Raises:
            WrongAnswerError: a response has no id, or is not kept.
        """
        for _ in range(self._links):
            await self.ask()
            self.check()
            answer = b"".join(self._pieces)
            found = _RESPONSE_ID.search(answer)
            if found is None or not _STORED.search(answer):
                raise WrongAnswerError("a response that is not kept")
            self._request = self._follow(found[1].decode())


class Listener(Client):
    """Listens to one paced stream, and to how late each of its words comes; `on_word` is told of each."""

    def __init__(self, request: bytes, *, streams: bool, on_word: Callable[[], object] | None = None) -> None:
        super().__init__(request, streams=streams)
        self._on_word = on_word
        self._rest = b""
        self._tail = b""
        self._last = -1

    def data_received(self, data: bytes) -> None:
        """Count; only what comes before the first word is kept."""
        now = time.monotonic_ns()
        if not self.words:
            self._pieces.append(data)
        for sent, number in _STAMP.findall(self._whole_stamps(data)):
            self.delays_us.append((now - int(sent)) / 1000)
            self.words += 1
            self._last = int(number)
            if self._on_word is not None:
                self._on_word()
        if self.words > FLOWING:
            self.flowing.set()
        self._tail = (self._tail + data)[-len(LAST) :]
        if self._tail == LAST or (not self.words and self._whole()):
            self._end()

    def _whole_stamps(self, data: bytes) -> bytes:
        """The text so far that does not end within a stamp."""
        text = _FRAME.sub(b"", self._rest + data)
        at = text.rfind(b"@")
        cut = at if at >= 0 and not _STAMP.match(text, at) else len(text)
        self._rest = text[cut:]
        return text[:cut]

    def _check(self, answer: bytes) -> None:
        if not self.words or self._last + 1 != self.words:
            raise WrongAnswerError(f"a stream of {self.words} words that should have had {self._last + 1}")
