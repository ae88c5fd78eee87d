"""The prompts are as the real programs were seen to write them."""

import json

import pytest

from passenger.simulator.workplace import absolute, working_directory

TOLD = {
    "Claude Code": "# Environment\nYou have been invoked in: \n - Primary working directory: /home/a/work\n - Is a git",
    "Codex": "<environment_context>\n  <cwd>/home/a/work</cwd>\n  <shell>bash</shell>",
    "Gemini CLI": "- **Workspace Directories:**\n  - /home/a/work\n- **Directory Structure:**\n\n",
    "Qwen Code": "I'm currently working in the directory: /home/a/work\nHere is the folder structure of the current "
    "working directories:\n\nShowing",
    "Copilot CLI": "* Current working directory: /home/a/work\n* Git repository root: Not",
    "pi": "</docs>\n\n<cwd>\n/home/a/work\n</cwd>",
    "Droid": "% pwd\n/home/a/work\n\n\n",
    "Cline": "<env>\n4. Working Directory: /home/a/work\n</env>",
}


def request(text: str, *, ascii_only: bool = True) -> bytes:
    return json.dumps({"messages": [{"content": text}]}, ensure_ascii=ascii_only).encode()


@pytest.mark.parametrize("text", TOLD.values(), ids=TOLD)
def test_each_agent_tells_where_it_works(text: str) -> None:
    assert working_directory(request(text)) == "/home/a/work"


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_name_may_have_any_letters(ascii_only: bool) -> None:
    said = request("Working Directory: /home/Zoë/my work\n", ascii_only=ascii_only)
    assert working_directory(said) == "/home/Zoë/my work"


@pytest.mark.parametrize(
    "said", [b"", b"{}", b"\xff\xfe", request("no working directory is told"), b"% pwd\\n/\xff\\n", b"<cwd>/\\udzzz"]
)
def test_who_tells_nothing_has_none(said: bytes) -> None:
    assert working_directory(said) is None


@pytest.mark.parametrize(
    ("path", "made"),
    [
        ("note.txt", "/home/a/work/note.txt"),
        ("./docs/a.md", "/home/a/work/docs/a.md"),
        ("/etc/a", "/etc/a"),
        ("~", "~"),
    ],
)
def test_a_path_is_one_of_that_directory(path: str, made: str) -> None:
    assert absolute(path, request(TOLD["Codex"])) == made
    assert absolute(path, b"{}") == path
