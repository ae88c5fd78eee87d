"""A URL read so strictly that no two parsers can disagree about its host.

Two readers that see different hosts in one text (`https://evil.example\\@github.com`) is how a credential gets out,
so whatever is not plain is refused: RFC 3986 is wider, and https://url.spec.whatwg.org/ reads it differently.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from passenger.net.hosts import is_this_machine

_PLAIN = re.compile(r"""[!-~]+""")
_UNWISE = frozenset('\\"<>^`{|}')
_AUTHORITY = re.compile(
    r"(?:(?P<user>[^@]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
    r"(?::(?P<port>[0-9]{0,5}))?"
)


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a URL that decide who receives the request. `host` is lower case, an IPv6 host has no brackets."""

    scheme: str
    host: str
    has_user: bool
    has_query: bool

    @property
    def is_this_machine(self) -> bool:
        """Whether requests to it never leave this machine."""
        return is_this_machine(self.host)


def read_address(url: str) -> Address:
    """The address in an absolute http or https URL.

    Raises:
        ValueError: it is none, or one that parsers read differently; the text says what it must be.
    """
    if not _PLAIN.fullmatch(url) or _UNWISE.intersection(url):
        raise ValueError("must be a URL of plain ASCII characters (write an international host as xn--...)")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError("must be an absolute http or https URL")
    match = _AUTHORITY.fullmatch(parts.netloc)
    if match is None:
        raise ValueError("must name a host that can be read in one way only")
    if match["port"] and not 0 < int(match["port"]) < 65536:
        raise ValueError("must have a port from 1 to 65535")
    has_query = bool(parts.query or parts.fragment)
    host = match["host"]
    host = IPv6Address(host[1:-1]).compressed if host.startswith("[") else host.lower()
    return Address(parts.scheme, host, match["user"] is not None, has_query)
