"""What is refused of a body before it is read: other text than UTF-8, keys said twice, nesting that no client needs.

All are looked for in ways that cost an ordinary request next to nothing.
"""

import json
import re
from itertools import accumulate
from typing import Any

from passenger.body import Fields
from passenger.errors import Failure, Kind

READ = ("model", "messages", "stream", "input", "prompt", "contents", "content", "requests", "system", "tools")
"""The top-level keys that decide what is done; two of one of them would be read by us and by Copilot in two ways."""

_SLICE = 128
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_OTHERS = bytes(byte for byte in range(256) if byte not in _STEPS)
_BEFORE_KEY = re.compile(rb"[\s,{]*")
_BEFORE_VALUE = re.compile(rb"\s*:\s*")


def check(body: bytes, fields: Fields | None, deepest: int) -> None:
    """Let a body pass that is ordinary, and nested at most so many levels deep; `fields` are what it splits into.

    Raises:
        Failure: it is not UTF-8 (RFC 8259, 8.1), is nested too deeply, or says a key twice that we read.
    """
    if not _is_text(body):
        raise Failure(Kind.INVALID, "the body is not UTF-8 text")
    if _is_deeper(body, deepest):
        message = f"the body is nested more than {deepest} levels deep ([limits] max_depth)"
        raise Failure(Kind.INVALID, message, code="too_deep")
    if not _says_all_once(body, fields) and (twice := _said_twice(body)) is not None:
        raise Failure(Kind.INVALID, f"{twice} is said twice", param=twice, code="duplicate_key")


def _is_text(body: bytes) -> bool:
    """Whether it is UTF-8: the fast decoder does not look inside of what it skips, and relaying may open that later."""
    if body.isascii():
        return True
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_deeper(body: bytes, most: int) -> bool:
    """Whether it is nested deeper. Brackets in strings are left out only where counting them, too, gives too many."""
    brackets = body.translate(None, _OTHERS)
    if len(brackets) <= most:
        return False
    level = deepest = 0
    for start in range(0, len(brackets), _SLICE):
        piece = brackets[start : start + _SLICE]
        opened = piece.count(b"[") + piece.count(b"{")
        if level + opened > most:
            deepest = max(deepest, *accumulate((_STEPS[byte] for byte in piece), initial=level))
        level = max(0, level + 2 * opened - len(piece))
    return deepest > most and _exact_depth(body) > most


def _exact_depth(body: bytes) -> int:
    """The nesting, strings left out."""
    deepest = level = 0
    quoted = escaped = False
    for byte in body:
        if quoted:
            escaped, quoted = (not escaped and byte == 0x5C), (escaped or byte != 0x22)
        elif byte == 0x22:
            quoted = True
        elif byte in b"[{":
            level += 1
            deepest = max(deepest, level)
        elif byte in b"]}":
            level -= 1
    return deepest


def _says_all_once(body: bytes, fields: Fields | None) -> bool:
    """Whether every key of the outermost object is surely there once.

    What splitting keeps is laid beside the body, piece by piece; a key said twice, or spelled in an odd way, would not
    fit.
    """
    if fields is None:
        return False
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
    return len(body) == 1 + sum(len(key) + memoryview(value).nbytes + 4 for key, value in fields.items())


def _end(found: re.Match[bytes] | None) -> int:
    return found.end() if found else -1


def _said_twice(body: bytes) -> str | None:
    """The first key that is read and that the outermost object says more than once, if it is one."""
    outermost: list[tuple[str, Any]] = []

    def keep(pairs: list[tuple[str, Any]]) -> None:
        outermost[:] = pairs

    try:
        json.loads(body, object_pairs_hook=keep)
    except (ValueError, RecursionError):
        return None
    return next((key for key in READ if sum(name == key for name, _ in outermost) > 1), None)
