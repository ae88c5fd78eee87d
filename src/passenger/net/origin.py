"""Splits a URL into its origin and target (https://www.rfc-editor.org/rfc/rfc9110#section-4.3)."""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urlsplit

from passenger.net.exceptions import InvalidUrlError

_PORTS = {"http": 80, "https": 443}
_SAFE = "!#$%&'()*+,/:;=?@[]~"
"""Characters that stay as they are in a target; all others are percent-encoded."""


class Origin(NamedTuple):
    """Scheme, host and port; a host is lower case and an IPv6 address has no brackets."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port, as the `Host` header has them."""
        return bracketed(self.host) if self.port == _PORTS[self.scheme] else self.full_authority

    @property
    def full_authority(self) -> str:
        """Host and port, as `CONNECT` asks for them."""
        return f"{bracketed(self.host)}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


class UrlTarget(NamedTuple):
    """The origin of a URL, and its path and query."""

    origin: Origin
    target: str


@lru_cache(maxsize=256)
def split_url(url: str) -> UrlTarget:
    """Split a URL; percent-encoding in it is kept.

    Raises:
        InvalidUrlError: it is no http or https URL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidUrlError(f"{url[:100]!r} is no URL: {error}") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise InvalidUrlError(f"{url[:100]!r} is no URL of a server")
    origin = Origin(parts.scheme, _ascii(parts.hostname), _PORTS[parts.scheme] if port is None else port)
    return UrlTarget(origin, _target(parts))


def host_of(url: str) -> str:
    """The host of a URL for messages; the beginning of the text if it is no URL."""
    try:
        return split_url(url).origin.host
    except InvalidUrlError:
        return url[:100]


def _target(parts: SplitResult) -> str:
    path = quote(parts.path or "/", _SAFE)
    return f"{path}?{quote(parts.query, _SAFE)}" if parts.query else path


def _ascii(host: str) -> str:
    """A host name in its DNS form."""
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        raise InvalidUrlError(f"{host[:100]!r} is no name of a host") from None


def bracketed(host: str) -> str:
    """A host as it is written before a port."""
    return f"[{host}]" if ":" in host else host
