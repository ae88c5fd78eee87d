"""The Host header: what is taken for a host is plain, and is taken for the same host again."""

import re

from passenger.net.hosts import read_host

_PLAIN = re.compile(r"[!-~]+")
_UNWISE = frozenset("@/\\%[]?#")


def one(data: bytes) -> None:
    """Read a header's value, and what was made of it once more."""
    host = read_host(data)
    if host is None:
        return
    assert _PLAIN.fullmatch(host)
    assert not _UNWISE.intersection(host)
    assert host == host.lower()
    assert read_host((f"[{host}]" if ":" in host else host).encode()) == host
