"""Whether a client takes what waits for it; hides how the kernel is asked what has arrived there."""

import contextlib
import socket
import sys
from asyncio import Transport

LOOKS = 5
"""Looks in a row that find nothing taken, before a client is taken for one that does not read.

They are counted, not the time: where this process itself stood still, that is one look.
"""

_INFO_BYTES = 128
_ACKED = 120
"""Where `tcpi_bytes_acked` is in Linux' `struct tcp_info`."""


class Progress:
    """What one client had taken at the last look."""

    __slots__ = ("_looks", "_taken")

    def __init__(self) -> None:
        self._looks = 0
        self._taken: int | None = None

    def has_stopped(self, transport: Transport) -> bool:
        """Whether bytes wait, and none has been taken since `LOOKS` looks. A client that is owed nothing has not."""
        if not transport.get_write_buffer_size():
            self._looks, self._taken = 0, None
            return False
        taken = _taken(transport)
        self._looks = self._looks + 1 if taken == self._taken else 0
        self._taken = taken
        return self._looks >= LOOKS


def _taken(transport: Transport) -> int:
    """A number that changes with every byte that the client's system acknowledges.

    Where the kernel does not tell: the bytes that wait, to which nothing is added once they are many.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # closed just now
            info = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
            return int.from_bytes(info[_ACKED:_INFO_BYTES], sys.byteorder)
    return transport.get_write_buffer_size()
