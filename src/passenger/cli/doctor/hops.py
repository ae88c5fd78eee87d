"""The way to one host, step by step as a request takes it: name, TCP, the proxy's consent, TLS, HTTP.

Nothing is sent but a request without credentials. It ends at the first step that fails, and says which one that was.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from time import perf_counter, time
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from passenger.errors import Kind
from passenger.net.egress import Egress, EgressRoute
from passenger.net.exceptions import Hop, UnconnectedError
from passenger.net.network_failure import connect_failure
from passenger.net.origin import bracketed
from passenger.net.proxies import Proxy
from passenger.net.resolver import Resolver

HopStep = Literal["DNS", "TCP", "CONNECT", "TLS", "HTTP"]

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
    steps: list[tuple[HopStep, float]] = field(default_factory=list)
    issuer: str = ""
    """Who has signed the certificate, believed or not."""
    status: int | None = None
    ahead: float | None = None
    """Seconds that the host's clock is ahead of ours, by its `Date`."""
    failed: HopStep | None = None
    why: str = ""
    untrusted: int | None = None
    """OpenSSL's verify code of a certificate that is not believed."""


async def follow(url: str, network: Egress, names: Resolver, patience: float = PATIENCE) -> Trace:
    """Walk to a URL."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    trace = Trace(host, port, network.proxies.choose(parts.scheme, host, port))
    walk = _Walk(parts, trace, network.way(parts.scheme, host, port), names)
    await walk.walk(patience)
    if trace.untrusted is not None:
        # Find out who signed what is not believed, on a connection that nothing is sent on.
        again = _Walk(parts, Trace(host, port, trace.proxy), walk.way, names, believing=True)
        await again.walk(patience)
        trace.issuer = again.trace.issuer
    return trace


@dataclass
class _Walk:
    parts: SplitResult
    trace: Trace
    way: EgressRoute
    names: Resolver
    believing: bool = False
    """Whether any certificate will do, since only its issuer is asked for."""
    at: HopStep = "DNS"

    @property
    def proxy(self) -> Proxy | None:
        return self.trace.proxy

    async def walk(self, patience: float) -> None:
        """Walk, and note what stopped us."""
        try:
            async with asyncio.timeout(patience):
                await self._walk()
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError) as error:
            self._note(error)

    async def _walk(self) -> None:
        proxy = self.proxy
        first = proxy or self.trace
        reader, writer = await self._connect(first.host, first.port)
        try:
            if proxy and proxy.scheme == "https":
                async with self._step("TLS"):
                    await writer.start_tls(self._context(), server_hostname=proxy.host)
            if proxy and self.parts.scheme == "https":
                await self._open_tunnel(reader, writer)
            if self.parts.scheme == "https":
                await self._start_tls(writer)
            if not self.believing:
                await self._send_request(reader, writer)
        finally:
            writer.transport.abort()

    async def _connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with self._step("DNS"):
            addresses = await self.names.resolve(host, port, 0)
        async with self._step("TCP"):
            return await _first_of([(found.host, found.port) for found in addresses])

    async def _open_tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        where = f"{bracketed(self.trace.host)}:{self.trace.port}"
        async with self._step("CONNECT"):
            head = await _ask(reader, writer, f"CONNECT {where} HTTP/1.1", where, dict(self.way.proxy_headers or {}))
            if head.status != 200:
                hint = "; user and password of the proxy belong into the variable that names it"
                said = f"{head.status} {head.reason}{hint if head.status == 407 else ''}"
                raise _RefusedError(f"the proxy {self.proxy} refused to connect us to {self.trace.host}: {said}")

    async def _start_tls(self, writer: asyncio.StreamWriter) -> None:
        async with self._step("TLS"):
            await writer.start_tls(self._context(), server_hostname=self.trace.host)
        self.trace.issuer = _issuer(writer.get_extra_info("ssl_object"))

    def _context(self) -> ssl.SSLContext:
        if not self.believing:
            assert self.way.context is not None  # noqa: S101 - a way that needs TLS has one
            return self.way.context
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE  # nothing is sent: only the issuer's name is looked at
        return made

    async def _send_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (self.parts.path or "/") + (f"?{self.parts.query}" if self.parts.query else "")
        target = self.parts.geturl() if self.proxy and self.parts.scheme == "http" else path
        async with self._step("HTTP"):
            head = await _ask(reader, writer, f"GET {target} HTTP/1.1", self.parts.netloc, dict(self.way.headers))
        self.trace.status = head.status
        self.trace.ahead = _ahead(head.fields["date"])

    @contextlib.asynccontextmanager
    async def _step(self, step: HopStep) -> AsyncIterator[None]:
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
        is_tunnelled = any(step == "CONNECT" for step, _ in self.trace.steps)
        hop = Hop(self.at, proxy if proxy and not is_tunnelled else self.trace.host, proxy)
        return connect_failure(UnconnectedError(hop, error), self.trace.host, Kind.UPSTREAM).message


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
        return name_of(names.get("commonName", ""), names.get("organizationName", ""))
    return issuer_of(secured.getpeercert(binary_form=True) or b"")


SEQUENCE, SET, VERSION = 0x30, 0x31, 0xA0
_NAMES = {b"\x55\x04\x0a": "organization", b"\x55\x04\x03": "common"}
_TEXTS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}
LONGEST = 100
"""Characters of a name that are name_of."""


def issuer_of(certificate: bytes) -> str:
    """The issuer's common name and organization, "" where they cannot be read."""
    try:
        names = dict(_read_issuer(certificate))
    except (IndexError, ValueError, StopIteration):
        return ""
    return name_of(names.get("common", ""), names.get("organization", ""))


def name_of(common: str, organization: str) -> str:
    """A name as people read it: `Corp Root CA (Corp Ltd)`."""
    both = f"{common} ({organization})" if common and organization else common or organization
    return both[:LONGEST]


def _read_issuer(certificate: bytes) -> Iterator[tuple[str, str]]:
    (_, whole), *_ = _elements(certificate)
    (_, body), *_ = _elements(whole)
    parts = [part for part in _elements(body) if part[0] != VERSION]
    for _, group in _elements(parts[2][1]):
        for _, pair in _elements(group):
            (_, kind), (tag, value) = _elements(pair)
            if kind in _NAMES and tag in _TEXTS:
                yield _NAMES[kind], value.decode(_TEXTS[tag], "replace")


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements that stand one after the other: the tag and the content of each."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if at + length > len(data):
            raise ValueError("it is cut off")
        yield tag, data[at : at + length]
        at += length
