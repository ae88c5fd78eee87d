"""The tool call that is asked for in plain words: the weather, a file to be read, the end.

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
from passenger.simulator.workplace import absolute

READERS = frozenset({"read", "read_file", "read_files", "view", "view_file", "open_file"})
PATHS = ("file_path", "filePath", "filepath", "absolute_path", "path", "target_file", "files")
"""The tools that read a file, in small letters, and the arguments that name it or list it."""

SHELLS = frozenset({"exec_command", "shell", "shell_command", "bash", "run_shell_command", "run_terminal_command"})
COMMANDS = ("cmd", "command")
"""The tools that run a command, and the arguments that hold it."""

_READ = re.compile(
    r"""\b(?:read|open|show|cat)\s+(?:me\s+)?(?:the\s+)?(?:file\s+)?["'`]?([\w~./\\:-]*\w\.\w{1,10})\b""",
    re.IGNORECASE,
)


_END = re.compile(r"\bcall one of these (?:\w+ ){0,3}tools: (\w+)")
"""How Cline demands of a run without a person that it ends with a tool call; it asks again until there is one."""


def errand(said: str, tools: Schemas, request: bytes = b"") -> Call | None:
    """The call that these words ask for, if there is a tool for it; the request tells where the agent works."""
    return _fetching(said, tools) or _reading(said, tools, request) or _ending(said, tools)


def _fetching(said: str, tools: Schemas) -> Call | None:
    """The tool that gets what the words ask for: `get_weather` for "the weather in Oslo"."""
    words = set(re.findall(r"\w+", said.lower()))
    found = (name for name in tools if name.startswith("get_") and name.rpartition("_")[2].lower() in words)
    return next((filled(name, tools[name]) for name in found), None)


def _ending(said: str, tools: Schemas) -> Call | None:
    """The tool that the words name as the one to end with."""
    match = _END.search(said)
    return filled(match[1], tools[match[1]]) if match and match[1] in tools else None


def _reading(said: str, tools: Schemas, request: bytes) -> Call | None:
    """The tool that reads the file the words name, else the one that runs a command."""
    match = _READ.search(said)
    if match is None:
        return None
    path = match[1]
    ways = ((READERS, PATHS, path), (SHELLS, COMMANDS, f"cat {shlex.quote(path)}"))
    calls = (
        _with(name, tools[name], keys, value, request)
        for names, keys, value in ways
        for name in tools
        if name.lower() in names
    )
    return next((call for call in calls if call), None)


def _with(name: str, schema: object, keys: tuple[str, ...], value: str, request: bytes) -> Call | None:
    """The call with the argument of one of these keys; None where the tool has none of them."""
    properties = _properties(schema)
    key = next((key for key in keys if key in properties), None)
    if key is None:
        return None
    given = absolute(value, request) if keys is PATHS and _is_absolute(properties[key]) else value
    return Call(name, json.dumps({**_others(schema), key: _shaped(properties[key], given)}))


def _properties(schema: object) -> Mapping[str, Any]:
    found = schema.get("properties") if isinstance(schema, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _others(schema: object) -> Mapping[str, Any]:
    """Values for the arguments that have to be there."""
    if not isinstance(schema, Mapping):
        return {}
    wanted = schema.get("required")
    made = fill({**schema, "required": wanted if isinstance(wanted, list) else []})
    return made if isinstance(made, Mapping) else {}


def _is_absolute(schema: object) -> bool:
    """Whether an argument is described as an absolute path."""
    return "absolute" in json.dumps(schema)


def _shaped(schema: object, value: str) -> object:
    """The value as the argument takes it: a command may be an array of words, and files one of objects."""
    if not isinstance(schema, Mapping) or schema.get("type") != "array":
        return value
    key = next((key for key in PATHS if key in _properties(schema.get("items"))), None)
    return shlex.split(value) if key is None else [{key: value}]
