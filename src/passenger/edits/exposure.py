"""Whether others could get what is written into a file."""

import os
import stat
import subprocess
from pathlib import Path

from passenger.edits.files import Document

PATIENCE = 10
"""Seconds that git may take."""


def exposed(document: Document) -> str | None:
    """How others could get at the file, None where they cannot."""
    if os.name == "posix" and document.content is not None and document.mode & (stat.S_IRGRP | stat.S_IROTH):
        return f"other users can read it (mode {document.mode:04o})"
    tree = next((above for above in document.path.parents if (above / ".git").exists()), None)
    if tree is not None and not _is_ignored(document.path, tree):
        return f"it is in the git work tree {tree} and not ignored"
    return None


def _is_ignored(path: Path, tree: Path) -> bool:
    """As git says; where there is no git to ask, it is not."""
    command = ["git", "-C", str(tree), "-c", "core.fsmonitor=false", "check-ignore", "-q", "--", str(path)]
    try:
        return subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False).returncode == 0  # noqa: S603 - git alone
    except (OSError, subprocess.TimeoutExpired):
        return False
