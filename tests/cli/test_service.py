"""`passenger service`: what is written, what systemd is told, and that the unit's own command line serves.

The service manager is a script that writes down what it is told; its sandbox is `unshare`, see `sandboxed`.
"""

import asyncio
import contextlib
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from passenger.cli.service import caution
from passenger.server.process.exit_codes import FAILED, OK, USAGE
from passenger.services.definition import Definition
from passenger.simulator import Simulator
from tests.cli.conftest import Command, Ended
from tests.cli.test_hostile_directory import Trap
from tests.proxy import STARTED, Proxy, environment, eventually, profile_of, spawn
from tests.server.bench import asking
from tests.services.reading import directives, words

SYSTEMCTL = """\
#!/bin/sh
echo "$@" >> "$0.told"
case "$*" in
  *show-environment*) test ! -e "$0.no-bus" || { echo "Failed to connect to bus" >&2; exit 1; } ;;
  *restart*) test ! -e "$0.refuses" || { echo "Job failed" >&2; exit 1; } ;;
  *--property*) cat "$0.facts" 2>/dev/null ;;
esac
exit 0
"""


@dataclass
class Machine:
    """A home with a service manager in it."""

    home: Path
    command: Command

    @property
    def systemctl(self) -> Path:
        return self.home / "bin" / "systemctl"

    @property
    def unit(self) -> Path:
        return self.home / ".config" / "systemd" / "user" / "passenger.service"

    @property
    def variables(self) -> Path:
        return self.home / ".config" / "passenger" / "service.env"

    @property
    def env(self) -> dict[str, str]:
        (temporary := self.home / "tmp").mkdir(exist_ok=True)
        return {"PATH": f"{self.systemctl.parent}:/usr/bin:/bin", "TMPDIR": str(temporary)}

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        return self.command("service", *arguments, env={**self.env, **(env or {})})

    def told(self) -> list[str]:
        """What the manager was told, without questions."""
        file = self.systemctl.with_name("systemctl.told")
        if not file.exists():
            return []
        lines = [line.removeprefix("--user --no-pager ") for line in file.read_text().splitlines()]
        file.unlink()
        return [line for line in lines if not line.startswith("show")]

    def answers(self, what: str, text: str = "") -> None:
        self.systemctl.with_name(f"systemctl.{what}").write_text(text)


@pytest.fixture
def machine(home: Path, command: Command) -> Machine:
    made = Machine(home, command)
    made.systemctl.parent.mkdir()
    made.systemctl.write_text(SYSTEMCTL)
    made.systemctl.chmod(0o755)
    return made


@pytest.mark.proves("promise 2")
def test_a_proxys_password_stands_in_the_private_file_alone(machine: Machine) -> None:
    env = {"HTTPS_PROXY": "http://me:word-of-mine@proxy.example:3128", "PASSENGER_API_KEYS": "key-of-mine"}
    shown, written = machine.run("install", "--print", env=env), machine.run("install", env=env)
    assert not [text for text in (shown.out, shown.err, written.out, written.err) if "of-mine" in text]
    assert "of-mine" not in machine.unit.read_text()
    assert "word-of-mine" in machine.variables.read_text()
    assert machine.variables.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("value", "is_said"), [("http://me:word@proxy.example", True), ("http://proxy.example", False)]
)
def test_a_text_that_holds_a_password_comes_with_a_word_of_caution(value: str, is_said: bool) -> None:
    service = Definition(Path("python"), Path("c"), Path("s"), environment={"HTTPS_PROXY": value})
    said = caution(service)
    assert bool(said) is is_said
    assert said is None or ("HTTPS_PROXY" in said and "word@" not in said)


