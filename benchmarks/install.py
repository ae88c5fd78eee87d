"""Peers from their registries, in a cache that no commit sees; it hides npm and pip.

A package has a directory of its own, named by its version, that a file marks when it is complete.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.contestants import LeftOutError
from benchmarks.process import ROOT

CACHE = ROOT / ".cache" / "bench-peers"
COMPLETE = ".complete"
PATIENCE = 1200.0
"""Seconds that one installation may take."""


def node() -> str:
    """The path of Node: the one in this environment, else the user's.

    Raises:
        LeftOutError: there is none.
    """
    beside = Path(sys.executable).parent / "node"
    found = str(beside) if beside.exists() else shutil.which("node")
    if found is None:
        raise LeftOutError("there is no node here: `make bench-peers` brings one")
    return found


def from_npm(name: str, version: str) -> Path:
    """The `node_modules` that has a package of npm's registry; none of its scripts is run.

    Raises:
        LeftOutError: it cannot be had.
    """
    where = CACHE / f"{name}-{version}"
    npm = str(Path(node()).parent / "npm")
    quiet = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error", "--ignore-scripts")
    once(where, lambda: do([npm, "install", "--prefix", str(where), *quiet, f"{name}@{version}"], where))
    return where / "node_modules"


def from_pip(requirement: str, name: str, version: str) -> Path:
    """A virtual environment that has a package of Python's registry, and nothing else.

    Raises:
        LeftOutError: it cannot be had.
    """
    where = CACHE / f"{name}-{version}"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", str(where / "bin/python")]

    def install() -> None:
        do([sys.executable, "-m", "venv", "--without-pip", str(where)], where)
        do([*pip, "install", f"{requirement}=={version}"], where)

    once(where, install)
    return where


def once(where: Path, install: Callable[[], None]) -> None:
    """Install into a new directory, unless that was done before."""
    if (where / COMPLETE).exists():
        return
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)
    print(f"benchmarks: installs {where.name}", file=sys.stderr)
    install()
    (where / COMPLETE).touch()


def do(command: Sequence[str], where: Path) -> None:
    """Run a command that ends by itself, or is ended.

    Raises:
        LeftOutError: it failed.
    """
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        ended = subprocess.run(
            command, env=env, cwd=where, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LeftOutError(f"{where.name} was not installed: {error}") from error
    if ended.returncode:
        lines = (ended.stderr or ended.stdout).strip().splitlines()
        raise LeftOutError(f"{where.name} was not installed: {lines[-1] if lines else ended.returncode}")
