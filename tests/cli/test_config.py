"""`passenger config show`: each setting, its value, and where it came from."""

import json
import re
import stat
import tomllib
from pathlib import Path

import pytest

from passenger.cli.config import hidden, write_new
from passenger.config.schema import DEFAULTS
from passenger.config.template import template
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


def test_settings_that_can_be_used_are_said_to_be(command: Command, home: Path) -> None:
    (home / "mine.toml").write_text("[server]\nport = 1\n")
    ended = command("config", "check", "-c", "mine.toml")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "The settings can be used. Files read: mine.toml.\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[server]\nprot = 1\n", "mine.toml:2: [server] prot: unknown key; did you mean port?"),
        ("[server]\nport = \n", "mine.toml:2: is not TOML"),
        ('[server]\nhost = "0.0.0.0"\n', "mine.toml:2: [server] host: listening on 0.0.0.0 would let"),
        ('[server]\nhost = "no-such-host.invalid"\n', "mine.toml:2: [server] host: no-such-host.invalid: "),
        ('[network]\nca_bundle = "nowhere.pem"\n', "mine.toml:2: [network] ca_bundle: nowhere.pem: "),
    ],
)
def test_what_a_server_would_refuse_is_refused_here(command: Command, home: Path, text: str, complaint: str) -> None:
    (home / "mine.toml").write_text(text)
    ended = command("config", "check", "-c", "mine.toml")
    assert (ended.code, ended.out) == (2, "")
    assert complaint in ended.err
    told = json.loads(command("config", "check", "-c", "mine.toml", "--json").out)
    assert told["ok"] is False
    assert told["problems"][0]["origin"] == {"kind": "file", "name": "mine.toml", "line": 2}
    assert (home / "mine.toml").read_text() == text


def test_all_problems_are_told_at_once_and_a_wrong_proxy_too(command: Command) -> None:
    env = {"HTTPS_PROXY": "ftp://nowhere", "PASSENGER_SERVER_HOST": "0.0.0.0"}
    told = json.loads(command("config", "check", "--json", env=env).out)
    assert {one["origin"]["name"] for one in told["problems"]} == {"HTTPS_PROXY", "PASSENGER_SERVER_HOST"}


def test_oddities_are_told_and_are_no_problem(command: Command) -> None:
    ended = command("config", "check", env={"PASSENGER_NOPE": "x"})
    assert (ended.code, ended.out) == (0, "The settings can be used. Files read: none.\n")
    assert ended.err == "warning: PASSENGER_NOPE is ignored: unknown variable\n"
    told = json.loads(command("config", "check", "--json", env={"PASSENGER_NOPE": "x"}).out)
    assert set(told) == {"ok", "problems", "warnings", "files"}
    assert (told["ok"], told["warnings"]) == (True, ["PASSENGER_NOPE is ignored: unknown variable"])
