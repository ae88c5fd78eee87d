"""Where a client is installed, and what its program prints."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from passenger.clients.plan import Client, Installed

ASKING = 30.0
"""Seconds that a program may take to print something about itself."""

_ABOVE = 5
"""Directories above a program in which the description of its package may be."""


def find_program(client: Client, environ: Mapping[str, str], home: Path) -> Installed | None:
    """The client's program: the first on the PATH, else where its installer puts it; None where it is in neither."""
    name, *elsewhere = client.binaries
    on_path = shutil.which(name, path=environ.get("PATH", os.defpath))
    places = [Path(on_path)] if on_path else [home / place.removeprefix("~/") for place in elsewhere]
    path = next((place for place in places if os.access(place, os.X_OK) and place.is_file()), None)
    return Installed(path, package_version(path)) if path else None


def run_and_read(installed: Installed | None, arguments: Sequence[str]) -> str:
    """What the installed program prints with these arguments.

    Raises:
        OSError: it is not installed, cannot be run, or fails.
    """
    if installed is None:
        raise FileNotFoundError("it is not installed")
    command = [str(installed.path), *arguments]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=ASKING, check=True)  # noqa: S603 - the user's own program
    except subprocess.SubprocessError as error:
        raise OSError(str(error)) from error
    return done.stdout.decode("utf-8", "replace")


def package_version(program: Path) -> str:
    """The version in the `package.json` that a program was installed with, empty where there is none."""
    for directory in list(program.resolve().parents)[:_ABOVE]:
        try:
            described = json.loads((directory / "package.json").read_text(encoding="utf-8"))
            if isinstance(described, dict) and isinstance(described.get("version"), str):
                return str(described["version"])
        except (OSError, ValueError):
            continue
    return ""
