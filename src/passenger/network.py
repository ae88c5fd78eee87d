"""How a destination is reached: through which proxy, and with whose certificates believed."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from passenger.proxies import NO_PROXIES, Proxies, Proxy
from passenger.trust import MakeContext, trust


@dataclass(frozen=True, slots=True)
class Way:
    """The way to one destination: `proxy_headers` go with `CONNECT`, `headers` to a proxy that sees the request."""

    context: ssl.SSLContext | None = None
    proxy: Proxy | None = None
    proxy_headers: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Network:
    """The network as the environment and the settings have it: directly to all, and the system's store, without any."""

    proxies: Proxies = NO_PROXIES
    context: MakeContext = field(default_factory=lambda: trust({}))

    def way(self, scheme: str, host: str, port: int) -> Way:
        """The way to a destination. The first one that needs TLS has the context made."""
        proxy = self.proxies.choose(scheme, host, port)
        tls = self.context() if scheme == "https" or (proxy is not None and proxy.scheme == "https") else None
        if proxy is None:
            return Way(tls)
        if scheme == "https":
            return Way(tls, proxy, {"User-Agent": "passenger", **_authorization(proxy)})
        return Way(tls, proxy, None, _authorization(proxy))


def _authorization(proxy: Proxy) -> dict[str, str]:
    secret = proxy.authorization
    return {"Proxy-Authorization": secret.reveal()} if secret else {}
