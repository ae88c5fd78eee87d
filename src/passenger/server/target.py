"""What a request's target names; hides its four forms ([RFC 9112](https://www.rfc-editor.org/rfc/rfc9112#section-3.2)).

A target that is a path, as nearly all are, is split by hand; others are parsed by llhttp's own parser of URLs.
"""

from urllib.parse import unquote

import httptools


def read_target(target: bytes) -> tuple[str, bytes, bytes]:
    """A target's path as it is meant, as it was sent, and what follows its question mark.

    Raises:
        ValueError: it is none, or holds what is not ASCII.
    """
    raw_path, query = target, b""
    if target[:1] != b"/":
        raw_path, query = _parse(target)
    elif b"?" in target or b"#" in target:
        raw_path, _, query = target.partition(b"#")[0].partition(b"?")  # a fragment is for the client alone
    path = raw_path.decode("ascii")
    return unquote(path) if "%" in path else path, raw_path, query


def _parse(target: bytes) -> tuple[bytes, bytes]:
    try:
        url = httptools.parse_url(target)
    except httptools.HttpParserInvalidURLError as error:
        raise ValueError("this is no target") from error
    if not (url.path or url.host) or (target[:1] == b"*" and len(target) > 1):
        raise ValueError("this is no target")
    return url.path or b"/", url.query or b""
