"""The way to one host, walked step by step as a request goes: name, TCP, the proxy's consent, TLS, HTTP.

Nothing is sent but a request without credentials. It ends at the first step that fails, and says which one that was.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from time import perf_counter, time
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from passenger.doctor.certificate import issuer_of, told
from passenger.errors import Kind
from passenger.net.errors import Hop, UnconnectedError
from passenger.net.failures import unconnected
from passenger.net.resolver import Resolver
from passenger.network import Network, Way
from passenger.proxies import Proxy

Step = Literal["DNS", "TCP", "CONNECT", "TLS", "HTTP"]

PATIENCE = 8.0
"""Seconds that the whole way may take."""

MOST = 64 * 1024
"""Bytes of an answer's head."""

_PORTS = {"http": 80, "https": 443}


@dataclass
class Trace:
    """How far it came: each step with its milliseconds, and what failed at `failed`."""

    host: str
    port: int
    proxy: Proxy | None = None
    steps: list[tuple[Step, float]] = field(default_factory=list)
    issuer: str = ""
    """Who has signed the certificate, believed or not."""
    status: int | None = None
    ahead: float | None = None
    """Seconds that the host's clock is ahead of ours, by its `Date`."""
    failed: Step | None = None
    why: str = ""
    untrusted: int | None = None
    """OpenSSL's verify code of a certificate that is not believed."""


