"""The command as a process that is waited for, in a home of its own."""

import functools
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import forkserver
from tests.proxy import Proxy, environment

PATIENCE = 30


@dataclass(frozen=True)
class Ended:
    """How a process ended, and what it said."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


def port_of(proxy: Proxy) -> str:
    """The port that a server listens on."""
    return proxy.url.rpartition(":")[2]


def run(home: Path, *arguments: str, env: Mapping[str, str] | None = None, shell: str = "") -> Ended:
    """Run `passenger` with these arguments to its end; `shell` has "$@" for the command and its arguments."""
    variables = environment(home, env)
    if not shell and forkserver.can_fork(variables):
        done = forkserver.run(forkserver.Request([*arguments], str(home), variables), PATIENCE)
    else:
        done = subprocess.run(
            ["/bin/sh", "-c", shell or '"$@"', "sh", sys.executable, "-m", "passenger", *arguments],
            cwd=home,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def command(home: Path) -> Command:
    """Run `passenger` in the test's home."""
    return functools.partial(run, home)
