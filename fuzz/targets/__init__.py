"""What is fuzzed. A target takes any bytes and raises nothing, unless something is wrong.

Each states what must hold beyond that, in asserts. A new dialect is taken up by itself; it needs seeds alone.
A target's module is imported when it is asked for, because what atheris watches it has to rewrite first.
"""

from collections.abc import Callable
from importlib import import_module

Target = Callable[[bytes], None]

PLAIN = (
    *("framing", "host", "connection", "response", "lanes", "config", "errors", "grants"),
    *("any_request", "any_answer", "broken_answer"),
)
"""Targets whose input is no JSON: it is changed byte by byte alone, not value by value."""

OTHERS = ("tokens", "embeddings", "catalog", "chains")


def names() -> tuple[str, ...]:
    """Every target: those with a module of their own, and each dialect that clients speak."""
    from passenger.dialects.registry import INBOUND  # noqa: PLC0415 - see above

    return (*PLAIN, *OTHERS, *(inbound.name for inbound in INBOUND))


def load(name: str) -> Target:
    """The target of this name."""
    if name in PLAIN + OTHERS:
        target: Target = import_module(f"fuzz.targets.{name}").one
        return target
    from fuzz.targets import requests  # noqa: PLC0415 - see above

    return requests.target(name)
