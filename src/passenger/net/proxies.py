"""Which proxy a request goes through, by the environment variables that curl, git and pip read too.

`HTTPS_PROXY` is for https destinations, `HTTP_PROXY` for http ones, `ALL_PROXY` for either without one of its own.
`NO_PROXY` lists the hosts that are asked directly; this machine always is. A lower-case variable wins.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import SplitResult, unquote, urlsplit

from passenger.net.hosts import is_this_machine, parse_address
from passenger.net.origin import bracketed
from passenger.secret import Secret

PROXY_VARIABLES: Mapping[str, tuple[str, str]] = {
    "https": ("HTTPS_PROXY", "ALL_PROXY"),
    "http": ("HTTP_PROXY", "ALL_PROXY"),
}
"""The variables for each scheme of a destination, in the order in which they are read."""

EXCEPTIONS_VARIABLE = "NO_PROXY"

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+")
_PORTS = {"http": 80, "https": 443}


class ProxyError(ValueError):
    """A variable does not name a usable proxy. The text completes "the variable ..." and never quotes its value."""

    def __init__(self, variable: str, what: str) -> None:
        self.variable = variable
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and the variable that names it; `credentials` is `user:password`, percent-decoded."""

    scheme: str
    host: str
    port: int
    variable: str
    credentials: Secret | None = None

    @property
    def url(self) -> str:
        """Its URL without credentials."""
        return f"{self.scheme}://{bracketed(self.host)}:{self.port}"

    @property
    def authorization(self) -> Secret | None:
        """The value of `Proxy-Authorization` (RFC 7617), where there are credentials."""
        if self.credentials is None:
            return None
        return Secret("Basic " + base64.b64encode(self.credentials.reveal().encode()).decode())

    def secrets(self) -> Iterator[Secret]:
        """What no log may show of it."""
        if self.credentials is not None and self.authorization is not None:
            yield self.credentials
            yield Secret(self.credentials.reveal().partition(":")[2])
            yield Secret(self.authorization.reveal().removeprefix("Basic "))

    def __str__(self) -> str:
        return f"{bracketed(self.host)}:{self.port} ({self.variable})"


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies of an environment by the destination's scheme, and the hosts that are asked directly."""

    by_scheme: Mapping[str, Proxy]
    exceptions: str = ""

    def choose(self, scheme: str, host: str, port: int) -> Proxy | None:
        """The proxy to ask for this destination, None where it is asked directly."""
        proxy = self.by_scheme.get(scheme)
        if proxy is None or is_excepted(self.exceptions, host, port):
            return None
        return proxy


NO_PROXIES = Proxies({})


def read_proxies(environ: Mapping[str, str]) -> Proxies:
    """The proxies that an environment names.

    Raises:
        ProxyError: a variable that counts holds no http or https proxy.
    """
    chosen = {scheme: _first(environ, names) for scheme, names in PROXY_VARIABLES.items()}
    proxies = {scheme: read_proxy(*found) for scheme, found in chosen.items() if found is not None}
    return Proxies(proxies, _value(environ, EXCEPTIONS_VARIABLE)[1])


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, str] | None:
    values = (_value(environ, name) for name in names)
    return next(((name, value) for name, value in values if value), None)


def _value(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """A variable as it is spelled, and its value. Lower case wins even where it is empty."""
    spelled = name.lower() if name.lower() in environ else name
    return spelled, environ.get(spelled, "").strip()


def read_proxy(variable: str, text: str) -> Proxy:
    """The proxy in a variable's value: a URL, or `host:port` alone, which is an http proxy.

    Raises:
        ProxyError: it is none.
    """
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise ProxyError(variable, "cannot be read: it must be http://host:port or https://host:port") from None
    if parts.scheme not in _PORTS:
        raise ProxyError(variable, f"names a {_kind(parts.scheme)} proxy: only http:// and https:// ones can be used")
    if not _HOST.fullmatch(host) or port == 0 or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ProxyError(variable, "cannot be read: it must be http://host:port or https://host:port")
    return Proxy(parts.scheme, host, port or _PORTS[parts.scheme], variable, _credentials(parts))


def _kind(scheme: str) -> str:
    return "SOCKS" if scheme.startswith("socks") else "strange"


def _credentials(parts: SplitResult) -> Secret | None:
    if parts.username is None:
        return None
    return Secret(f"{unquote(parts.username)}:{unquote(parts.password or '')}")


# --- hosts without a proxy -------------------------------------------------------------------------------------------


def is_excepted(exceptions: str, host: str, port: int) -> bool:
    """Whether a destination is asked directly: it is this machine, or `NO_PROXY` has it."""
    host = host.strip("[]").rstrip(".").lower()
    if is_this_machine(host):
        return True
    return any(_matches(entry, host, port) for entry in re.split(r"[,\s]+", exceptions.lower()) if entry)


def _matches(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    if (network := _network(entry)) is not None:
        return _within(host, network)
    name, only = _split(entry)
    if only is not None and only != port:
        return False
    if (network := _network(name)) is not None:
        return _within(host, network)
    domain = name.removeprefix("*").removeprefix(".").rstrip(".")
    return bool(domain) and parse_address(host) is None and (host == domain or host.endswith(f".{domain}"))


def _within(host: str, network: IPv4Network | IPv6Network) -> bool:
    address = parse_address(host)
    return address is not None and address in network


def _split(entry: str) -> tuple[str, int | None]:
    """The name and the port of `name:port` or `[::1]:port`."""
    name, colon, port = entry.rpartition(":")
    return (name.strip("[]"), int(port)) if colon and port.isdecimal() else (entry.strip("[]"), None)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
