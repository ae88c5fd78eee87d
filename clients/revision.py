"""Which Passenger a row of the table is about: the last commit that changed it, or that its files differ from it."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
PASSENGER = "src"
"""Where it is, below the root."""

UNKNOWN = "-"


def revision(root: Path = ROOT) -> str:
    """The short hash of that commit, with `-dirty` where files are not as committed; `-` outside a repository."""
    commit = _git(root, "log", "-1", "--format=%h", "--abbrev=7", "--", PASSENGER)
    if not commit:
        return UNKNOWN
    return f"{commit}-dirty" if _git(root, "status", "--porcelain", "--", PASSENGER) else commit


def _git(root: Path, *arguments: str) -> str:
    try:
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603  # our words
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
