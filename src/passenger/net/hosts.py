"""Which host a text names, read so strictly that no two readers can disagree, and which hosts are this machine."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address

_AUTHORITY = re.compile(
    rb"(?:\[(?P<v6>[0-9A-Fa-f:.]{2,45})\]"
    rb"|(?P<name>[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)*))"
    rb"(?P<port>:[0-9]{0,5})?"
)
_LAST_LABEL_IS_A_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[Xx][0-9A-Fa-f]*)")
LONGEST = 255
"""Bytes of an authority that is read."""


def read_host(value: bytes) -> str | None:
    """The host of an authority, lower case and without port and brackets; None where it is not plain.

    A host is a name, a dotted IPv4 address or a bracketed IPv6 one (RFC 3986, 3.2.2). What browsers would take for an
    IPv4 address but is not spelled as one (`0x7f.1`, `2130706433`) is refused, as is a name's trailing dot.
    """
    match = _AUTHORITY.fullmatch(value) if len(value) <= LONGEST else None
    if match is None or int((match["port"] or b":0")[1:] or 0) > 65535:
        return None
    if match["v6"] is not None:
        return _compressed(IPv6Address, match["v6"].decode())
    name = match["name"].decode().lower()
    return _compressed(IPv4Address, name) if _LAST_LABEL_IS_A_NUMBER.fullmatch(name) else name


def _compressed(kind: type[IPv4Address | IPv6Address], text: str) -> str | None:
    try:
        return kind(text).compressed
    except AddressValueError:
        return None


def is_this_machine(host: str) -> bool:
    """Whether a host never leaves this machine: `localhost`, a name below it (RFC 6761), or a loopback address."""
    address = parse_address(host)
    return host == "localhost" or host.endswith(".localhost") if address is None else address.is_loopback


def is_address(host: str) -> bool:
    """Whether a host is an address: what no name server can point elsewhere."""
    return parse_address(host) is not None


def parse_address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is spelled as, of IPv6 without its zone; one that is mapped into IPv6 is that of IPv4."""
    try:
        address = ip_address(host)  # which takes no zone after an IPv4 address: a name server would be asked for that
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))
