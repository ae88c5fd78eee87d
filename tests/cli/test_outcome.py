"""However a command ends, it ends with the right exit code and without a traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from passenger.cli.outcome import outcome
from passenger.config.problems import ConfigError, Problem, SettingOrigin
from passenger.errors import Failure, Kind
from passenger.server.process.exit_codes import FAILED, INTERRUPTED, LOGIN_NEEDED, OK, USAGE
from tests.cli.conftest import Command

AT = SettingOrigin("file", "x", 1)


def _raising(error: BaseException) -> int:
    def command() -> int:
        raise error

    return outcome(command)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), INTERRUPTED, ""),
        (click.Abort(), INTERRUPTED, ""),
        (click.UsageError("no"), USAGE, "Error: no\n"),
        (
            ConfigError([Problem(SettingOrigin("file", "x", 1), "a"), Problem(SettingOrigin("file", "x", 2), "b")]),
            USAGE,
            "x:1: a\nx:2: b\n",
        ),
        (Failure(Kind.LOGIN, "log in"), LOGIN_NEEDED, "passenger: log in\n"),
        (Failure(Kind.TIMEOUT, "too late"), FAILED, "passenger: too late\n"),
        (Failure(Kind.UPSTREAM, "a\x1b]52;c;x\x07\nb"), FAILED, "passenger: a\\x1b]52;c;x\\x07\nb\n"),
    ],
)
def test_an_error_that_is_no_defect_is_a_line_and_a_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    assert _raising(error) == code
    assert capsys.readouterr() == ("", said)


def test_a_defect_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        _raising(ZeroDivisionError())


@pytest.mark.parametrize("code", [OK, FAILED, LOGIN_NEEDED])
def test_a_command_s_own_code_is_the_exit_code(code: int) -> None:
    assert outcome(lambda: code) == code


def test_all_config_problems_are_said_on_stderr_a_line_each(command: Command, home: Path) -> None:
    (home / "bad.toml").write_text("[server]\nprot = 1\nport = 'x'\n")
    ended = command("-c", "bad.toml", env={"PASSENGER_UPSTREAM_IDLE_TIMEOUT": "0"})
    assert (ended.code, ended.out) == (2, "")
    assert [line.split(": ")[0] for line in ended.err.splitlines()] == [
        "bad.toml:2",
        "bad.toml:3",
        "PASSENGER_UPSTREAM_IDLE_TIMEOUT",
    ]


# --- odd places --------------------------------------------------------------------------------------------------

SHOW = ("config", "show")


@pytest.mark.proves("F59")
@pytest.mark.parametrize(
    ("shell", "code"),
    [
        ('"$@" <&-', 0),
        ('"$@" >&-', 0),
        ('"$@" 2>&-', 0),
        ('"$@" <&- >&- 2>&-', 0),
        ('"$@" >/dev/full', 1),
        ('ulimit -n 64; exec "$@"', 0),
        ('mkdir gone && cd gone && rmdir ../gone && "$@"', 0),
    ],
)
def test_closed_full_or_missing_files_cause_no_traceback(command: Command, shell: str, code: int) -> None:
    ended = command(*SHOW, shell=shell)
    assert ended.code == code
    assert "Traceback" not in ended.err
    assert "Exception" not in ended.err


def test_a_reader_that_leaves_causes_no_traceback(home: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "passenger", *SHOW], stdout=write, stderr=subprocess.PIPE, cwd=home, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.proves("F60")
@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
        {"TERM": "dumb"},
        {"HOME": ""},
        {"HOME": "relative"},
        {"HOME": "/dev/null"},
        {"HOME": "/nonexistent"},
        {"XDG_CONFIG_HOME": ""},
        {"XDG_CONFIG_HOME": "relative"},
        {"COLUMNS": "1"},
    ],
)
def test_odd_environments_work(command: Command, env: dict[str, str]) -> None:
    for arguments in (("--help",), SHOW):
        ended = command(*arguments, env=env)
        assert (ended.code, ended.err) == (0, "")


def test_an_error_beyond_ascii_reaches_an_ascii_terminal(command: Command, home: Path) -> None:
    (home / "bad.toml").write_text("[server]\n'é' = 1\n", "utf-8")
    ended = command("-c", "bad.toml", env={"PYTHONIOENCODING": "ascii:strict"})
    assert ended.code == 2
    assert ended.err.isascii()
    assert ended.err.startswith("bad.toml:2: [server] ")


def test_ctrl_c_while_the_command_is_still_being_imported_is_no_traceback(home: Path) -> None:
    script = (
        "import builtins, os, signal, sys\n"
        "real = builtins.__import__\n"
        "def interrupted(name, *rest):\n"
        "    if name == 'click':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    return real(name, *rest)\n"
        "builtins.__import__ = interrupted\n"
        "from passenger.cli import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, cwd=home, check=False, preexec_fn=_with_ctrl_c
    )
    assert (done.returncode, done.stderr) == (130, b"")


def _with_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background would ignore it
