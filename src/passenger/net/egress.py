"""Through which proxy a destination is reached, and with which TLS context."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from passenger.net.proxies import NO_PROXIES, Proxies, Proxy
from passenger.net.tls import MakeContext, make_tls_context


@dataclass(frozen=True, slots=True)
class EgressRoute:
    """The route to one destination. `proxy_headers` go with `CONNECT`, `headers` to a proxy that sees the request."""

    context: ssl.SSLContext | None = None
    proxy: Proxy | None = None
    proxy_headers: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Egress:
    """The proxies and the TLS context of the settings; by default none, and the system's certificates."""

    proxies: Proxies = NO_PROXIES
    context: MakeContext = field(default_factory=lambda: make_tls_context({}))

    def way(self, scheme: str, host: str, port: int) -> EgressRoute:
        """The route to a destination. The TLS context is made when it is first needed."""
        proxy = self.proxies.choose(scheme, host, port)
        tls = self.context() if scheme == "https" or (proxy is not None and proxy.scheme == "https") else None
        if proxy is None:
            return EgressRoute(tls)
        if scheme == "https":
            return EgressRoute(tls, proxy, {"User-Agent": "passenger", **_authorization(proxy)})
        return EgressRoute(tls, proxy, None, _authorization(proxy))


def _authorization(proxy: Proxy) -> dict[str, str]:
    secret = proxy.authorization
    return {"Proxy-Authorization": secret.reveal()} if secret else {}
