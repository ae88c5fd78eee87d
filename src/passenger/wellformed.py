"""What is refused of a body before it is read: other text than UTF-8, keys said twice, more than any client needs.

All are looked for in ways that cost an ordinary request next to nothing.
"""

import codecs
import json
import re
from collections import Counter
from typing import Any

from passenger.body import Fields
from passenger.errors import Failure, Kind
from passenger.jsontext import outline
from passenger.limits import Limits

READ = ("model", "messages", "stream", "input", "prompt", "contents", "content", "requests", "system", "tools")
"""The top-level keys that decide what is done; two of one of them would be read by us and by Copilot in two ways."""

_BEFORE_KEY = re.compile(rb"[\s,{]*")
_BEFORE_VALUE = re.compile(rb"\s*:\s*")


def measure(body: bytes, limits: Limits) -> int:
    """How many values its JSON has at most, some more than it has where commas and brackets are in its strings.

    Raises:
        Failure: they are too many, or nested too deeply.
    """
    found = outline.marks(body)
    if len(found) <= limits.max_depth and len(found) <= limits.max_values:
        return len(found)
    if len(found) > limits.max_values or outline.is_deeper(found, limits.max_depth):
        found = _exact_marks(body, limits.max_values)
        if outline.is_deeper(found, limits.max_depth):
            message = f"the body is nested more than {limits.max_depth} levels deep ([limits] max_depth)"
            raise Failure(Kind.INVALID, message, code="too_deep")
    return outline.values(found)


def _exact_marks(body: bytes, most: int) -> bytes:
    pieces, count = list[bytes](), 0
    for piece in outline.outside(body):
        pieces.append(piece)
        count += outline.values(piece)
        if count > most:
            message = f"the body has more than {most} values in its JSON ([limits] max_values)"
            raise Failure(Kind.INVALID, message, code="too_many_values")
    return b"".join(pieces)


def check(body: bytes, fields: Fields | None, max_fields: int) -> None:
    """Let a body pass that is ordinary; `fields` are what it splits into.

    Raises:
        Failure: it is not UTF-8 (RFC 8259, 8.1), has too many fields, or says a key twice that we read.
    """
    if not _is_text(body):
        raise Failure(Kind.INVALID, "the body is not UTF-8 text")
    if fields is not None and _says_all_once(body, fields):
        _check_number(len(fields), max_fields)
        return
    names = _outermost(body)
    _check_number(names.total(), max_fields)
    if (twice := next((key for key in READ if names[key] > 1), None)) is not None:
        raise Failure(Kind.INVALID, f"{twice} is said twice", param=twice, code="duplicate_key")


def _check_number(fields: int, most: int) -> None:
    if fields > most:
        message = f"the body has more than {most} fields ([limits] max_fields)"
        raise Failure(Kind.INVALID, message, code="too_many")


def _is_text(body: bytes) -> bool:
    """Whether it is UTF-8: the fast decoder does not look inside of what it skips, and relaying may open that later.

    A long one is decoded piece by piece, since a single letter may make the whole of it four times as long.
    """
    if body.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(body), outline.PIECE):
            decoder.decode(body[start : start + outline.PIECE], final=start + outline.PIECE >= len(body))
    except UnicodeDecodeError:
        return False
    return True


def _says_all_once(body: bytes, fields: Fields) -> bool:
    """Whether every key of the outermost object is surely there once.

    What splitting keeps is laid beside the body, piece by piece; a key said twice, or spelled in an odd way, would not
    fit.
    """
    if _is_compact(body, fields):
        return True
    at = 0
    for key, value in fields.items():
        at = _end(_BEFORE_KEY.match(body, at))
        quoted, raw = b'"%b"' % key.encode("utf-8", "replace"), bytes(value)
        colon = _BEFORE_VALUE.match(body, at + len(quoted))
        if not body.startswith(quoted, at) or not body.startswith(raw, _end(colon)):
            return False
        at = _end(colon) + len(raw)
    return body[at:].strip(b" \t\r\n{") == b"}"


def _is_compact(body: bytes, fields: Fields) -> bool:
    """Whether a key once, its value and what must be between them are as long as the body: as most clients write it.

    Nothing can be written in less, so that whatever is said twice, or spelled in an odd way, makes it longer.
    """
    return len(body) == 1 + sum([len(key) + memoryview(value).nbytes + 4 for key, value in fields.items()])


def _end(found: re.Match[bytes] | None) -> int:
    return found.end() if found else -1


def _outermost(body: bytes) -> Counter[str]:
    """How often the outermost object says each key, if it is one.

    No number is made of the digits: of too many of them none can be, and the keys would not be found.
    """
    outermost: list[tuple[str, Any]] = []

    def keep(pairs: list[tuple[str, Any]]) -> None:
        outermost[:] = pairs

    try:
        json.loads(body, object_pairs_hook=keep, parse_int=str, parse_float=str, strict=False)
    except (ValueError, RecursionError):
        return Counter()
    return Counter(name for name, _ in outermost)
