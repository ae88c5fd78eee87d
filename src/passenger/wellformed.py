"""What is refused of a body although JSON allows it: keys said twice, and nesting that no client needs.

Both are looked for with byte searches that cost an ordinary request next to nothing.
"""

import json
from itertools import accumulate
from typing import Any

from passenger.errors import Failure, Kind

DEPTH = 200
"""Levels of nesting that are taken."""

READ = ("model", "messages", "stream", "input", "prompt", "contents", "content", "requests", "system", "tools")
"""The top-level keys that decide what is done; two of one of them would be read by us and by Copilot in two ways."""

_SLICE = 4096
_DEPTHS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_OTHERS = bytes(byte for byte in range(256) if byte not in b"[{]}")


def check(body: bytes) -> None:
    """Let an ordinary body pass.

    Raises:
        Failure: it is nested too deeply, or says a key twice that we read.
    """
    if _depth(body) > DEPTH:
        raise Failure(Kind.INVALID, f"the body is nested more than {DEPTH} levels deep", code="too_deep")
    for key in READ:
        quoted = b'"%b"' % key.encode()
        if body.find(quoted, body.find(quoted) + 1) > 0 and _is_twice(body, key):
            raise Failure(Kind.INVALID, f"{key} is said twice", param=key, code="duplicate_key")


def _depth(body: bytes) -> int:
    """The nesting, brackets within strings counted as well: exact or too much by what strings leave open."""
    if body.count(b"[") + body.count(b"{") <= DEPTH:
        return 0
    level = deepest = 0
    for start in range(0, len(body), _SLICE):
        piece = body[start : start + _SLICE]
        opened, closed = piece.count(b"[") + piece.count(b"{"), piece.count(b"]") + piece.count(b"}")
        if level + opened > DEPTH:
            steps = (1 if step == 1 else -1 for step in piece.translate(_DEPTHS, _OTHERS))
            deepest = max(deepest, *accumulate(steps, initial=level))
        level = max(0, level + opened - closed)
    return _exact_depth(body) if deepest > DEPTH else 0


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


def _is_twice(body: bytes, key: str) -> bool:
    """Whether the outermost object says the key more than once; a body that is not JSON is others' business."""
    outermost: list[list[tuple[str, Any]]] = []

    def keep(pairs: list[tuple[str, Any]]) -> None:
        outermost[:] = [pairs]

    try:
        json.loads(body, object_pairs_hook=keep)
    except (ValueError, RecursionError):
        return False
    return bool(outermost) and sum(name == key for name, _ in outermost[0]) > 1
