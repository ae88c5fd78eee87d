"""The tools are as the real programs were seen to offer them."""

import json
from typing import Any

import pytest

from passenger.simulator.errands import errand


def tool(*wanted: str, **properties: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in properties.items()},
        "required": list(wanted),
    }


BASH = tool("command", command="string")
CLIENTS = {
    "Claude Code": ({"Bash": BASH, "Read": tool("file_path", file_path="string")}, "Read", {"file_path": "note.txt"}),
    "Codex": ({"exec_command": tool("cmd", cmd="string", login="boolean")}, "exec_command", {"cmd": "cat note.txt"}),
    "Codex of old": ({"shell": tool("command", command="array")}, "shell", {"command": ["cat", "note.txt"]}),
    "Gemini CLI": (
        {"run_shell_command": BASH, "read_file": tool("file_path", file_path="string", start_line="integer")},
        "read_file",
        {"file_path": "note.txt"},
    ),
    "opencode": ({"bash": BASH, "read": tool("filePath", filePath="string")}, "read", {"filePath": "note.txt"}),
    "Copilot CLI": ({"bash": BASH, "view": tool("path", path="string")}, "view", {"path": "note.txt"}),
    "Continue": ({"Bash": BASH, "Read": tool("filepath", filepath="string")}, "Read", {"filepath": "note.txt"}),
}


@pytest.mark.parametrize(("tools", "name", "arguments"), CLIENTS.values(), ids=CLIENTS)
def test_a_file_is_read_with_the_programs_own_tool(tools: dict[str, Any], name: str, arguments: object) -> None:
    call = errand("read note.txt", tools)
    assert call is not None
    assert call.name == name
    assert json.loads(call.arguments) == arguments


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("Read note.txt", "note.txt"),
        ("Please read the file `docs/cli.md` and tell me", "docs/cli.md"),
        ("show me ~/.profile.d", "~/.profile.d"),
        ("open src/a-b/c_d.py.", "src/a-b/c_d.py"),
        ("Could you read /etc/os-release.txt?", "/etc/os-release.txt"),
    ],
)
def test_the_file_is_the_one_that_the_words_name(said: str, path: str) -> None:
    call = errand(said, {"read": tool(path="string")})
    assert call is not None
    assert json.loads(call.arguments) == {"path": path}


@pytest.mark.parametrize("said", ["I read a book", "Say hello", "reading note.txt", "already done.", ""])
def test_other_words_ask_for_no_file(said: str) -> None:
    assert errand(said, {"read": tool(path="string")}) is None


@pytest.mark.parametrize("schema", [None, True, {}, {"properties": []}, {"properties": {"other": {}}}])
def test_a_tool_that_takes_no_path_is_not_called(schema: object) -> None:
    assert errand("read note.txt", {"read": schema}) is None


def test_the_tool_that_gets_what_is_asked_for_is_called() -> None:
    call = errand("What's the weather in Oslo?", {"get_weather": tool("city", city="string")})
    assert call is not None
    assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "simulated city"})


def test_what_a_command_names_is_quoted() -> None:
    call = errand("read a~b.txt", {"bash": BASH})
    assert call is not None
    assert json.loads(call.arguments) == {"command": "cat 'a~b.txt'"}


WORKS = b'{"content":"Working Directory: /home/a/work\\n"}'
ABSOLUTE = {"type": "string", "description": "The absolute path to the file to read"}
AGENTS = {
    "Qwen Code": ("read_file", {"file_path": ABSOLUTE}, {"file_path": "/home/a/work/note.txt"}),
    "Droid": ("Read", {"file_path": ABSOLUTE}, {"file_path": "/home/a/work/note.txt"}),
    "Cline": (
        "read_files",
        {"files": {"type": "array", "items": {"type": "object", "properties": {"path": ABSOLUTE}}}},
        {"files": [{"path": "/home/a/work/note.txt"}]},
    ),
    "a list of names": ("read", {"files": {"type": "array", "items": {"type": "string"}}}, {"files": ["note.txt"]}),
    "Gemini CLI": ("read_file", {"file_path": {"type": "string"}}, {"file_path": "note.txt"}),
}


@pytest.mark.parametrize(("name", "properties", "arguments"), AGENTS.values(), ids=AGENTS)
def test_a_path_is_absolute_where_the_tool_wants_it_so(name: str, properties: Any, arguments: object) -> None:
    call = errand("read note.txt", {name: {"type": "object", "properties": properties}}, WORKS)
    assert call is not None
    assert json.loads(call.arguments) == arguments


CLINES_DEMAND = (
    "[SYSTEM] This run is not complete until you call one of these terminal completion tools: submit_and_exit. "
    "Continue working if requirements are not met."
)


def test_the_tool_that_ends_a_run_is_called_when_it_is_demanded() -> None:
    done = tool("summary", "verified", summary="string", verified="boolean")
    call = errand(CLINES_DEMAND, {"read_files": BASH, "submit_and_exit": done})
    assert call is not None
    assert call.name == "submit_and_exit"
    assert set(json.loads(call.arguments)) == {"summary", "verified"}
    assert errand(CLINES_DEMAND, {"read_files": BASH}) is None


def test_a_run_ends_only_after_what_was_asked_for() -> None:
    call = errand(f"read note.txt\n{CLINES_DEMAND}", {"submit_and_exit": tool(), "read": tool(path="string")})
    assert call is not None
    assert call.name == "read"
