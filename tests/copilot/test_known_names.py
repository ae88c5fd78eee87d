"""The names that completion offers, whatever is in the file."""

import json
import os
from pathlib import Path

import pytest

from passenger.config.login_name import home_of
from passenger.copilot.known_names import FILE, LARGEST, known_names


def keep(directory: Path, *names: object, at: int = 1) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / FILE
    file.write_text(json.dumps({"names": names}))
    os.utime(file, (at, at))
    return file


def test_those_of_the_file_are_given_in_its_order(tmp_path: Path) -> None:
    keep(tmp_path, "fast", "gpt-5.5", "claude-opus-4.6")
    assert known_names(tmp_path) == ["fast", "gpt-5.5", "claude-opus-4.6"]


def test_the_login_that_was_served_last_counts(tmp_path: Path) -> None:
    keep(tmp_path, "mine", at=10)
    keep(tmp_path / "profiles" / "octocorp.ghe.com", "the company's", "theirs", at=20)
    assert known_names(tmp_path) == ["theirs"]
    keep(tmp_path / "logins" / "work" / "profiles" / "octocorp.ghe.com", "other", at=25)
    assert known_names(tmp_path) == ["other"]
    keep(tmp_path, "mine", at=30)
    assert known_names(tmp_path) == ["mine"]


@pytest.mark.parametrize("login", ["default", "work", "work-2"])
@pytest.mark.parametrize("host", ["", "profiles/octocorp.ghe.com"])
def test_of_a_login_that_is_named_its_own_count(tmp_path: Path, login: str, host: str) -> None:
    names = {"default": None, "work": "work", "work-2": "work-2"}
    for at, (name, directory) in enumerate(names.items(), 1):
        keep(home_of(tmp_path, directory) / host, name, at=at)
    assert known_names(tmp_path, login) == [login]
    assert known_names(tmp_path, "other") == []


@pytest.mark.parametrize(
    "name", ["$(reboot)", "a b", "a;b", "`x`", "a\nb", "a,b", "*", "~", "'", "", "x" * 201, 7, None]
)
def test_what_means_something_to_a_shell_is_left_out(tmp_path: Path, name: object) -> None:
    keep(tmp_path, name, "gpt-5.5")
    assert known_names(tmp_path) == ["gpt-5.5"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"names": {}}', b"\xff", b"[" * 100_000, b" " * (LARGEST + 1)])
def test_a_damaged_file_holds_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert known_names(tmp_path) == []


def test_neither_does_what_is_no_file(tmp_path: Path) -> None:
    assert known_names(tmp_path / "gone") == []
    os.mkfifo(tmp_path / FILE)
    assert known_names(tmp_path) == []
