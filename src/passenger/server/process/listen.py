"""Opens the sockets to listen on, and finds the process that holds a port which is taken."""

import contextlib
import errno
import socket
import sys
from pathlib import Path

from passenger.net.hosts import is_this_machine

BACKLOG = 2048

RESERVE = 40
"""File descriptors kept free for files, listening sockets and GitHub."""


BALANCES = sys.platform == "linux"
"""Whether the system balances connections among sockets of one port (SO_REUSEPORT, socket(7)); macOS does not."""


class PortTakenError(Exception):
    """Another program listens on the port; the message names it if it is visible."""


def listen(host: str, port: int, flag: str = "--port") -> list[socket.socket]:
    """Sockets for a host and port; `localhost` is both of its addresses. Port 0 takes a free one.

    Raises:
        PortTakenError: the port is taken.
        OSError: the host is not an address of this machine.
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
            raise port_taken_error(port, flag) from error
        raise
    return sockets


def hold(host: str, port: int, flag: str = "--port") -> list[socket.socket]:
    """Sockets that reserve a port for workers, which each listen by `beside`.

    Raises:
        PortTakenError: the port is taken, also by a socket that would share it.
        OSError: the host is not an address of this machine.
    """
    alone = listen(host, port, flag)
    if not BALANCES:
        return alone
    places = [(one.family, one.getsockname()) for one in alone]
    for one in alone:
        one.close()
    return [_bound(family, address, shares=True) for family, address in places]


def beside(held: list[socket.socket]) -> list[socket.socket]:
    """A worker's own sockets at the reserved addresses; the reserved ones themselves where they must be shared."""
    if not BALANCES:
        return held
    own = [_listening(_bound(one.family, one.getsockname(), shares=True)) for one in held]
    for one in held:
        one.close()
    return own


def reaches_beyond(host: str, port: int) -> bool:
    """Whether other machines can connect to it.

    Raises:
        OSError: the host name cannot be resolved.
    """
    return not all(is_this_machine(address) for _, address in _addresses(host, port))


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


def port_taken_error(port: int, flag: str = "--port") -> PortTakenError:
    """The error for a taken port, with its holder if that is visible."""
    holder = holder_of(port)
    who = f" by {holder}" if holder else ""
    free = " (0 takes a free one)" if flag == "--port" else ""
    return PortTakenError(f"port {port} is taken{who}; stop it, or choose another with {flag} N{free}")


def most_connections(wanted: int) -> int:
    """The maximum of connections that the file descriptors allow: each may need one to Copilot, too.

    The limit of descriptors is raised first, as far as the system permits.
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


def holder_of(port: int) -> str | None:
    """The process that listens on a port, from Linux' /proc; None elsewhere, or if it is another user's."""
    inodes = {row[9] for row in _tcp_rows() if row[3] == "0A" and int(row[1].rsplit(":", 1)[1], 16) == port}
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if str(link.readlink()).removeprefix("socket:[").removesuffix("]") in inodes:
                process = link.parts[2]
                name = Path(f"/proc/{process}/comm").read_bytes().decode("ascii", "replace").strip()
                return f"{''.join(char if ' ' <= char <= '~' else '?' for char in name)} (process {process})"
    return None


def _tcp_rows() -> list[list[str]]:
    rows: list[list[str]] = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            rows += [line.split() for line in Path(table).read_text().splitlines()[1:]]
    return rows
