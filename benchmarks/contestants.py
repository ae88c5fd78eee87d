"""Who is measured: how each is started and where it is asked. A peer is one more row of the table."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

LOGIN = "ghu_benchmark"
"""A GitHub token that only the benchmark's upstream takes."""

PASSENGER_SETTINGS = """\
[github]
device_code_url = "{upstream}/login/device/code"
oauth_token_url = "{upstream}/login/oauth/access_token"
copilot_token_url = "{upstream}/copilot_internal/v2/token"
"""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One server: its command by port, upstream URL and a directory of its own, and its paths.

    A contestant without a command is the upstream itself, asked directly.
    """

    name: str
    chat_path: str
    ready_path: str = "/health"
    command: Callable[[int, str, Path], Sequence[str]] | None = None
    help_command: Sequence[str] = ()
    translates: bool = False
    """Whether it serves the routes of other dialects, too."""


def _passenger(port: int, upstream: str, home: Path) -> Sequence[str]:
    settings = home / "settings.toml"
    settings.write_text(PASSENGER_SETTINGS.format(upstream=upstream))
    return [sys.executable, "-m", "passenger", "-c", str(settings), "--port", str(port)]


def _bare(port: int, upstream: str, _home: Path) -> Sequence[str]:
    return [sys.executable, "-m", "benchmarks.relay", str(port), upstream]


DIRECT = Contestant("direct", "/chat/completions")
BARE = Contestant("bare", "/v1/chat/completions", command=_bare)
PASSENGER = Contestant(
    "Passenger",
    "/v1/chat/completions",
    command=_passenger,
    help_command=(sys.executable, "-m", "passenger", "--help"),
    translates=True,
)
OURS = (DIRECT, BARE, PASSENGER)
