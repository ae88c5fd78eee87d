"""Looks host names up in threads of their own, and remembers the answers for a minute.

uvloop looks up two names at a time, asyncio as many as its one pool has threads, which other work needs, too; and both
wait at the end of the process for what is under way. A system's resolver may take half a minute.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import NamedTuple

from passenger.net.hosts import is_address


class SocketAddress(NamedTuple):
    """A numeric address and a port; a link-local address has its interface."""

    host: str
    port: int
    family: int = socket.AF_INET


LookUp = Callable[[str, int, int], list[SocketAddress]]
"""The addresses of a host and a port, of one family or of any (0); an OSError if there are none."""


class Resolver:
    """Looks names up; concurrent look-ups of one name share one answer."""

    def __init__(self, look_up: LookUp | None = None) -> None:
        self._look_up = look_up or look_up_by_system
        self._pending: dict[tuple[str, int, int], asyncio.Future[list[SocketAddress]]] = {}

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[SocketAddress]:
        """The addresses of a host.

        Raises:
            OSError: there are none.
        """
        asked = (host, port, family)
        if asked not in self._pending:
            self._pending[asked] = self._begin(asked)
        return await asyncio.shield(self._pending[asked])

    def _begin(self, asked: tuple[str, int, int]) -> asyncio.Future[list[SocketAddress]]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[SocketAddress]] = loop.create_future()
        future.add_done_callback(partial(self._end, asked))
        threading.Thread(target=self._run, args=(asked, loop, future), name=f"dns {asked[0]}", daemon=True).start()
        return future

    def _end(self, asked: tuple[str, int, int], future: asyncio.Future[list[SocketAddress]]) -> None:
        """Forget a look-up, and fetch its exception so that asyncio does not complain."""
        del self._pending[asked]
        if not future.cancelled():
            future.exception()

    def _run(
        self,
        asked: tuple[str, int, int],
        loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[list[SocketAddress]],
    ) -> None:
        try:
            found = self._look_up(*asked)
        except OSError as error:
            _tell(loop, future, partial(future.set_exception, error))
        except UnicodeError as error:
            _tell(loop, future, partial(future.set_exception, OSError(f"{asked[0]!r} is no name: {error}")))
        else:
            _tell(loop, future, partial(future.set_result, found))


def _tell(
    loop: asyncio.AbstractEventLoop, future: asyncio.Future[list[SocketAddress]], how: Callable[[], None]
) -> None:
    """Hand the outcome to the loop, unless it was closed."""

    def settle() -> None:
        if not future.done():
            how()

    try:
        loop.call_soon_threadsafe(settle)
    except RuntimeError:
        return


def look_up_by_system(host: str, port: int, family: int) -> list[SocketAddress]:
    """Ask the system: a `LookUp`.

    Names below `localhost` are this machine, whatever a name server says of them (RFC 6761, 6.3): they may be asked
    over http, and be sent a token.
    """
    name = host.rstrip(".").casefold()
    is_local = name == "localhost" or name.endswith(".localhost")
    host = "localhost" if is_local else host
    try:
        infos = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except socket.gaierror:
        if not is_local:
            raise
        # Windows has no localhost where there is no network.
        infos = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    return [_result(family, address) for family, _, _, _, address in infos]


def _result(family: int, address: tuple[object, ...]) -> SocketAddress:
    numeric, port = str(address[0]), int(str(address[1]))
    if family == socket.AF_INET6 and address[3]:
        numeric, _ = socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)  # type: ignore[arg-type]  # as getaddrinfo gave it
    return SocketAddress(numeric, port, family)


LIFETIME = 60.0
"""Seconds that an address is cached."""

_Name = tuple[str, int]


class NameCache:
    """Caches the answers of a resolver."""

    def __init__(self, resolver: Resolver, clock: Callable[[], float] = monotonic) -> None:
        self._resolver = resolver
        self._clock = clock
        self._known: dict[_Name, tuple[float, list[SocketAddress]]] = {}

    async def addresses(self, host: str, port: int) -> list[SocketAddress]:
        """The addresses of a host, which may itself be an address.

        Raises:
            OSError: there are none.
        """
        if is_address(host):
            return [SocketAddress(host, port, socket.AF_INET6 if ":" in host else socket.AF_INET)]
        until, found = self._known.get((host, port), (0.0, []))
        if self._clock() >= until:
            found = await self._resolver.resolve(host, port, 0)
            self._known[host, port] = self._clock() + LIFETIME, found
        return found

    def forget(self, host: str, port: int) -> None:
        """Drop a cached answer."""
        self._known.pop((host, port), None)
