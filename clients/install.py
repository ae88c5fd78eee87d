"""Programs from their registries in a cache outside the repository; it hides npm and pip.

A program has a directory of its own, named by its version, that a file marks when it is complete.
"""

import os
import shutil
import sys
from pathlib import Path

from clients.process import Ended, run
from clients.turn import Program

PATIENCE = 900.0
"""Seconds that one installation may take."""

COMPLETE = ".complete"
NODE = Path(sys.executable).parent
"""Where node and npm are: the environment that this runs in has them from a Python package."""


class NotInstalledError(Exception):
    """A program could not be installed; the message holds the last that its installer said."""


def cache() -> Path:
    """Where programs are kept: $PASSENGER_CLIENTS_CACHE, or below the user's own cache directory."""
    named = os.environ.get("PASSENGER_CLIENTS_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "passenger-clients"


async def installed(program: Program, where: Path) -> Path:
    """The path of the program's command, after it is installed if it was not yet.

    Raises:
        NotInstalledError: its registry does not have it, or it does not run here.
    """
    directory = where / f"{program.name}-{program.version}"
    if _read(directory / COMPLETE) != program.packages:
        await _install(program, directory)
    folder = "node_modules/.bin" if program.registry == "npm" else "bin"
    command = directory / folder / program.command
    if not command.exists():
        raise NotInstalledError(f"{command.name} is not among the commands that were installed")
    return command


async def _install(program: Program, directory: Path) -> None:
    _empty(directory)
    for command in _commands(program, directory):
        env = {**os.environ, "PATH": f"{NODE}{os.pathsep}{os.environ.get('PATH', '')}"}
        ended = await run(command, env=env, cwd=directory, seconds=PATIENCE)
        if ended.code != 0:
            raise NotInstalledError(_why(ended))
    if program.command == "node":
        _link_node(directory)
    _mark(directory, program)


def _link_node(directory: Path) -> None:
    """For who is a package without a command: a script uses it."""
    folder = directory / "node_modules" / ".bin"
    folder.mkdir(exist_ok=True)
    (folder / "node").symlink_to(NODE / "node")


def _commands(program: Program, directory: Path) -> list[list[str]]:
    if program.registry == "npm":
        quiet = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
        return [["npm", "install", "--prefix", str(directory), *quiet, *program.packages]]
    pip = [str(directory / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    return [[sys.executable, "-m", "venv", str(directory)], [*pip, "install", *program.packages]]


def _why(ended: Ended) -> str:
    if ended.code is None:
        return f"not done after {PATIENCE:.0f} s"
    lines = [line for line in (ended.stderr or ended.stdout).splitlines() if line.strip()]
    return lines[-1] if lines else f"exit code {ended.code}"


def _empty(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)


def _mark(directory: Path, program: Program) -> None:
    (directory / COMPLETE).write_text("\n".join(program.packages))


def _read(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text().splitlines()) if path.exists() else ()