@pytest.mark.proves("service")
def test_it_is_installed_and_started_and_taken_away_again(machine: Machine) -> None:
    before = tree(machine.home / ".config")
    ended = machine.run("install")
    assert (ended.code, ended.err) == (OK, "")
    assert machine.told() == ["daemon-reload", "enable passenger.service", "restart passenger.service"]
    assert "http://127.0.0.1:8081" in ended.out
    assert machine.unit.read_text() == machine.run("install", "--print").out
    assert machine.run("uninstall").code == OK
    assert machine.told() == ["disable --now passenger.service", "daemon-reload"]
    assert tree(machine.home / ".config") == before
    assert machine.run("uninstall").out == "there was no service\n"


def test_the_address_that_is_told_is_one_that_can_be_reached(machine: Machine) -> None:
    key = {"PASSENGER_API_KEYS": "a-key-that-keeps-others-out"}
    assert "at http://127.0.0.1:9000, now" in machine.run("install", "--host", "0.0.0.0", "--port", "9000", env=key).out


def tree(directory: Path) -> set[Path]:
    return {path for path in directory.rglob("*") if path.is_file()}


def test_installing_again_replaces_what_was_installed(machine: Machine) -> None:
    machine.run("install", "--no-sandbox")
    assert "ProtectSystem" not in machine.unit.read_text()
    assert machine.run("install").code == OK
    assert "ProtectSystem" in machine.unit.read_text()


def test_the_way_to_the_network_is_carried_in_a_private_file_and_no_secret_of_ours(machine: Machine) -> None:
    secrets = {"COPILOT_GITHUB_TOKEN": "ghu_of-the-shell", "PASSENGER_SERVER_PORT": "9000"}
    ended = machine.run("install", env={"https_proxy": "http://ann:word@proxy:3128", **secrets})
    assert ended.code == OK
    assert 'https_proxy="http://ann:word@proxy:3128"' in machine.variables.read_text()
    assert machine.variables.stat().st_mode & 0o077 == 0
    written = machine.variables.read_text() + machine.unit.read_text()
    assert "ghu_" not in written
    assert "word@" not in machine.unit.read_text()
    for name in secrets:
        assert name not in written
        assert f"{name} is set in this shell and not for the service" in ended.err


def test_flags_that_it_is_installed_with_hold_for_it(machine: Machine) -> None:
    (machine.home / "work.toml").write_text("[server]\nport = 9000\n")
    ended = machine.run("install", "-c", "work.toml", "--copilot-token-path", "tokens/c.json")
    found = directives(machine.unit.read_text())
    named = ["-c", str(machine.home / "work.toml"), "--copilot-token-path", str(machine.home / "tokens" / "c.json")]
    assert words(found["ExecStart"])[-4:] == named
    assert str(machine.home / "tokens") in words(found["ReadWritePaths"])
    assert "http://127.0.0.1:9000" in ended.out


def test_where_it_is_to_listen_is_not_forgotten(machine: Machine) -> None:
    flags = ["--ca-bundle", str(machine.home / "corp.pem"), "--host", "localhost", "--port", "9001"]
    flags += ["--ollama-port", "11500", "--workers", "2", "--log-format", "json"]
    ended = machine.run("install", *flags)
    assert words(directives(machine.unit.read_text())["ExecStart"])[-len(flags) :] == flags
    assert "http://localhost:9001" in ended.out


def test_the_login_that_was_named_is_its_own(machine: Machine) -> None:
    ended = machine.run("install", "--profile", "work")
    assert ended.code == OK, ended.err
    assert words(directives(machine.unit.read_text())["ExecStart"])[-2:] == ["--profile", "work"]


def test_token_files_of_the_settings_can_be_written(machine: Machine) -> None:
    (machine.home / "work.toml").write_text('[account]\naccess_token_path = "~/tokens/login.json"\n')
    assert machine.run("install", "-c", "work.toml").code == OK
    assert str(machine.home / "tokens") in words(directives(machine.unit.read_text())["ReadWritePaths"])


def test_a_ledger_of_the_settings_can_be_written(machine: Machine) -> None:
    (machine.home / "work.toml").write_text('[ledger]\npath = "~/money/ledger.sqlite"\n')
    assert machine.run("install", "-c", "work.toml").code == OK
    assert str(machine.home / "money") in words(directives(machine.unit.read_text())["ReadWritePaths"])


