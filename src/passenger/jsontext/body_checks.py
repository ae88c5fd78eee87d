"""Checks of a request's body before it is decoded: encoding, duplicate keys, depth, numbers of fields and values.

They cost an ordinary request some microseconds.
"""

import codecs
import json
import re
from collections import Counter
from typing import Any

from passenger.errors import Failure, Kind
from passenger.jsontext import structure
from passenger.jsontext.raw_object import Fields
from passenger.limits import Limits

READ = ("model", "messages", "stream", "input", "prompt", "contents", "content", "requests", "system", "tools")
"""Top-level keys that must not be there twice: we might read the one, and Copilot the other."""

_BEFORE_KEY = re.compile(rb"[\s,{]*")
_BEFORE_VALUE = re.compile(rb"\s*:\s*")


def measure(body: bytes, limits: Limits) -> int:
    """Check how many values a body has, and how deeply they are nested.

    Returns an upper bound of their number: commas and brackets in strings may be counted, too.

    Raises:
        Failure: they are too many, or nested too deeply.
    """
    found = structure.marks(body)
    if len(found) <= limits.max_depth and len(found) <= limits.max_values:
        return len(found)
    if len(found) > limits.max_values or structure.is_deeper(found, limits.max_depth):
        found = _exact_marks(body, limits.max_values)
        if structure.is_deeper(found, limits.max_depth):
            message = f"the body is nested more than {limits.max_depth} levels deep ([limits] max_depth)"
            raise Failure(Kind.INVALID, message, code="too_deep")
    return structure.values(found)


def _exact_marks(body: bytes, most: int) -> bytes:
    pieces, count = list[bytes](), 0
    for piece in structure.outside(body):
        pieces.append(piece)
        count += structure.values(piece)
        if count > most:
            message = f"the body has more than {most} values in its JSON ([limits] max_values)"
            raise Failure(Kind.INVALID, message, code="too_many_values")
    return b"".join(pieces)


def check(body: bytes, fields: Fields | None, max_fields: int) -> None:
    """Check a body's encoding and top-level keys; `fields` is its top level, if it could be split.

    Raises:
        Failure: it is not UTF-8 (RFC 8259, 8.1), has too many fields, or repeats a key of `READ`.
    """
    if not _is_text(body):
        raise Failure(Kind.INVALID, "the body is not UTF-8 text")
    if fields is not None and _has_unique_keys(body, fields):
        _check_field_count(len(fields), max_fields)
        return
    names = _count_keys(body)
    _check_field_count(names.total(), max_fields)
    if (twice := next((key for key in READ if names[key] > 1), None)) is not None:
        raise Failure(Kind.INVALID, f"the body has {twice} twice", param=twice, code="duplicate_key")


def _check_field_count(fields: int, most: int) -> None:
    if fields > most:
        message = f"the body has more than {most} fields ([limits] max_fields)"
        raise Failure(Kind.INVALID, message, code="too_many")


def _is_text(body: bytes) -> bool:
    """Whether it is UTF-8. The decoder does not check the raw values that it skips.

    It is decoded piece by piece: one wide letter would make a decoded text four times as long.
    """
    if body.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(body), structure.PIECE):
            decoder.decode(body[start : start + structure.PIECE], final=start + structure.PIECE >= len(body))
    except UnicodeDecodeError:
        return False
    return True


def _has_unique_keys(body: bytes, fields: Fields) -> bool:
    """Whether every key of the outermost object surely is there once.

    The fields are compared with the body, one after the other: a repeated key, or one with escapes, does not fit.
    """
    if _is_compact(body, fields):
        return True
    end = 0
    for key, value in fields.items():
        quoted, raw = b'"%b"' % key.encode("utf-8", "replace"), bytes(value)
        start = _BEFORE_KEY.match(body, end)
        colon = _BEFORE_VALUE.match(body, start.end() + len(quoted)) if start else None
        if not (start and colon and body.startswith(quoted, start.end()) and body.startswith(raw, colon.end())):
            return False
        end = colon.end() + len(raw)
    return body[end:].strip(b" \t\r\n{") == b"}"


def _is_compact(body: bytes, fields: Fields) -> bool:
    """Whether the body is as long as its fields without any white space, as most clients write them.

    It would be longer if a key was repeated, or had escapes.
    """
    return len(body) == 1 + sum([len(key) + memoryview(value).nbytes + 4 for key, value in fields.items()])


def _count_keys(body: bytes) -> Counter[str]:
    """How often each key is in the outermost object, if there is one.

    Numbers stay text: Python refuses one of very many digits, and then no key would be found.
    """
    outermost: list[tuple[str, Any]] = []

    def keep(pairs: list[tuple[str, Any]]) -> None:
        outermost[:] = pairs

    try:
        json.loads(body, object_pairs_hook=keep, parse_int=str, parse_float=str, strict=False)
    except (ValueError, RecursionError):
        return Counter()
    return Counter(name for name, _ in outermost)
