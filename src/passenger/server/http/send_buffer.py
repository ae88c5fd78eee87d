"""The bytes that were written for a client and have not left: whether more may follow, and whether it takes any."""

import asyncio
import contextlib
import socket
import sys
from asyncio import Transport
from collections.abc import Callable

HIGH_WATER = 64 * 1024
"""Bytes of answers that may wait for the client before their source has to: asyncio's own number."""

LOOKS = 5
"""Looks in a row that find nothing taken, before a client is taken for one that does not read.

They are counted, not the time: where this process itself stood still, that is one look.
"""

_INFO_BYTES = 128
_ACKED = 120
"""Where `tcpi_bytes_acked` is in Linux' `struct tcp_info`."""


class SendBuffer:
    """The bytes that wait in a transport, which the connection sets before anything is written.

    `is_full` says that no more should be written for now, `is_broken` that what was written will not leave any more,
    `has_gone` that the client left or was given up because it took nothing for too long.
    """

    __slots__ = ("_looks", "_on_sent", "_taken", "_writable", "has_gone", "is_broken", "is_full", "transport")

    def __init__(self) -> None:
        self.transport: Transport = None  # type: ignore[assignment]  # set by connection_made, before any use
        self.is_full = self.is_broken = self.has_gone = False
        self._writable: asyncio.Event | None = None
        self._on_sent: list[Callable[[], None]] = []
        self._looks = 0
        self._taken: int | None = None

    @property
    def has_unsent(self) -> bool:
        """Whether bytes that were written still wait for the client."""
        return self.transport.get_write_buffer_size() > 0

    def write_pieces(self, *pieces: bytes) -> None:
        """Write them without joining them.

        Since Python 3.12 asyncio's `writelines` never pauses us, and an empty last piece keeps its loop busy for ever.
        """
        self.transport.writelines([piece for piece in pieces if piece])
        self.transport.set_write_buffer_limits(HIGH_WATER, 0 if self._on_sent else None)  # which pauses us

    def when_sent(self, tell: Callable[[], None]) -> None:
        """Call this once all that was written has left, or never will; until then no answer's source goes on."""
        self._on_sent.append(tell)
        self.transport.set_write_buffer_limits(high=0)  # which pauses us where we are not
        self.transport.set_write_buffer_limits(high=HIGH_WATER, low=0)

    async def drain(self) -> None:
        """Wait until the client has taken of what waits for it."""
        if self.is_full:
            self._writable = self._writable or asyncio.Event()
            await self._writable.wait()

    def abort(self) -> None:
        """Close at once, whatever waits for the client."""
        self.is_broken = self.has_unsent
        self.transport.abort()

    def has_stalled(self) -> bool:
        """Look whether bytes wait and none has been taken since `LOOKS` looks; not so where nothing waits."""
        if not self.transport.get_write_buffer_size():
            self._looks, self._taken = 0, None
            return False
        taken = _count_acknowledged(self.transport)
        self._looks = self._looks + 1 if taken == self._taken else 0
        self._taken = taken
        return self._looks >= LOOKS

    # --- what the connection tells -----------------------------------------------------------------------------------

    def resume(self) -> None:
        """Take note that the client has taken enough."""
        self.is_full = False
        if self._on_sent:
            self.transport.set_write_buffer_limits()
        self._tell()

    def lose(self, error: Exception | None) -> None:
        """Take note that the connection is lost. Who waited for all to be sent was told before, where it was."""
        self.has_gone = self.has_gone or error is not None
        self.is_broken = self.is_broken or error is not None or bool(self._on_sent)

    def release(self) -> None:
        """Let go of all who wait."""
        self.is_full = False
        self._tell()

    def _tell(self) -> None:
        waiting, self._on_sent = self._on_sent, []
        for tell in waiting:
            tell()
        writable, self._writable = self._writable, None
        if writable is not None:
            writable.set()


def _count_acknowledged(transport: Transport) -> int:
    """A number that changes with every byte that the client's system acknowledges.

    Where the kernel does not tell: the bytes that wait, to which nothing is added once they are many.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # closed just now
            info = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
            return int.from_bytes(info[_ACKED:_INFO_BYTES], sys.byteorder)
    return transport.get_write_buffer_size()
