"""`passenger config path` and `passenger config init`."""

import json
import stat
from pathlib import Path

import pytest

from passenger.cli.config_file import write_new
from passenger.config.template import template
from tests.cli.conftest import Command


def mine(home: Path) -> Path:
    return home / ".config" / "passenger" / "config.toml"


def test_the_path_is_told_whether_or_not_there_is_a_file(command: Command, home: Path) -> None:
    assert command("config", "path").out == f"{mine(home)}\n"
    told = json.loads(command("config", "path", "--json").out)
    assert told == {
        "config": str(mine(home)),
        "exists": False,
        "config_dir": str(mine(home).parent),
        "state_dir": str(home / ".local" / "state" / "passenger"),
    }
    assert not mine(home).parent.exists()


def test_init_writes_a_private_file_that_the_check_accepts(command: Command, home: Path) -> None:
    ended = command("config", "init")
    assert ended.code == 0
    assert str(mine(home)) in ended.out
    assert mine(home).read_text("utf-8") == template()
    assert stat.S_IMODE(mine(home).stat().st_mode) == 0o600
    assert stat.S_IMODE(mine(home).parent.stat().st_mode) == 0o700
    assert command("config", "check").code == 0


def test_init_leaves_a_file_that_is_there_as_it_is(command: Command, home: Path) -> None:
    named = home / "named.toml"
    named.write_bytes(b"\xef\xbb\xbfbroken = [\r\n")
    ended = command("config", "init", "-c", "named.toml")
    assert (ended.code, ended.out) == (1, "")
    assert "named.toml is there already" in ended.err
    assert named.read_bytes() == b"\xef\xbb\xbfbroken = [\r\n"


def test_init_writes_the_file_that_is_named(command: Command, home: Path) -> None:
    assert command("-c", "named.toml", "config", "init").code == 0
    assert (home / "named.toml").read_text("utf-8") == template()
    assert not mine(home).exists()


def test_init_where_nothing_can_be_written_says_so(command: Command, home: Path) -> None:
    (home / ".config").write_text("a file")
    ended = command("config", "init")
    assert (ended.code, ended.out) == (1, "")
    assert ".config" in ended.err


def test_a_link_that_leads_nowhere_is_not_followed(tmp_path: Path) -> None:
    link = tmp_path / "config.toml"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_new(link, "text")
    assert list(tmp_path.iterdir()) == [link]


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_new(tmp_path / "config.toml", "begun \ud800")
    assert list(tmp_path.iterdir()) == []
