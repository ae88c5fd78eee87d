"""The directory that a coding agent works in, as its own prompt tells it.

Seen of Claude Code 2.1.330, Codex 0.169, Gemini CLI 0.61, Qwen Code 0.24, Copilot CLI 1.0, pi 1.6, Droid 0.215 and
Cline CLI 3.0, in November 2026.
"""

import json
import re

_TOLD = re.compile(
    rb"(?:working directory|working in the directory|workspace directories|<cwd>|% pwd)"
    rb"(?:[ :*-]|\\[nr]){0,16}"
    rb'(/(?:[^"\\<]|\\u[0-9a-f]{4}){1,4096})',
    re.IGNORECASE,
)
"""In JSON: a line ends with an escape, and a letter may be one."""


def working_directory(request: bytes) -> str | None:
    """The absolute path that a request tells first; None where it tells none."""
    found = _TOLD.search(request)
    try:
        return str(json.loads(b'"%b"' % found[1])).rstrip("/ ") if found else None
    except ValueError:
        return None


def absolute(path: str, request: bytes) -> str:
    """A path in that directory; as it is where it begins elsewhere, or where no directory is told."""
    directory = None if path.startswith(("/", "~", "\\")) else working_directory(request)
    return path if directory is None else f"{directory}/{path.removeprefix('./')}"
