"""`passenger config show`: each setting, its value, and where it came from."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from passenger.cli.config import hidden
from passenger.config.schema import DEFAULTS
from tests.cli.conftest import Command

FILE = """\
[server]
port = 1
[copilot]
api_base_url = "https://corp.example"
[models.aliases]
fast = "gpt-4.1"
"gpt-4.1 mini" = "é"
"""


def test_by_default_every_setting_is_shown_with_its_default(command: Command) -> None:
    ended = command("config", "show")
    shown = tomllib.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    values = {(section, key): value for section, table in shown.items() for key, value in table.items()}
    assert values == {key: list(value) if value == () else value for key, value in DEFAULTS.items()}
    assert ended.out.count("  # default\n") == len(DEFAULTS)


def test_each_value_says_where_it_came_from(command: Command, home: Path) -> None:
    (home / "mine.toml").write_text(FILE, "utf-8")
    out = command("-c", "mine.toml", "--host", "::1", "config", "show", env={"PASSENGER_LIMITS_MAX_BODY": "2048"}).out
    for line in (
        r"port = 1 +# mine.toml:2",
        r'host = "::1" +# --host',
        r"max_body = 2048 +# PASSENGER_LIMITS_MAX_BODY",
        r'api_base_url = "https://corp.example" +# mine.toml:4',
        r'aliases.fast = "gpt-4.1" +# mine.toml:6',
        r'aliases."gpt-4.1 mini" = "é" +# mine.toml:7',
        r"drain_timeout = 30 +# default",
        r"# credentials may go to github.com, \*\.github\.com, .*, corp\.example",
    ):
        assert re.search(rf"^{line}$", out, re.MULTILINE), line


def test_what_is_shown_can_be_read_as_a_config_file_again(command: Command, home: Path) -> None:
    (home / "mine.toml").write_text(FILE, "utf-8")
    first = command("-c", "mine.toml", "config", "show").out
    (home / "again.toml").write_text(first, "utf-8")
    assert tomllib.loads(command("-c", "again.toml", "config", "show").out) == tomllib.loads(first)


def test_json_is_for_programs(command: Command, home: Path) -> None:
    (home / "mine.toml").write_text(FILE, "utf-8")
    shown = json.loads(command("config", "show", "--json", "-c", "mine.toml").out)
    assert shown["settings"]["server"]["port"] == {
        "value": 1,
        "origin": {"kind": "file", "name": "mine.toml", "line": 2},
    }
    assert shown["settings"]["server"]["host"] == {"value": "127.0.0.1", "origin": {"kind": "default"}}
    assert shown["settings"]["models"]["aliases"]["origins"]["fast"]["line"] == 6
    assert "corp.example" in shown["credential_hosts"]
    assert shown["warnings"] == []


def test_warnings_are_on_stderr_and_data_alone_on_stdout(command: Command) -> None:
    ended = command("config", "show", "--json", env={"PASSENGER_NOPE": "x"})
    assert ended.err == "warning: PASSENGER_NOPE is ignored: unknown variable\n"
    assert json.loads(ended.out)["warnings"] == ["PASSENGER_NOPE is ignored: unknown variable"]


def test_a_config_that_cannot_be_used_is_not_shown(command: Command, home: Path) -> None:
    (home / "config.toml").write_text('[github]\noauth_token_url = "https://evil.example"\n')
    ended = command("config", "show")
    assert (ended.code, ended.out) == (2, "")
    assert "would send your credentials to evil.example" in ended.err


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("api_keys", ["a", "b"], ["***", "***"]),
        ("api_base_url", "https://me:word@corp.example/x", "https://***@corp.example/x"),
        ("api_base_url", "https://corp.example/@x", "https://corp.example/@x"),
        ("port", 1, 1),
    ],
)
def test_secrets_are_hidden(key: str, value: object, shown: object) -> None:
    assert hidden(key, value) == shown


def test_the_files_that_were_looked_for_are_named_with_what_became_of_them(command: Command, home: Path) -> None:
    mine = home / ".config" / "passenger" / "config.toml"
    mine.parent.mkdir(parents=True)
    mine.write_text("[server]\nport = 1\n")
    shown = json.loads(command("config", "show", "--json").out)
    assert shown["files"] == [
        {"path": str(mine), "state": "read"},
        {"path": str(home / "config.toml"), "state": "not found"},
    ]
    assert shown["logins"] == str(mine.parent)
    (home / "config.toml").write_text("[site]\n")
    mine.unlink()
    out = command("config", "show").out
    assert (
        f"\n# not found: {mine}\n# ignored: {home / 'config.toml'}\n# logins and tokens are in {mine.parent}\n" in out
    )


def test_a_file_that_is_named_is_the_only_one_looked_for_and_the_logins_are_its_hosts(
    command: Command, home: Path
) -> None:
    (home / "keys").write_text("a-key-of-sixteen-letters\n")
    (home / "keys").chmod(0o600)
    (home / "mine.toml").write_text(
        "[github]\n"
        'device_code_url = "https://octocorp.ghe.com/login/device/code"\n'
        'oauth_token_url = "https://octocorp.ghe.com/login/oauth/access_token"\n'
        'copilot_token_url = "https://api.octocorp.ghe.com/copilot_internal/v2/token"\n'
        '[server]\napi_key_file = "keys"\n'
    )
    shown = json.loads(command("-c", "mine.toml", "config", "show", "--json").out)
    assert shown["files"] == [{"path": "mine.toml", "state": "read"}, {"path": "keys", "state": "read"}]
    assert shown["logins"].endswith("/passenger/profiles/octocorp.ghe.com")


def test_the_flag_for_the_log_is_a_setting_too(command: Command) -> None:
    out = command("--log-format", "json", "config", "show").out
    assert re.search(r'^format = "json" +# --log-format$', out, re.MULTILINE)
