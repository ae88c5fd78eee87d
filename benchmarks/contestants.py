"""Who is measured: how each is started and where it is asked. Ours are here, the others in `peers.py`."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.sizes import distribution_mb, distributions

LOGIN = "ghu_benchmark"
"""A GitHub token that only the benchmark's upstream takes."""

PASSENGER_SETTINGS = """\
[github]
device_code_url = "{upstream}/login/device/code"
oauth_token_url = "{upstream}/login/oauth/access_token"
copilot_token_url = "{upstream}/copilot_internal/v2/token"
"""
TRUST = """\
[network]
ca_bundle = "{authority}"
"""

CHAT = {"chat": "/v1/chat/completions"}
DIALECTS = CHAT | {"messages": "/v1/messages", "responses": "/v1/responses"}


class LeftOutError(Exception):
    """A contestant cannot be measured here; the message says why, and what would help."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a contestant is to serve: its port, the URL of its upstream, and a directory of its own.

    The upstream has another URL with TLS, whose certificate is of an authority of the benchmark's own.
    """

    port: int
    upstream: str
    home: Path
    secure_upstream: str = ""
    authority: Path = Path("/dev/null")


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
    packages: Callable[[], int] | None = None
    """How many packages it needs beside itself."""


def passenger_command(stage: Stage) -> list[str]:
    """Passenger, its settings written."""
    settings = stage.home / "settings.toml"
    trust = TRUST.format(authority=stage.authority) if stage.upstream.startswith("https:") else ""
    settings.write_text(PASSENGER_SETTINGS.format(upstream=stage.upstream) + trust)
    return [sys.executable, "-m", "passenger", "-c", str(settings), "--port", str(stage.port)]


def _bare(stage: Stage) -> list[str]:
    return [sys.executable, "-m", "benchmarks.relay", str(stage.port), stage.upstream]


DIRECT = Contestant("direct", {"chat": "/chat/completions"})
BARE = Contestant("bare", CHAT, command=_bare)
PASSENGER = Contestant(
    "Passenger",
    DIALECTS | {"gemini": "/v1beta/models/gpt-4o:streamGenerateContent?alt=sse"},
    command=passenger_command,
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
            "relayed responses",
            "socket",
            "relayed socket",
            "turn",
            "chained turn",
        }
    ),
    size=lambda: distribution_mb("passenger"),
    packages=lambda: distributions("passenger"),
)
OURS = (DIRECT, BARE, PASSENGER)
