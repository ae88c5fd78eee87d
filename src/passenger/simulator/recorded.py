"""A request as the simulator received it, and what became of it."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

Headers = list[tuple[str, str]]


@dataclass(slots=True, eq=False)
class Recorded:
    """One request: the bytes as they came, headers in their own case and order, and the times of its life.

    Times are seconds of the event loop's clock. `done` says that the simulator has said all it meant to say (a cut that
    was asked for counts); `closed_early` says that the client went away before that.
    """

    method: str
    path: str
    headers: Headers
    body: bytes
    arrived: float = 0.0
    finished: float | None = None
    closed: float | None = None
    done: bool = False
    closed_early: bool = False
    reused: bool = False
    status: int | None = None
    _fields: dict[str, str] = field(default_factory=dict, repr=False)
    _json: list[Any] = field(default_factory=list, repr=False)  # Any: the JSON edge

    def __post_init__(self) -> None:
        for name, value in self.headers:
            self._fields.setdefault(name.lower(), value)

    @property
    def route(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]

    def header(self, name: str) -> str | None:
        """The first header of that name in any case, or None."""
        return self._fields.get(name.lower())

    def json(self) -> Any:  # Any: the JSON edge
        """The body as JSON, decoded once; raises msgspec.DecodeError when it is not JSON."""
        if not self._json:
            self._json.append(msgspec.json.decode(self.body))
        return self._json[0]
