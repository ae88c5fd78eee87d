"""Requests that must be refused, as a table: each is as large as it is told to be, and costs nobody else anything."""

import json
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hostile:
    """Where it goes, its body by its size, what it says its body is, and the status that it must get."""

    path: str
    body: Callable[[int], bytes]
    status: int = 400
    media_type: str = "application/json"


def _json(**fields: object) -> bytes:
    return json.dumps(fields).encode()


HOSTILE = (
    Hostile("/v1/chat/completions", lambda size: b"[" * size),
    Hostile("/v1/messages", lambda size: b'{"model":"' + b"x" * size),
    Hostile("/v1/responses", lambda size: _json(model="nobody-has-it", input="x" * size), 404),
    Hostile("/v1/chat/completions", lambda size: _json(model="gpt-4o", messages="x" * size)),
    Hostile("/v1beta/models/gpt-4o:generateContent", lambda size: _json(contents=[["x" * size]])),
    Hostile(
        "/api/chat", lambda size: _json(model="gpt-4o", messages=[{"role": "user", "content": 5, "x": "x" * size}])
    ),
    Hostile("/v1/messages", lambda size: b'{"model":"gpt-4o","model":"' + b"x" * size + b'"}'),
    Hostile("/v1/embeddings", lambda size: _json(model="text-embedding-3-small", input=[{}] * (size // 4))),
    Hostile("/v1/chat/completions", lambda size: b"x=" + b"x" * size, 415, "application/x-www-form-urlencoded"),
)


def complaint(hostile: Hostile, status: int, said: bytes) -> str:
    """Why an answer is none that it must get; empty where it is."""
    if status == hostile.status and b"error" in said:
        return ""
    return f"hostile, {hostile.path} {hostile.body(20)!r}: {status} {said[-200:]!r}"
