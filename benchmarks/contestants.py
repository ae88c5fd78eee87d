"""Who is measured: how each is started and where it is asked. Ours are here, the others in `peers.py`."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.sizes import distribution_mb

LOGIN = "ghu_benchmark"
"""A GitHub token that only the benchmark's upstream takes."""

PASSENGER_SETTINGS = """\
[github]
device_code_url = "{upstream}/login/device/code"
oauth_token_url = "{upstream}/login/oauth/access_token"
copilot_token_url = "{upstream}/copilot_internal/v2/token"
"""

CHAT = {"chat": "/v1/chat/completions"}
DIALECTS = CHAT | {"messages": "/v1/messages", "responses": "/v1/responses"}


class LeftOutError(Exception):
    """A contestant cannot be measured here; the message says why, and what would help."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a contestant is to serve: its port, the URL of its upstream, and a directory of its own."""

    port: int
    upstream: str
    home: Path


@dataclass(frozen=True, slots=True)
class Contestant:
    """One server. One without a command is the upstream itself, asked directly."""

    name: str
    routes: Mapping[str, str]
    """Its paths, by the dialect that is spoken there."""
    command: Callable[[Stage], Sequence[str]] | None = None
    ready_path: str = "/health"
    patience: float = 20.0
    """Seconds that it may take to serve."""
    help_command: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    translates: frozenset[str] = frozenset()
    """The jobs that ask for a translation and that it can do."""
    key: str = "benchmark"
    prefix: str = ""
    """What it wants before the name of a model."""
    slow: int = 1
    """By how much its jobs are shortened, so that a run ends in time."""
    may_lose: bool = False
    """Whether it is known to lose words of streams; how many is said."""
    peer: bool = False
    """Whether a job that it cannot do is its own affair, and no reason to stop."""
    version: str = ""
    size: Callable[[], float] | None = None
    """Megabytes that are installed for it, without the runtime that it shares with others."""


def _passenger(stage: Stage) -> list[str]:
    settings = stage.home / "settings.toml"
    settings.write_text(PASSENGER_SETTINGS.format(upstream=stage.upstream))
    return [sys.executable, "-m", "passenger", "-c", str(settings), "--port", str(stage.port)]


def _bare(stage: Stage) -> list[str]:
    return [sys.executable, "-m", "benchmarks.relay", str(stage.port), stage.upstream]


DIRECT = Contestant("direct", {"chat": "/chat/completions"})
BARE = Contestant("bare", CHAT, command=_bare)
PASSENGER = Contestant(
    "Passenger",
    DIALECTS | {"gemini": "/v1beta/models/gpt-4o:streamGenerateContent?alt=sse"},
    command=_passenger,
    help_command=(sys.executable, "-m", "passenger", "--help"),
    translates=frozenset(
        {
            "messages",
            "responses",
            "gemini",
            "chat to responses",
            "chat to messages",
            "messages to responses",
            "responses to messages",
        }
    ),
    size=lambda: distribution_mb("passenger"),
)
OURS = (DIRECT, BARE, PASSENGER)


def passenger_pair() -> Contestant:
    """Passenger with two workers.

    Raises:
        LeftOutError: this one cannot have them.
    """
    command = [*PASSENGER.help_command[:-1], "serve", "--help"]
    return paired(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def paired(told: str) -> Contestant:
    """Passenger with two workers, if its help knows them.

    Raises:
        LeftOutError: it does not.
    """
    if "--workers" not in told:
        raise LeftOutError("Passenger with two workers: `passenger serve --help` knows no --workers")
    return replace(PASSENGER, command=lambda stage: [*_passenger(stage), "--workers", "2"])
