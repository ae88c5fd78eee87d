"""A company's network, on loopback: a proxy that one must go through, and TLS servers that only it can reach."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import trustme

from passenger.config.schema import GithubSettings
from passenger.simulator import Simulator

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

COPILOT = "copilot.internal.test"
GITHUB = "github.internal.test"
EXCHANGE = f"https://{GITHUB}/copilot_internal/v2/token"


@contextlib.asynccontextmanager
async def door(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A port at which `serve` meets each connection; whoever is still there at the end is cut off."""
    busy: set[asyncio.Task[None]] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        busy.add(task)
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
                await serve(reader, writer)
        finally:
            busy.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)


async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """Carry bytes both ways until either end closes."""
    other_reader, other = await asyncio.open_connection("127.0.0.1", port)
    ways = [asyncio.create_task(_carry(reader, other)), asyncio.create_task(_carry(other_reader, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        other.transport.abort()
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


def identity(leaf: trustme.LeafCert) -> ssl.SSLContext:
    """What a server shows of itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


def tls(leaf: trustme.LeafCert, port: int) -> contextlib.AbstractAsyncContextManager[int]:
    """A TLS server with this certificate in front of a plain one."""
    return door(lambda reader, writer: join(reader, writer, port), identity(leaf))


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a connection and never say a word."""
    await asyncio.Event().wait()


@dataclass
class Tunnel:
    """A proxy: where names lead, and the request heads it saw.

    `answer` is what it says to CONNECT in place of a 200; `silent`, that it says nothing at all.
    """

    names: dict[str, int] = field(default_factory=dict)
    heads: list[str] = field(default_factory=list)
    answer: bytes | None = None
    silent: bool = False
    authorization: str | None = None
    port: int = 0
    _tunnels: dict[asyncio.Task[None], asyncio.Event] = field(default_factory=dict)

    @property
    def connects(self) -> list[str]:
        """The destinations it was asked for."""
        return [head.split()[1] for head in self.heads if head.startswith("CONNECT ")]

    @contextlib.asynccontextmanager
    async def listening(self, context: ssl.SSLContext | None = None) -> AsyncIterator[None]:
        """Be there."""
        async with door(self._serve, context) as self.port:
            yield

    async def close_tunnels(self) -> None:
        """Let nothing be left of the tunnels there are, at neither end."""
        gone = list(self._tunnels.values())
        for task in self._tunnels:
            task.cancel()
        for event in gone:
            await event.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        if self.silent:
            await silence(reader, writer)
        answer = self._answer(head)
        if answer is None:
            await self._tunnel(self.names[head.split()[1].partition(":")[0]], reader, writer)
        elif answer:
            writer.write(answer)
            await writer.drain()
            writer.write_eof()
            await reader.read()

    def _answer(self, head: str) -> bytes | None:
        if self.authorization is not None and f"Proxy-Authorization: {self.authorization}\r\n" not in head:
            return b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
        return self.answer

    async def _tunnel(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        task = asyncio.create_task(join(reader, writer, port))
        self._tunnels[task] = gone = asyncio.Event()
        try:
            await asyncio.wait([task])
            if task.cancelled():  # by close_tunnels
                writer.write_eof()
                await reader.read()
        finally:
            task.cancel()
            del self._tunnels[task]
            gone.set()


API = "https://api.githubcopilot.com"
URLS = ("device_code_url", "oauth_token_url", "copilot_token_url")
REAL = ("github.com", "api.github.com", "api.githubcopilot.com")
"""The hosts that are asked where no setting says another."""


TENANT = "octocorp.ghe.com"
OF_TENANT = (TENANT, f"api.{TENANT}", f"copilot-api.{TENANT}")
"""The hosts of a company with data residency."""


@contextlib.asynccontextmanager
async def standing_for_tenant(sim: Simulator, directory: Path) -> AsyncIterator[tuple[dict[str, str], Tunnel]]:
    """The environment in which a company's GitHub is this simulator, set as a person would, and the way there."""
    ca, tunnel, bundle = trustme.CA(), Tunnel(), directory / "tenant.pem"
    ca.cert_pem.write_to_path(bundle)
    paths = [getattr(GithubSettings(), name) for name in URLS]
    moved = [url.replace("github.com", TENANT, 1) for url in paths]
    named = {f"PASSENGER_GITHUB_{name}".upper(): url for name, url in zip(URLS, moved, strict=True)}
    way = {"PASSENGER_NETWORK_CA_BUNDLE": str(bundle)}
    async with tls(ca.issue_cert(*OF_TENANT), int(sim.url.rpartition(":")[2])) as front, tunnel.listening():
        tunnel.names |= dict.fromkeys(OF_TENANT, front)
        yield {"HTTPS_PROXY": f"http://127.0.0.1:{tunnel.port}", **way, **named}, tunnel


@contextlib.asynccontextmanager
async def standing_for_github(sim: Simulator, directory: Path) -> AsyncIterator[dict[str, str]]:
    """The environment in which github.com itself is this simulator."""
    ca, tunnel, bundle = trustme.CA(), Tunnel(), directory / "github.pem"
    ca.cert_pem.write_to_path(bundle)
    sim.account.api_url = API
    async with tls(ca.issue_cert(*REAL), int(sim.url.rpartition(":")[2])) as front, tunnel.listening():
        tunnel.names |= dict.fromkeys(REAL, front)
        named = {f"PASSENGER_GITHUB_{name}".upper(): getattr(GithubSettings(), name) for name in URLS}
        yield {"HTTPS_PROXY": f"http://127.0.0.1:{tunnel.port}", "PASSENGER_NETWORK_CA_BUNDLE": str(bundle), **named}
