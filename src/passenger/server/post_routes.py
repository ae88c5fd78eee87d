"""Finds what serves a `POST` by its path: exact paths first, then Gemini's actions, then paths with parameters."""

import re
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from starlette.routing import compile_path
from starlette.types import Scope

T = TypeVar("T")

_ACTION = re.compile(r"(?:/v1beta|/v1)?/models/(?P<model>.*):(?P<action>[^:]*)", re.DOTALL)
"""Gemini's `models/{model}:{action}`."""


class PostRoutes(Generic[T]):
    """What serves each path, each action, and each path with parameters, such as `/responses/{response_id}/cancel`."""

    def __init__(self, paths: Mapping[str, T], actions: Mapping[str, T], templates: Mapping[str, T]) -> None:
        self._paths = paths
        self._actions = actions
        self._templates = [(compile_path(path)[0], one) for path, one in templates.items()]
        self._patterns = tuple(templates)

    def at(self, path: str) -> T | None:
        """What serves exactly this path."""
        return self._paths.get(path)

    def find(self, scope: Scope) -> T | None:
        """What serves the path of a request; its parameters are noted in the scope."""
        path = scope["path"]
        if (found := self._paths.get(path)) is not None:
            return found
        if (match := _ACTION.fullmatch(path)) is not None:
            scope["path_params"] = match.groupdict()
            return self._actions.get(match["action"])
        for pattern, one in self._templates:
            if (match := pattern.fullmatch(path)) is not None:
                scope["path_params"] = match.groupdict()
                return one
        return None

    @property
    def paths(self) -> Iterable[str]:
        """Every path, those with parameters in braces."""
        return (*self._paths, *self._patterns)
