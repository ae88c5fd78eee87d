"""Who has signed a certificate, read from its DER: for one that is not believed, Python tells nothing else.

The part that is read: Certificate { TBSCertificate { [0] version, serial, algorithm, issuer Name, ... } ... } (RFC
5280, section 4.1); a Name is a sequence of sets of (type, value).
"""

from collections.abc import Iterator

SEQUENCE, SET, VERSION = 0x30, 0x31, 0xA0
_NAMES = {b"\x55\x04\x0a": "organization", b"\x55\x04\x03": "common"}
_TEXTS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}
LONGEST = 100
"""Characters of a name that are told."""


def issuer_of(certificate: bytes) -> str:
    """The issuer's common name and organization, "" where they cannot be read."""
    try:
        names = dict(_issuer(certificate))
    except (IndexError, ValueError, StopIteration):
        return ""
    return told(names.get("common", ""), names.get("organization", ""))


def told(common: str, organization: str) -> str:
    """A name as people read it: `Corp Root CA (Corp Ltd)`."""
    both = f"{common} ({organization})" if common and organization else common or organization
    return both[:LONGEST]


def _issuer(certificate: bytes) -> Iterator[tuple[str, str]]:
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
