"""Connects to the address of a host that answers first (https://www.rfc-editor.org/rfc/rfc8305, "Happy Eyeballs").

uvloop ignores `happy_eyeballs_delay` and tries one address after the other.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest

from passenger.net.resolver import SocketAddress

DELAY = 0.25
"""Seconds until the next address is tried in parallel."""


async def connect_first(addresses: Sequence[SocketAddress]) -> socket.socket:
    """A socket connected to one of these addresses.

    Raises:
        OSError: none accepts a connection; it is the first address's error.
    """
    waiting, trying = deque(alternating(addresses)), set[asyncio.Task[socket.socket]]()
    errors: list[Exception] = []
    try:
        while waiting or trying:
            if waiting:
                trying.add(asyncio.create_task(_dial(waiting.popleft())))
            patience = DELAY if waiting else None
            ended, trying = await asyncio.wait(trying, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            errors += [error for task in ended if isinstance(error := task.exception(), Exception)]
            if won := [task.result() for task in ended if task.exception() is None]:
                _close(won[1:])
                return won[0]
    finally:
        for task in trying:
            task.add_done_callback(_close_late)
            task.cancel()
    if not errors:
        raise OSError("it has no address")
    first = errors[0]
    raise type(first)(*first.args)


def alternating(addresses: Iterable[SocketAddress]) -> list[SocketAddress]:
    """The addresses with their families in turn, as a whole family may be unreachable."""
    families: dict[int, list[SocketAddress]] = {}
    for address in dict.fromkeys(addresses):
        families.setdefault(address.family, []).append(address)
    return [one for one in chain.from_iterable(zip_longest(*families.values())) if one is not None]


async def _dial(address: SocketAddress) -> socket.socket:
    made = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(made, (address.host, address.port))
    except BaseException:
        made.close()
        raise
    return made


def _close(sockets: Iterable[socket.socket]) -> None:
    for one in sockets:
        one.close()


def _close_late(task: asyncio.Task[socket.socket]) -> None:
    """Close a socket that was connected after another had won."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()
