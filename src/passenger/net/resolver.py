"""Names of hosts, looked up in threads of their own: a name that takes long keeps nobody waiting for anything else.

uvloop looks up two names at a time, asyncio as many as its one pool has threads, which other work needs, too; and both
wait at the end of the process for what is under way. A system's resolver may take half a minute.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import NamedTuple


class Address(NamedTuple):
    """A numeric host and a port; a link-local one is named with its interface."""

    host: str
    port: int
    family: int = socket.AF_INET


LookUp = Callable[[str, int, int], list[Address]]
"""Gives the addresses of a host and a port, of one family or of any (0); an OSError where there are none."""


class Resolver:
    """Looks names up; those who ask for one that is being looked up wait for the same answer."""

    def __init__(self, look_up: LookUp | None = None) -> None:
        self._look_up = look_up or look_up_by_system
        self._pending: dict[tuple[str, int, int], asyncio.Future[list[Address]]] = {}

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[Address]:
        """The addresses of a host.

        Raises:
            OSError: there are none.
        """
        asked = (host, port, family)
        if asked not in self._pending:
            self._pending[asked] = self._begin(asked)
        return await asyncio.shield(self._pending[asked])

    def _begin(self, asked: tuple[str, int, int]) -> asyncio.Future[list[Address]]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Address]] = loop.create_future()
        future.add_done_callback(partial(self._end, asked))
        threading.Thread(target=self._run, args=(asked, loop, future), name=f"dns {asked[0]}", daemon=True).start()
        return future

    def _end(self, asked: tuple[str, int, int], future: asyncio.Future[list[Address]]) -> None:
        """Forget it; nobody may be left who asks how it ended."""
        del self._pending[asked]
        if not future.cancelled():
            future.exception()

    def _run(
        self,
        asked: tuple[str, int, int],
        loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[list[Address]],
    ) -> None:
        try:
            found = self._look_up(*asked)
        except OSError as error:
            _tell(loop, future, partial(future.set_exception, error))
        except UnicodeError as error:
            _tell(loop, future, partial(future.set_exception, OSError(f"{asked[0]!r} is no name: {error}")))
        else:
            _tell(loop, future, partial(future.set_result, found))


def _tell(loop: asyncio.AbstractEventLoop, future: asyncio.Future[list[Address]], how: Callable[[], None]) -> None:
    """Hand the outcome to the loop, unless that has ended."""

    def settle() -> None:
        if not future.done():
            how()

    try:
        loop.call_soon_threadsafe(settle)
    except RuntimeError:
        return


def look_up_by_system(host: str, port: int, family: int) -> list[Address]:
    """Ask the system; see `LookUp`."""
    try:
        infos = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except socket.gaierror:
        if host.rstrip(".").casefold() != "localhost":
            raise
        # Windows has no localhost where there is no network.
        infos = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    return [_result(family, address) for family, _, _, _, address in infos]


def _result(family: int, address: tuple[object, ...]) -> Address:
    numeric, port = str(address[0]), int(str(address[1]))
    if family == socket.AF_INET6 and address[3]:
        numeric, _ = socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)  # type: ignore[arg-type]  # as getaddrinfo gave it
    return Address(numeric, port, family)
