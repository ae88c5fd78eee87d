"""An answer that is under way: its head is waited for, its body pulled piece by piece or poured into a receiver."""

import asyncio
from time import perf_counter
from types import TracebackType
from typing import Protocol, Self

from passenger.net.coding import Unpacker, unpacker_of
from passenger.net.errors import NETWORK_ERRORS, IncompleteBodyError, ProtocolError
from passenger.net.parser import Headers

MOST_WAITING = 128 * 1024
"""Bytes of a body that may wait for whoever pulls it before nothing more is read from the network."""


class Receiver(Protocol):
    """Whatever a body is poured into. It is called straight from the network's callback, so it must not wait."""

    def piece(self, data: bytes, /) -> None:
        """Take the next piece."""
        ...

    def ended(self, error: Exception | None, /) -> None:
        """Take note that nothing more comes, and of what went wrong; called once, unless the answer was closed."""
        ...


class Line(Protocol):
    """The connection that an answer comes from, as the answer knows it."""

    loop: asyncio.AbstractEventLoop

    def pause(self) -> None:
        """Read nothing more from the network for now."""
        ...

    def resume(self) -> None:
        """Go on reading."""
        ...

    def abort(self) -> None:
        """Give the connection up with all that is on it."""
        ...


class Response:
    """`status` is 0 until the head is there; names of headers are lower case.

    `waited` is how many seconds connecting took, where that was needed, and then the server: from the last byte sent
    to the head. Who has one closes it, or a block does.
    """

    __slots__ = (
        "_error",
        "_is_full",
        "_line",
        "_loop",
        "_over",
        "_paused",
        "_receiver",
        "_size",
        "_unpacker",
        "_waiter",
        "_waiting",
        "headers",
        "host",
        "sent",
        "status",
        "waited",
    )

    def __init__(self, host: str, line: Line, connecting: float = 0.0) -> None:
        self.host = host
        self.status = 0
        self.headers: Headers = []
        self.waited = connecting
        self.sent = perf_counter()
        self._line: Line | None = line
        self._loop = line.loop  # asking for the running one is a system call in Python 3.11
        self._waiting: list[bytes] = []
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self._unpacker: Unpacker | None = None
        self._receiver: Receiver | None = None
        self._over = self._paused = self._is_full = False
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def header(self, name: str) -> str:
        """The value of a header by its lower-case name, the first one's; empty where there is none."""
        for key, value in self.headers:
            if key == name:
                return value
        return ""

    @property
    def has_ended(self) -> bool:
        """Whether all of the body has come, so that nothing more is waited for."""
        return self._over

    async def headed(self) -> None:
        """Wait for the head; whoever does not wait to its end gives the connection up.

        Raises:
            NetworkError, OSError: there is none; a deadline that ran out is a `TimeoutError`.
        """
        while not self.status and not self._over:
            self._waiter = self._loop.create_future()  # as `_woken` does, without a coroutine more for each request
            try:
                await self._waiter
            except BaseException:
                self.close()
                raise
            finally:
                self._waiter = None
        if self._error is not None and not self.status:
            raise _fresh(self._error)

    # --- pulled ------------------------------------------------------------------------------------------------------

    async def piece(self) -> bytes:
        """The next piece of the body as the network delivers it, empty at its end.

        Raises:
            NetworkError, OSError: it broke off; what came before has been given by then.
        """
        if self._unpacker is None:
            return await self._pulled()
        while not (piece := self._unpacker.piece()):
            packed = await self._pulled()
            if not packed:
                self._unpacker.end()
                return b""
            self._unpacker.feed(packed)
        return piece

    def rest(self) -> bytes | None:
        """All of the body that was not taken, where it has come to its end, so that there is nothing to wait for."""
        if not self._over or self._error is not None or self._unpacker is not None:
            return None
        return self._taken() if self._waiting else b""

    async def read(self, most: int, within: float | None = None) -> bytes:
        """The body, cut off at `most` bytes; with `within` also after so many seconds, or where it breaks."""
        body = bytearray()
        try:
            async with asyncio.timeout(within):
                while len(body) < most and (piece := await self.piece()):
                    body += piece
        except NETWORK_ERRORS:
            if within is None:
                raise
        return bytes(body[:most])

    async def _pulled(self) -> bytes:
        while not self._waiting:
            if self._over:
                if self._error is not None:
                    raise _fresh(self._error)
                return b""
            await self._woken()
        return self._taken()

    def _taken(self) -> bytes:
        """All that waits, as one piece."""
        waiting, self._waiting, self._size = self._waiting, [], 0
        if self._is_full:
            self._is_full = False
            if self._line is not None and not self._paused:
                self._line.resume()
        return waiting[0] if len(waiting) == 1 else b"".join(waiting)

    async def _woken(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # --- poured ------------------------------------------------------------------------------------------------------

    def pour(self, receiver: Receiver | None) -> None:
        """Give a receiver what waits and then each piece as it comes; what is there already is given at once.

        None keeps what comes for whoever pulls. A pause is over with the receiver that it was for; one from before the
        first is the first one's.
        """
        before, self._receiver = self._receiver, receiver
        if self._paused and (receiver is None or before is not None):
            self.resume()
        else:
            self._pour_on()

    def pause(self) -> None:
        """Give nothing more for now, and read nothing more from the network."""
        self._paused = True
        if self._line is not None:
            self._line.pause()

    def resume(self) -> None:
        """Go on."""
        self._paused = False
        if self._line is not None:
            self._line.resume()
        if self._receiver is not None:
            self._pour_on()

    def _pour_on(self) -> None:
        while self._receiver is not None and not self._paused and (piece := self._next()):
            self._receiver.piece(piece)
        if self._over and self._receiver is not None and not self._paused:
            receiver, self._receiver = self._receiver, None
            receiver.ended(self._error or self._cut_off())

    def _next(self) -> bytes:
        """What of the body is there, empty where nothing is."""
        if self._unpacker is None:
            return self._taken() if self._waiting else b""
        try:
            while not (piece := self._unpacker.piece()) and self._waiting:
                self._unpacker.feed(self._taken())
        except ProtocolError as error:
            self._give_up(error)
            return b""
        return piece

    def _cut_off(self) -> Exception | None:
        """What is wrong with a body that has ended well as far as the network knows."""
        try:
            if self._unpacker is not None:
                self._unpacker.end()
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
                self._unpacker = unpacker_of(coding)
            except ProtocolError as error:
                self.status = 0
                self._give_up(error)
        self._wake()

    def take(self, piece: bytes) -> None:
        """Take a piece of the body."""
        if self._receiver is not None and self._unpacker is None and not self._paused:
            self._receiver.piece(piece)
            return
        self._waiting.append(piece)
        self._size += len(piece)
        if self._receiver is not None:
            self._pour_on()
            return
        if self._size > MOST_WAITING and not self._is_full:
            self._is_full = True  # also where somebody waits: one turn of the loop reads up to 32 times
            if self._line is not None:
                self._line.pause()
        self._wake()

    def end(self, error: Exception | None = None) -> None:
        """Take note that nothing more comes."""
        self._over, self._error, self._line = True, error, None
        self._wake()
        if self._receiver is not None:
            self._pour_on()

    # --- giving up ---------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Cut off what has not come yet; the receiver hears nothing more."""
        self._receiver = None
        if not self._over:
            self._give_up(IncompleteBodyError())
            self._wake()

    def _give_up(self, error: Exception) -> None:
        line, self._line = self._line, None
        self._waiting.clear()
        self._over, self._error = True, error
        if line is not None:
            line.abort()


def _fresh(error: Exception) -> Exception:
    """An error like that one: what is raised holds the frames that it went through, and they hold the answer."""
    return type(error)(*error.args)
