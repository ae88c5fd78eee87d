"""Which proxy a request goes through, by the variables that curl, git and pip read too; hides how they are spelled.

`HTTPS_PROXY` is for https destinations, `HTTP_PROXY` for http ones, `ALL_PROXY` for those that have none of their own,
`NO_PROXY` names who is asked directly. Lower case wins. This machine is never asked through a proxy.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, unquote, urlsplit

from passenger.secret import Secret

PROXY_VARIABLES: Mapping[str, tuple[str, str]] = {
    "https": ("HTTPS_PROXY", "ALL_PROXY"),
    "http": ("HTTP_PROXY", "ALL_PROXY"),
}
"""For each scheme of a destination the variables that are looked at, in this order."""

EXCEPTIONS_VARIABLE = "NO_PROXY"

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+")
_PORTS = {"http": 80, "https": 443}


class ProxyError(ValueError):
    """A variable holds what is no proxy of ours. The text completes "the variable ..." and has nothing of its value."""

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
        return f"{self.scheme}://{_bracketed(self.host)}:{self.port}"

    @property
    def authorization(self) -> Secret | None:
        """The value of `Proxy-Authorization` (RFC 7617), where there are credentials."""
        if self.credentials is None:
            return None
        return Secret("Basic " + base64.b64encode(self.credentials.reveal().encode()).decode())

    def secrets(self) -> Iterator[Secret]:
        """Whatever of it no log may show."""
        if self.credentials is not None and self.authorization is not None:
            yield self.credentials
            yield Secret(self.credentials.reveal().partition(":")[2])
            yield Secret(self.authorization.reveal().removeprefix("Basic "))

    def __str__(self) -> str:
        return f"{_bracketed(self.host)}:{self.port} ({self.variable})"


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies of an environment: by the destination's scheme, and who is asked without one."""

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
    """A variable as it is spelled and its value; one in lower case hides the other even where it is empty."""
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


# --- who is asked directly ---------------------------------------------------------------------------------------


def is_excepted(exceptions: str, host: str, port: int) -> bool:
    """Whether a destination is asked directly: it is this machine, or `NO_PROXY` has it."""
    host = host.strip("[]").rstrip(".").lower()
    if _is_this_machine(host):
        return True
    return any(_matches(entry, host, port) for entry in re.split(r"[,\s]+", exceptions.lower()) if entry)


def _is_this_machine(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or host.endswith(".localhost") if address is None else address.is_loopback


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
    return bool(domain) and _address(host) is None and (host == domain or host.endswith(f".{domain}"))


def _within(host: str, network: IPv4Network | IPv6Network) -> bool:
    address = _address(host)
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


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is spelled as; an IPv4 one in IPv6's clothes is the IPv4 one."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
