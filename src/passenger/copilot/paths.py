"""Fields inside a request's body by their paths: found, read, put in and left out, wherever they are nested."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from passenger.body import Body
from passenger.dialects import completions, messages, responses

Path = tuple[str, ...]
"""The names from the top of a body down to a field."""

CHAT_EFFORT: Path = ("reasoning_effort",)
MESSAGES_EFFORT: Path = ("output_config", "effort")
RESPONSES_EFFORT: Path = ("reasoning", "effort")

EFFORT_PATHS: Mapping[str, Path] = {
    responses.PATH: RESPONSES_EFFORT,
    messages.PATH: MESSAGES_EFFORT,
    completions.PATH: CHAT_EFFORT,
}
"""Where each of Copilot's APIs is told the effort."""


def resolve(body: Body, path: Sequence[str]) -> Path | None:
    """Where in this body the field is, None where it is not; a path may name the `type` of an object that it enters."""
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


def value_at(body: Body, path: Path) -> Any:
    """The decoded value of a field, None where it is absent."""
    value = _decoded(body, path[0])
    for name in path[1:]:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text_at(body: Body, path: Path) -> str | None:
    """The text of a field, None where it is absent or no text."""
    value = value_at(body, path)
    return value if isinstance(value, str) else None


def leave_out(body: Body, path: Path) -> None:
    """Take one field out, and each object that has become empty by it."""
    name, *rest = path
    if not rest:
        body.drop(name)
    elif (inside := body.inside(name)) is not None:
        leave_out(inside, tuple(rest))
        body.put_object(name, inside)


def put_in(body: Body, path: Path, value: object) -> None:
    """Give one field this value, in an object that is made where there is none."""
    name, *rest = path
    if not rest:
        body.set(name, value)
        return
    inside = body.inside(name) or Body(b"{}")
    put_in(inside, tuple(rest), value)
    body.put_object(name, inside)


def _decoded(body: Body, name: str) -> Any:
    raw = body.raw_value(name)
    if not raw:
        return None
    try:
        return msgspec.json.decode(raw)
    except msgspec.MsgspecError:
        # Lone surrogate escapes, which are passed on, and very long numbers.
        return body.get(name)
