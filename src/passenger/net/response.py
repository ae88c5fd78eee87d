"""A response being received: wait for its head, then pull its body piece by piece or have it pushed to a receiver."""

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Protocol, Self

from passenger.net.content_decoding import ContentDecoder, decoder_for
from passenger.net.exceptions import NETWORK_ERRORS, IncompleteBodyError, ProtocolError
from passenger.net.parser import Headers

if TYPE_CHECKING:
    from passenger.net.connection import UpstreamConnection

MOST_WAITING = 128 * 1024
"""Bytes of a body that may be buffered before reading from the network pauses."""


class Receiver(Protocol):
    """Takes a body as it comes. It is called from the network's callback and must not block."""

    def piece(self, data: bytes, /) -> None:
        """Take the next piece."""

    def ended(self, error: Exception | None, /) -> None:
        """Take the end, with the error if there was one; called once, unless the response was closed."""


class HttpResponse:
    """A response. `status` is 0 until its head has come; header names are lower case.

    `waited` is the seconds that connecting took, plus those from the last byte sent to the head. It must be closed,
    for example by a `with` block.
    """

    __slots__ = (
        "_connection",
        "_decoder",
        "_ended",
        "_error",
        "_is_full",
        "_loop",
        "_paused",
        "_receiver",
        "_size",
        "_waiter",
        "_waiting",
        "headers",
        "host",
        "sent",
        "status",
        "waited",
    )

    def __init__(self, host: str, line: "UpstreamConnection", connecting: float = 0.0) -> None:
        self.host = host
        self.status = 0
        self.headers: Headers = []
        self.waited = connecting
        self.sent = perf_counter()
        self._connection: UpstreamConnection | None = line
        self._loop = line.loop  # asking for the running one is a system call in Python 3.11
        self._waiting: list[bytes] = []
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self._decoder: ContentDecoder | None = None
        self._receiver: Receiver | None = None
        self._ended = self._paused = self._is_full = False
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def header(self, name: str) -> str:
        """The first value of a header, by its lower-case name; empty if there is none."""
        for key, value in self.headers:
            if key == name:
                return value
        return ""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self._ended

    async def wait_for_head(self) -> None:
        """Wait for the head; if the wait is cancelled, the connection is closed.

        Raises:
            NetworkError, OSError: none came; after the deadline it is a `TimeoutError`.
        """
        while not self.status and not self._ended:
            self._waiter = self._loop.create_future()  # as `_wait` does, without a coroutine more for each request
            try:
                await self._waiter
            except BaseException:
                self.close()
                raise
            finally:
                self._waiter = None
        if self._error is not None and not self.status:
            raise _copy_error(self._error)

    # --- pulling -----------------------------------------------------------------------------------------------------

    async def piece(self) -> bytes:
        """The next piece of the body as the network delivers it, empty at its end.

        Raises:
            NetworkError, OSError: the body broke off; all that came before has been returned.
        """
        if self._decoder is None:
            return await self._pull()
        while not (piece := self._decoder.piece()):
            packed = await self._pull()
            if not packed:
                self._decoder.end()
                return b""
            self._decoder.feed(packed)
        return piece

    def rest(self) -> bytes | None:
        """The rest of the body if all of it has come, else None."""
        if not self._ended or self._error is not None or self._decoder is not None:
            return None
        return self._take_waiting() if self._waiting else b""

    async def read(self, most: int, within: float | None = None) -> bytes:
        """The body up to `most` bytes. With `within` it also ends after so many seconds, or where it breaks off."""
        body = bytearray()
        try:
            async with asyncio.timeout(within):
                while len(body) < most and (piece := await self.piece()):
                    body += piece
        except NETWORK_ERRORS:
            if within is None:
                raise
        return bytes(body[:most])

    async def _pull(self) -> bytes:
        while not self._waiting:
            if self._ended:
                if self._error is not None:
                    raise _copy_error(self._error)
                return b""
            await self._wait()
        return self._take_waiting()

    def _take_waiting(self) -> bytes:
        """All buffered bytes as one piece."""
        waiting, self._waiting, self._size = self._waiting, [], 0
        if self._is_full:
            self._is_full = False
            if self._connection is not None and not self._paused:
                self._connection.resume()
        return waiting[0] if len(waiting) == 1 else b"".join(waiting)

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # --- pushing -----------------------------------------------------------------------------------------------------

    def pour(self, receiver: Receiver | None) -> None:
        """Push what is buffered, at once, and then each piece as it comes, to a receiver.

        None buffers what comes. A pause ends with the receiver that it was made for; one made before the first receiver
        is that one's.
        """
        before, self._receiver = self._receiver, receiver
        if self._paused and (receiver is None or before is not None):
            self.resume()
        else:
            self._pour_on()

    def pause(self) -> None:
        """Push nothing for now, and pause reading."""
        self._paused = True
        if self._connection is not None:
            self._connection.pause()

    def resume(self) -> None:
        """Go on."""
        self._paused = False
        if self._connection is not None:
            self._connection.resume()
        if self._receiver is not None:
            self._pour_on()

    def _pour_on(self) -> None:
        while self._receiver is not None and not self._paused and (piece := self._next_piece()):
            self._receiver.piece(piece)
        if self._ended and self._receiver is not None and not self._paused:
            receiver, self._receiver = self._receiver, None
            receiver.ended(self._error or self._missing_end())

    def _next_piece(self) -> bytes:
        """The bytes that can be pushed now, empty if there are none."""
        if self._decoder is None:
            return self._take_waiting() if self._waiting else b""
        try:
            while not (piece := self._decoder.piece()) and self._waiting:
                self._decoder.feed(self._take_waiting())
        except ProtocolError as error:
            self._give_up(error)
            return b""
        return piece

    def _missing_end(self) -> Exception | None:
        """The error if the decoder lacks the end of a body that the network has completed."""
        try:
            if self._decoder is not None:
                self._decoder.end()
        except ProtocolError as error:
            return error
        return None

    # --- what the connection calls -----------------------------------------------------------------------------------

    def begin(self, status: int, headers: Headers, coding: str) -> None:
        """Take the head."""
        self.waited += perf_counter() - self.sent
        self.status, self.headers = status, headers
        if coding:
            try:
                self._decoder = decoder_for(coding)
            except ProtocolError as error:
                self.status = 0
                self._give_up(error)
        self._wake()

    def take(self, piece: bytes) -> None:
        """Take a piece of the body."""
        if self._receiver is not None and self._decoder is None and not self._paused:
            self._receiver.piece(piece)
            return
        self._waiting.append(piece)
        self._size += len(piece)
        if self._receiver is not None:
            self._pour_on()
            return
        if self._size > MOST_WAITING and not self._is_full:
            self._is_full = True  # also where somebody waits: one turn of the loop reads up to 32 times
            if self._connection is not None:
                self._connection.pause()
        self._wake()

    def end(self, error: Exception | None = None) -> None:
        """Take the end."""
        self._ended, self._error, self._connection = True, error, None
        self._wake()
        if self._receiver is not None:
            self._pour_on()

    # --- giving up ---------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Drop what has not come yet; the receiver is not called any more."""
        self._receiver = None
        if not self._ended:
            self._give_up(IncompleteBodyError())
            self._wake()

    def _give_up(self, error: Exception) -> None:
        line, self._connection = self._connection, None
        self._waiting.clear()
        self._ended, self._error = True, error
        if line is not None:
            line.abort()


def _copy_error(error: Exception) -> Exception:
    """A copy of an error: a raised one keeps the frames that it went through, and they keep the response."""
    return type(error)(*error.args)
