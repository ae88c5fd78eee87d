"""The tool call that a person asks for in plain words: the weather, or a file to be read; it hides agents' tools.

Each coding agent reads files with a tool of its own name and argument, or runs a command that does.
"""

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from passenger.simulator.calls import Call, filled
from passenger.simulator.filler import fill
from passenger.simulator.question import Schemas

READERS = frozenset({"read", "read_file", "view", "view_file", "open_file"})
PATHS = ("file_path", "filePath", "filepath", "absolute_path", "path", "target_file")
"""The tools that read a file, in small letters, and the arguments that name it."""

SHELLS = frozenset({"exec_command", "shell", "shell_command", "bash", "run_shell_command", "run_terminal_command"})
COMMANDS = ("cmd", "command")
"""The tools that run a command, and the arguments that hold it."""

_READ = re.compile(
    r"""\b(?:read|open|show|cat)\s+(?:me\s+)?(?:the\s+)?(?:file\s+)?["'`]?([\w~./\\:-]*\w\.\w{1,10})\b""",
    re.IGNORECASE,
)


def errand(said: str, tools: Schemas) -> Call | None:
    """The call that these words ask for, if there is a tool for it."""
    return _fetching(said, tools) or _reading(said, tools)


def _fetching(said: str, tools: Schemas) -> Call | None:
    """The tool that gets what the words ask for: `get_weather` for "the weather in Oslo"."""
    words = set(re.findall(r"\w+", said.lower()))
    found = (name for name in tools if name.startswith("get_") and name.rpartition("_")[2].lower() in words)
    return next((filled(name, tools[name]) for name in found), None)


def _reading(said: str, tools: Schemas) -> Call | None:
    """The tool that reads the file the words name, else the one that runs a command."""
    match = _READ.search(said)
    if match is None:
        return None
    path = match[1]
    ways = ((READERS, PATHS, path), (SHELLS, COMMANDS, f"cat {shlex.quote(path)}"))
    calls = (_with(name, tools[name], keys, value) for names, keys, value in ways for name in tools if _is(name, names))
    return next((call for call in calls if call), None)


def _is(name: str, names: frozenset[str]) -> bool:
    return name.lower() in names


def _with(name: str, schema: object, keys: tuple[str, ...], value: str) -> Call | None:
    """The call with the argument of one of these keys; None where the tool has none of them."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    key = next((key for key in keys if isinstance(properties, Mapping) and key in properties), None)
    if key is None or not isinstance(properties, Mapping):
        return None
    arguments: Any = fill({**dict(schema), "required": _wanted(schema)})  # type: ignore[call-overload]  # a mapping, as seen above
    return Call(name, json.dumps({**arguments, key: _shaped(properties[key], value)}))


def _wanted(schema: object) -> list[str]:
    wanted = schema.get("required") if isinstance(schema, Mapping) else None
    return [str(name) for name in wanted] if isinstance(wanted, list) else []


def _shaped(schema: object, value: str) -> str | list[str]:
    """The value as the argument takes it: a command may be an array of words."""
    is_array = isinstance(schema, Mapping) and schema.get("type") == "array"
    return shlex.split(value) if is_array else value