@pytest.mark.proves("service")
def test_a_unit_of_somebody_else_stays(machine: Machine) -> None:
    machine.unit.parent.mkdir(parents=True)
    machine.unit.write_text("[Service]\nExecStart=/bin/true\n")
    for name in ("install", "uninstall"):
        ended = machine.run(name)
        assert ended.code == FAILED
        assert "is not made by us and stays as it is" in ended.err
        assert not [told for told in machine.told() if "disable" in told]
    assert machine.unit.read_text() == "[Service]\nExecStart=/bin/true\n"


def test_settings_that_cannot_be_used_are_said_before_anything_is_written(machine: Machine) -> None:
    (machine.home / "bad.toml").write_text("[server]\nprot = 1\n")
    assert machine.run("install", "-c", "bad.toml").code == USAGE
    assert tree(machine.home / ".config") == set()


def test_where_no_manager_answers_that_is_said_and_nothing_written(machine: Machine) -> None:
    machine.answers("no-bus")
    ended = machine.run("install")
    assert ended.code == FAILED
    assert "no systemd of yours to talk to (Failed to connect to bus)" in ended.err
    machine.systemctl.unlink()
    (machine.home / "empty").mkdir()
    ended = machine.run("install", env={"PATH": str(machine.home / "empty")})
    assert ended.code == FAILED
    assert "passenger service install --print" in ended.err
    assert tree(machine.home / ".config") == set()


def test_a_sandbox_that_is_refused_is_named_with_the_way_out(machine: Machine) -> None:
    machine.answers("refuses")
    machine.answers("facts", "ExecMainStatus=226\n")
    ended = machine.run("install")
    assert ended.code == FAILED
    assert "Job failed" in ended.err
    assert "passenger service install --no-sandbox" in ended.err


def test_a_program_in_a_cache_or_a_temporary_directory_is_refused(machine: Machine) -> None:
    for variable in ("TMPDIR", "UV_CACHE_DIR"):
        ended = machine.run("install", env={variable: str(Path(sys.prefix).parent)})
        assert ended.code == FAILED
        assert "is emptied one day" in ended.err
    assert tree(machine.home / ".config") == set()


