"""Every limit on what clients may ask: its name, default, and the status of a request above it.

The settings' section `[limits]`, its environment variables and the table in docs/configuration.md are made of it.
"""

from collections.abc import Iterator
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, Literal, NamedTuple, TypeVar

Unit = Literal["seconds", "bytes", "number", "levels", "characters"]
_Number = TypeVar("_Number", int, float)

_MIB = 1024 * 1024


class About(NamedTuple):
    """What a limit counts, and the status of a request above it (0: the connection is closed without an answer).

    A limit `of_all` is one of all clients together, not of a connection or request: workers divide it.
    """

    unit: Unit
    status: int
    what: str
    of_all: bool = False


def _limit(default: _Number, unit: Unit, status: int, what: str, *, of_all: bool = False) -> _Number:
    made: _Number = field(default=default, metadata={"about": About(unit, status, what, of_all)})
    return made


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits as they are set."""

    header_timeout: float = _limit(
        10, "seconds", 408, "from a request's first byte (or the connection's start) to its last header"
    )
    body_idle_timeout: float = _limit(30, "seconds", 408, "between two pieces of a request's body")
    body_timeout: float = _limit(300, "seconds", 408, "for a request's whole body")
    write_timeout: float = _limit(
        300, "seconds", 0, "in which a client takes not a byte of what waits for it; one that is owed nothing has time"
    )
    idle_timeout: float = _limit(75, "seconds", 0, "that a connection without a request is kept")
    max_uri: int = _limit(8192, "bytes", 414, "of a request's target, its query included")
    max_header_bytes: int = _limit(65_536, "bytes", 431, "of a request's headers")
    max_headers: int = _limit(100, "number", 431, "of a request's headers")
    max_body: int = _limit(32 * _MIB, "bytes", 413, "of a request's body; refused unread where its length is told")
    max_depth: int = _limit(200, "levels", 400, "that the JSON of a body is nested")
    max_values: int = _limit(400_000, "number", 400, "of values in the JSON of a body")
    max_fields: int = _limit(400, "number", 400, "of fields at the top level of a body's JSON")
    max_messages: int = _limit(20_000, "number", 400, "of messages, turns or items of a chat")
    max_parts: int = _limit(100_000, "number", 400, "of parts in all messages of a chat, tool calls and results too")
    max_calls: int = _limit(20_000, "number", 400, "of tool calls in all messages of a chat")
    max_tools: int = _limit(2_000, "number", 400, "of tools that are offered")
    max_stops: int = _limit(64, "number", 400, "of stop sequences")
    max_stop_length: int = _limit(1_000, "characters", 400, "of one stop sequence")
    max_name: int = _limit(256, "characters", 400, "of a model's or a tool's name")
    max_connections: int = _limit(
        4096, "number", 503, "of connections; fewer where the system has fewer descriptors", of_all=True
    )
    max_requests: int = _limit(2048, "number", 503, "of requests at once, with `Retry-After`", of_all=True)
    max_body_memory: int = _limit(
        256 * _MIB,
        "bytes",
        503,
        "of all bodies at once, 96 more for each value in their JSON, with `Retry-After`; one of less than 64 KiB is "
        "always let in",
        of_all=True,
    )
    websockets: int = _limit(64, "number", 426, "of WebSockets at once; clients go on over HTTP", of_all=True)
    websocket_lanes: int = _limit(8, "number", 429, "of lanes (`stream_id`) of a WebSocket that are busy at once")
    websocket_waiting: int = _limit(8, "number", 429, "of requests of a WebSocket that wait for one before them")
    websocket_ping: float = _limit(20, "seconds", 0, "between two pings, the first of which was not answered")
    websocket_idle: float = _limit(1800, "seconds", 0, "that a WebSocket is kept on which nothing is asked")
    websocket_life: float = _limit(3600, "seconds", 400, "that a WebSocket is kept; what runs then is finished")

    def divided(self, workers: int) -> "Limits":
        """One worker's share: what all clients may have together is divided, what each may have stays.

        The memory for bodies stays large enough for one of `max_body`, where it was before: a request that is allowed
        must not be refused for ever.
        """
        shares = {
            limit.name: max(1, getattr(self, limit.name) // workers) for limit in fields(self) if about(limit).of_all
        }
        shares["max_body_memory"] = max(shares["max_body_memory"], min(self.max_body_memory, self.max_body))
        return replace(self, **shares)


def about(limit: Field[Any]) -> About:
    """What is known of a field of `Limits`."""
    known: About = limit.metadata["about"]
    return known


def rows() -> Iterator[str]:
    """The table of all limits, in Markdown."""
    yield "| key | default | environment | beyond it |"
    yield "|---|---|---|---|"
    for limit in fields(Limits):
        unit, status, what, _ = about(limit)
        name, default, beyond = limit.name, limit.default, status or "closed"
        yield f"| `{name}` | `{default}` | `PASSENGER_LIMITS_{name.upper()}` | {beyond}: {unit} {what} |"


if __name__ == "__main__":
    print("\n".join(rows()))
