"""Nested fields of a request's body by their paths: to find, read, set and drop them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from passenger.jsontext.raw_object import RawObject

Path = tuple[str, ...]
"""The names from the top of a body down to a field."""


def resolve(body: RawObject, path: Sequence[str]) -> Path | None:
    """The path of a field that is in the body, else None. A path may name the `type` of an object that it enters."""
    name, *rest = path
    if name not in body:
        return None
    if not rest:
        return (name,)
    inside = body.inside(name)
    if inside is None:
        return None
    if rest[0] not in inside and inside.get("type") == rest[0] and len(rest) > 1:
        rest = rest[1:]
    below = resolve(inside, rest)
    return None if below is None else (name, *below)


def value_at(body: RawObject, path: Path) -> Any:
    """The decoded value of a field, None where it is absent."""
    value = _decoded(body, path[0])
    for name in path[1:]:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text_at(body: RawObject, path: Path) -> str | None:
    """The string of a field, None where it is absent or no string."""
    value = value_at(body, path)
    return value if isinstance(value, str) else None


def leave_out(body: RawObject, path: Path) -> None:
    """Drop one field, and each object that becomes empty by it."""
    name, *rest = path
    if not rest:
        body.drop(name)
    elif (inside := body.inside(name)) is not None:
        leave_out(inside, tuple(rest))
        body.put_object(name, inside)


def put_in(body: RawObject, path: Path, value: object) -> None:
    """Set one field, in a new object where there is none."""
    name, *rest = path
    if not rest:
        body.set(name, value)
        return
    inside = body.inside(name) or RawObject(b"{}")
    put_in(inside, tuple(rest), value)
    body.put_object(name, inside)


def _decoded(body: RawObject, name: str) -> Any:
    raw = body.raw_value(name)
    if not raw:
        return None
    try:
        return msgspec.json.decode(raw)
    except msgspec.MsgspecError:
        # It has lone surrogates or very long numbers.
        return body.get(name)
