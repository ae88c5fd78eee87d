"""Changes to a JSON text that leave it JSON: what bytes changed at random seldom do."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

_ODD: tuple[object, ...] = (
    *(None, True, False, 0, -1, 1, 0.5, 1e308, 2**31, 2**63, 2**64, 10**30, "", " ", "\x00", "\ud800", "é\u2028"),
    *([], {}, [[]], [{}], [None], {"": None}, {"type": "text", "text": "x"}, {"type": "object"}, "x" * 300),
    *("data:image/png;base64,iVBORw0KGgo=", "data:", "data:text/plain,x", "https://example.com/a.png", "auto", "{"),
)
"""Values that somebody may have forgotten to expect."""

Place = tuple[Any, Any]
"""A container, and the key or index of a value in it."""


def mutate(data: bytes, limit: int, seed: int, otherwise: Callable[[bytes, int], bytes]) -> bytes:
    """The text with one or a few of its values changed; every third time, and where it is no JSON, what `otherwise`
    makes of its bytes."""
    rng = random.Random(seed)
    changed = _changed(rng, data) if rng.randrange(3) else b""
    return changed if 0 < len(changed) <= limit else otherwise(data, limit)


def _changed(rng: random.Random, data: bytes) -> bytes:
    """The text with its values changed, empty where that cannot be done."""
    try:
        document = [json.loads(data)]
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            _change(rng, document)
        return json.dumps(document[0]).encode()
    except (ValueError, RecursionError):
        return b""


def changed(rng: random.Random, value: Any) -> Any:
    """A copy of a value with one value in it changed, or another in its place."""
    document = [_copy(value)]
    _change(rng, document)
    return document[0] if document else None


def _change(rng: random.Random, document: list[Any]) -> None:
    """Remove a value, or put another in its place: an odd one, one from elsewhere, or itself in brackets or as text."""
    places = list(_places(document))
    container, key = rng.choice(places)
    if rng.randrange(6) == 0 and container is not document:
        del container[key]
        return
    other, its_key = rng.choice(places)
    value, elsewhere = container[key], other[its_key]
    container[key] = rng.choice(
        (_copy(rng.choice(_ODD)), _copy(elsewhere), [value], [value, _copy(value)], json.dumps(value))
    )
    if isinstance(container, dict) and rng.randrange(4) == 0 and isinstance(other, dict):
        container[its_key] = _copy(elsewhere)


def _places(container: Any) -> Iterator[Place]:
    keys = range(len(container)) if isinstance(container, list) else container
    for key in list(keys):
        yield container, key
        if isinstance(container[key], dict | list):
            yield from _places(container[key])


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))