async def follow(url: str, network: Network, names: Resolver, patience: float = PATIENCE) -> Trace:
    """Walk to a URL."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    trace = Trace(host, port, network.proxies.choose(parts.scheme, host, port))
    walk = _Walk(parts, trace, network.way(parts.scheme, host, port), names)
    await walk.walked(patience)
    if trace.untrusted is not None:
        await _look_at_issuer(walk, patience)
    return trace


async def _look_at_issuer(walk: "_Walk", patience: float) -> None:
    """Find out who signed what is not believed, on a connection that nothing is sent on."""
    again = _Walk(walk.parts, Trace(walk.trace.host, walk.trace.port, walk.trace.proxy), walk.way, walk.names)
    again.believing = True
    await again.walked(patience)
    walk.trace.issuer = again.trace.issuer


@dataclass
class _Walk:
    parts: SplitResult
    trace: Trace
    way: Way
    names: Resolver
    believing: bool = False
    """Whether any certificate will do, since only its issuer is asked for."""
    at: Step = "DNS"

    @property
    def proxy(self) -> Proxy | None:
        return self.trace.proxy

    @property
    def peer(self) -> str:
        """With whom the first steps are taken."""
        return str(self.proxy) if self.proxy else self.trace.host

    async def walked(self, patience: float) -> None:
        """Walk, and note what stopped us."""
        try:
            async with asyncio.timeout(patience):
                await self._walk()
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError) as error:
            self._note(error)

    async def _walk(self) -> None:
        proxy = self.proxy
        first = proxy or self.trace
        reader, writer = await self._connected(first.host, first.port)
        try:
            if proxy and proxy.scheme == "https":
                async with self._step("TLS"):
                    await writer.start_tls(self._context(), server_hostname=proxy.host)
            if proxy and self.parts.scheme == "https":
                await self._tunnelled(reader, writer)
            if self.parts.scheme == "https":
                await self._secured(writer)
            if not self.believing:
                await self._asked(reader, writer)
        finally:
            writer.transport.abort()

    async def _connected(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with self._step("DNS"):
            addresses = await self.names.resolve(host, port, 0)
        async with self._step("TCP"):
            return await _first_of([(found.host, found.port) for found in addresses])

    async def _tunnelled(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        where = f"{_bracketed(self.trace.host)}:{self.trace.port}"
        async with self._step("CONNECT"):
            head = await _ask(reader, writer, f"CONNECT {where} HTTP/1.1", where, dict(self.way.proxy_headers or {}))
            if head.status != 200:
                hint = "; user and password of the proxy belong into the variable that names it"
                said = f"{head.status} {head.reason}{hint if head.status == 407 else ''}"
                raise _RefusedError(f"the proxy {self.peer} refused to connect us to {self.trace.host}: {said}")

    async def _secured(self, writer: asyncio.StreamWriter) -> None:
        async with self._step("TLS"):
            await writer.start_tls(self._context(), server_hostname=self.trace.host)
        found: ssl.SSLObject = writer.get_extra_info("ssl_object")
        self.trace.issuer = _issuer(found)

    def _context(self) -> ssl.SSLContext:
        if not self.believing:
            assert self.way.context is not None  # noqa: S101 - a way that needs TLS has one
            return self.way.context
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE  # nothing is sent: only the issuer's name is looked at
        return made

    async def _asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (self.parts.path or "/") + (f"?{self.parts.query}" if self.parts.query else "")
        target = self.parts.geturl() if self.proxy and self.parts.scheme == "http" else path
        async with self._step("HTTP"):
            head = await _ask(reader, writer, f"GET {target} HTTP/1.1", self.parts.netloc, dict(self.way.headers))
        self.trace.status = head.status
        self.trace.ahead = _ahead(head.fields["date"])

    @contextlib.asynccontextmanager
    async def _step(self, step: Step) -> AsyncIterator[None]:
        self.at, began = step, perf_counter()
        yield
        self.trace.steps.append((step, (perf_counter() - began) * 1000))

    def _note(self, error: Exception) -> None:
        self.trace.failed = self.at
        if isinstance(error, ssl.SSLCertVerificationError):
            self.trace.untrusted = error.verify_code
        self.trace.why = self._sentence(error)

    def _sentence(self, error: Exception) -> str:
        if isinstance(error, _RefusedError):
            return str(error)
        if self.at == "HTTP":
            what = "does not answer in time" if isinstance(error, TimeoutError) else "gives no HTTP answer"
            return f"{self.trace.host} {what} (HTTP)"
        proxy = str(self.proxy) if self.proxy else None
        peer = proxy if proxy and not self.tunnelled else self.trace.host
        return unconnected(UnconnectedError(Hop(self.at, peer, proxy), error), self.trace.host, Kind.UPSTREAM).message

    @property
    def tunnelled(self) -> bool:
        """Whether the proxy has connected us."""
        return any(step == "CONNECT" for step, _ in self.trace.steps)


class _RefusedError(ValueError):
    """A proxy has said no."""


# --- one step of HTTP --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Head:
    status: int
    reason: str
    fields: Message


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: str, host: str, extra: dict[str, str]
) -> _Head:
    """Send a request without a body, and read the head of the answer."""
    fields = {"Host": host, "User-Agent": "passenger", "Accept": "*/*", "Connection": "close", **extra}
    if line.startswith("CONNECT"):
        del fields["Connection"]
    writer.write("\r\n".join([line, *(f"{name}: {value}" for name, value in fields.items()), "", ""]).encode("latin-1"))
    await writer.drain()
    first, _, rest = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
    version, _, said = first.decode("latin-1").partition(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError("this is not HTTP")
    return _Head(int(said[:3]), said[4:100].strip(), BytesParser().parsebytes(rest))


async def _first_of(addresses: list[tuple[str, int]]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first address that takes one."""
    last: OSError = OSError("it has no address")
    for host, port in addresses:
        try:
            async with asyncio.timeout(PATIENCE / 2 if len(addresses) > 1 else None):
                return await asyncio.open_connection(host, port, limit=MOST)
        except TimeoutError as error:
            last = error
        except OSError as error:
            last = error
    raise type(last)(*last.args)


def _ahead(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - time() if date else None
    except (ValueError, TypeError, OverflowError):
        return None


def _issuer(secured: ssl.SSLObject) -> str:
    believed = secured.getpeercert()
    if believed:
        pairs = [pair for group in believed.get("issuer", ()) for pair in group]
        names = {str(pair[0]): str(pair[1]) for pair in pairs}
        return told(names.get("commonName", ""), names.get("organizationName", ""))
    return issuer_of(secured.getpeercert(binary_form=True) or b"")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