def test_a_program_that_does_not_start_by_itself_is_refused(machine: Machine) -> None:
    bare = machine.home / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    script = machine.home / "start.py"
    script.write_text(f"import sys; sys.path[:0] = {sys.path!r}\nfrom passenger.cli import main\nsys.exit(main())\n")
    done = subprocess.run(
        [bare / "bin" / "python", script, "service", "install"],
        env=environment(machine.home, machine.env),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == FAILED
    assert "does not start by itself: " in done.stderr
    assert "No module named passenger" in done.stderr


RUNNING = "MainPID=42\nActiveState=active\nActiveEnterTimestamp=Mon 2026-11-30 06:00:00 UTC\n"


def test_its_state_is_said_for_people_and_for_programs(machine: Machine) -> None:
    ended = machine.run("status")
    assert (ended.code, ended.out) == (FAILED, "there is no service: passenger service install\n")
    machine.run("install")
    machine.answers("facts", RUNNING)
    assert machine.run("status").out == "running as process 42 since Mon 2026-11-30 06:00:00 UTC\n"
    ended = machine.run("status", "--json")
    found = json.loads(ended.out)
    assert ended.code == OK
    assert (found["installed"], found["running"], found["pid"]) == (True, True, 42)
    machine.answers("facts", "MainPID=0\nActiveState=failed\n")
    ended = machine.run("status")
    assert (ended.code, ended.out) == (FAILED, "installed and not running (failed): passenger service logs\n")


def test_its_log_is_the_journals(machine: Machine) -> None:
    journal = machine.systemctl.with_name("journalctl")
    journal.write_text('#!/bin/sh\necho "$@"\nexit 3\n')
    journal.chmod(0o755)
    ended = machine.run("logs", "-n", "7", "--follow")
    assert ended.code == 3
    assert ended.out.split()[:5] == ["--user", "--unit", "passenger.service", "--lines", "7"]
    assert ended.out.split()[-1] == "--follow"


# --- the command line of the unit itself -------------------------------------------------------------------------

READ_ONLY = """\
set -e
mount --make-rprivate /
mount --bind "$HOME" "$HOME"
for writable in "$@"; do test "$writable" != -- || break; mount --bind "$writable" "$writable"; done
mount -o remount,bind,ro "$HOME"
while test "$1" != --; do shift; done
shift
exec "$@"
"""


def sandboxed(command: list[str], writable: list[str], home: Path) -> list[str]:
    """The command in a mount namespace in which the home can only be read but for these directories.

    That is what ProtectSystem=strict and ReadWritePaths do. systemd itself is not asked: where tests run there mostly
    is none. Without user namespaces the home's own mode has to do, which binds everybody but root.
    """
    if shutil.which("unshare") and subprocess.run(["unshare", "-rm", "true"], check=False).returncode == 0:
        return ["unshare", "-rm", "sh", "-c", READ_ONLY, "sh", *writable, "--", *command]
    home.chmod(0o500)
    return command


@contextlib.asynccontextmanager
async def served(unit: Path, home: Path, cwd: Path) -> AsyncIterator[Proxy]:
    """The unit's ExecStart within its ReadWritePaths, started in a directory of somebody else's."""
    found = directives(unit.read_text())
    command = sandboxed(words(found["ExecStart"]), words(found["ReadWritePaths"]), home)
    script = f"cd {shlex.quote(str(cwd))}; exec {shlex.join(command)}"
    run = "import os, sys; os.execvp('sh', ['sh', '-c', sys.argv[1]])"
    proxy = await spawn(home, [script], {"TESTS_REACHED": ""}, program=("-c", run))
    try:
        yield proxy
    finally:
        home.chmod(0o700)
        proxy.process.terminate()
        await proxy.ended()


def test_the_sandbox_of_the_next_test_is_one(home: Path) -> None:
    (home / "may").mkdir()
    for name, code in (("may/x", 0), ("x", 1)):
        command = sandboxed(["sh", "-c", f'touch "$HOME/{name}" 2>/dev/null || exit 1'], [str(home / "may")], home)
        assert subprocess.run(command, env=environment(home), cwd=home, check=False).returncode == code
    home.chmod(0o700)


@pytest.mark.proves("S", "T7", "service")
async def test_the_units_own_command_line_serves_and_renews_a_token_within_its_sandbox_among_hostile_modules(
    machine: Machine, simulator: Simulator, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    (tmp_path / "hostile").mkdir()
    trap = Trap(tmp_path, tmp_path / "hostile")
    settings = machine.home / ".config" / "passenger" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"{simulator.config_toml()}\n[server]\nport = 0\n")
    shell = f'echo {simulator.login_token} | "$@"'
    ended = await asyncio.to_thread(machine.command, "login", "--token-stdin", shell=shell)
    assert ended.code == OK, ended.err
    token = profile_of(simulator, settings.parent) / "token.json"
    assert machine.run("install").code == OK
    async with served(machine.unit, machine.home, trap.home) as proxy:
        url = await eventually(lambda: found_address(proxy))
        before = token.read_bytes()
        simulator.revoke_tokens()
        async with http.post(f"{url}/v1/chat/completions", json=asking()) as answer:
            assert answer.status == 200, await answer.text()
        async with http.get(f"{url}/readyz") as answer:
            assert (await answer.json())["status"] == "ok"
    assert token.read_bytes() != before
    assert trap.sprung == set()
    assert not [line for line in proxy.lines if "cannot be written" in line or "WARNING" in line]


def found_address(proxy: Proxy) -> str | None:
    if proxy.process.returncode is not None:
        raise AssertionError("it has ended: " + "\n".join(proxy.lines))
    return next((found[1] for line in proxy.lines if (found := STARTED.search(line))), None)
