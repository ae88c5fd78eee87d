"""How a connection is made: it hides which steps that takes, and says of one that fails which step it was.

    name -> TCP -> TLS                                        directly
    name -> TCP (-> TLS) -> CONNECT -> TLS                    through a proxy, the first steps to it

It builds upon methods of aiohttp's connector that are its own; the tests notice when one is gone.
"""

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any, Literal

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from yarl import URL

from passenger.wire import Wire

Step = Literal["DNS", "TCP", "TLS", "CONNECT"]


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a connection: with whom, and whether that is the proxy (as messages name it) or the destination."""

    step: Step
    peer: str
    proxy: str | None = None

    @property
    def with_proxy(self) -> bool:
        """Whether the other end of this step is the proxy."""
        return self.proxy is not None and self.peer == self.proxy


class UnconnectedError(aiohttp.ClientError):
    """There was no connection, so that nothing of the request has left us; its cause says why."""

    def __init__(self, hop: Hop, cause: Exception) -> None:
        super().__init__(f"{hop.step} with {hop.peer}: {cause}")
        self.hop = hop
        self.cause = cause

    @property
    def may_pass(self) -> bool:
        """Whether a second attempt is worth it: what took long will again, what a proxy refuses it goes on refusing."""
        return not isinstance(self.cause, TimeoutError | aiohttp.ClientHttpProxyError)


_hop: ContextVar[Hop] = ContextVar("hop")


class Connector(aiohttp.TCPConnector):
    """aiohttp's connector with one deadline for all steps; `proxies` has the names of proxies by their URLs."""

    def __init__(self, proxies: Mapping[URL, str], **options: Any) -> None:
        super().__init__(limit=0, **options)
        wire: type[ResponseHandler] = Wire
        self._factory = partial(wire, loop=self._loop)
        self._proxies = proxies

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[aiohttp.tracing.Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own signature
    ) -> ResponseHandler:
        _hop.set(self._first_hop(req))
        began = perf_counter()
        try:
            async with asyncio.timeout(timeout.sock_connect):
                made = await super()._create_connection(req, traces, timeout)
        except (aiohttp.ClientError, OSError) as error:
            raise UnconnectedError(_hop.get(), error) from error
        assert isinstance(made, Wire)  # noqa: S101 - the factory makes no other
        made.connecting = perf_counter() - began
        return made

    def _first_hop(self, req: ClientRequest) -> Hop:
        if req.proxy is None:
            return Hop("DNS", req.url.host or "")
        name = self._proxies[req.proxy]
        return Hop("DNS", name, name)

    async def _wrap_create_connection(self, *args: Any, **options: Any) -> tuple[asyncio.Transport, ResponseHandler]:
        before, (factory, *rest) = _hop.get(), args
        connected: Step = "TLS" if options.get("ssl") else "CONNECT"

        def protocol() -> ResponseHandler:
            """What the bytes are given to: it is asked for once TCP is there."""
            _hop.set(replace(before, step=connected))
            made: ResponseHandler = factory()
            return made

        _hop.set(replace(before, step="TCP"))
        made = await super()._wrap_create_connection(protocol, *rest, **options)
        _hop.set(replace(before, step="CONNECT"))
        return made

    async def _start_tls_connection(
        self, underlying_transport: asyncio.Transport, req: ClientRequest, *args: Any, **options: Any
    ) -> tuple[asyncio.BaseTransport, ResponseHandler]:
        _hop.set(Hop("TLS", req.url.host or "", _hop.get().proxy))
        return await super()._start_tls_connection(underlying_transport, req, *args, **options)
