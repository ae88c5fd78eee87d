"""Sockets to listen on, and who holds a port that is taken."""

import contextlib
import errno
import socket
import sys
from ipaddress import ip_address

from passenger.control.ports import holder_of

BACKLOG = 2048

RESERVE = 40
"""Descriptors that are ours whatever comes: files, the listening sockets, GitHub."""


BALANCES = sys.platform == "linux"
"""Whether the system deals connections out among sockets of one port (SO_REUSEPORT, socket(7)); macOS does not."""


class PortTakenError(Exception):
    """Another program listens there already; the message says which, where that can be seen."""


def listen(host: str, port: int, flag: str = "--port") -> list[socket.socket]:
    """Sockets for a host and port; `localhost` is both of its addresses. Port 0 takes a free one.

    Raises:
        PortTakenError: the port is taken.
        OSError: the host is none of this machine's.
    """
    sockets: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port):
            same = sockets[0].getsockname()[1] if sockets else port
            sockets.append(_listening(_bound(family, (address, same))))
    except OSError as error:
        for opened in sockets:
            opened.close()
        if error.errno == errno.EADDRINUSE:
            raise taken(port, flag) from error
        raise
    return sockets


def hold(host: str, port: int, flag: str = "--port") -> list[socket.socket]:
    """Sockets that hold a port for workers, who each listen by `beside`; they themselves need not listen.

    Raises:
        PortTakenError: the port is taken, be it by one who would share it.
        OSError: the host is none of this machine's.
    """
    alone = listen(host, port, flag)
    if not BALANCES:
        return alone
    places = [(one.family, one.getsockname()) for one in alone]
    for one in alone:
        one.close()
    return [_bound(family, address, shares=True) for family, address in places]


def beside(held: list[socket.socket]) -> list[socket.socket]:
    """A worker's own sockets at the held places; the held ones themselves where all have to share those."""
    if not BALANCES:
        return held
    own = [_listening(_bound(one.family, one.getsockname(), shares=True)) for one in held]
    for one in held:
        one.close()
    return own


def reaches_beyond(host: str, port: int) -> bool:
    """Whether listening there lets other machines in.

    Raises:
        OSError: the host is no name that anybody knows.
    """
    return not all(ip_address(address.partition("%")[0]).is_loopback for _, address in _addresses(host, port))


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = [(family, str(address[0])) for family, _, _, _, address in found]
    return [(f, a) for f, a in dict.fromkeys(addresses) if f is not socket.AF_INET6 or _has_ipv6(a)]


def _has_ipv6(address: str) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind((address, 0))
        return True
    return False


def _bound(family: int, address: tuple[str | int, ...], *, shares: bool = False) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shares:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


def _listening(bound: socket.socket) -> socket.socket:
    try:
        bound.listen(BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound


def taken(port: int, flag: str = "--port") -> PortTakenError:
    """The error that names who holds a port, where that can be seen."""
    holder = holder_of(port)
    who = f" by {holder}" if holder else ""
    free = " (0 takes a free one)" if flag == "--port" else ""
    return PortTakenError(f"port {port} is taken{who}; stop it, or choose another with {flag} N{free}")


def most_connections(wanted: int) -> int:
    """How many clients may be connected: each may need a connection to Copilot, too, and descriptors are limited.

    As many descriptors as the system lets us have are asked for first.
    """
    try:
        import resource  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * wanted + RESERVE
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(hard, needed)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, (soft - RESERVE) // 2))
