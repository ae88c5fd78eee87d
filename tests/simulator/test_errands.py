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
