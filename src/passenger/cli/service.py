"""`passenger service`: a unit of the user's systemd; for macOS and Windows a text, since it was never run there."""

import json as json_text
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from passenger.cli.exits import FAILED, OK
from passenger.cli.invocation import Invocation
from passenger.cli.parts import paths_of
from passenger.config import Loaded
from passenger.config.sources import PREFIX
from passenger.control.client import Server
from passenger.proxies import EXCEPTIONS_VARIABLE, PROXY_VARIABLES
from passenger.services import files, launchd, systemd, windows
from passenger.services.definition import ISOLATED, NAME, Definition
from passenger.services.lasting import vanishing

UNIT = f"{NAME}.service"
VARIABLES_FILE = "service.env"
CARRIED = frozenset(
    {"SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", EXCEPTIONS_VARIABLE}
    | {name for names in PROXY_VARIABLES.values() for name in names}
)
"""Variables of the shell that the service needs as well: how to reach the network, and where our files are."""

PATIENCE = 90
"""Seconds for systemd to do what it is told."""

SANDBOX_REFUSED = frozenset({"217", "218", "226"})
"""Exit codes of systemd's own for a sandbox that cannot be had: USER, CAPABILITIES, NAMESPACE."""

_EPHEMERAL = (
    "this passenger runs from {place}, which is emptied one day: install it to stay (`uv tool install .`, "
    "`pipx install .` or `make install` in its directory), then run `passenger service install` with that one"
)
_UNRUNNABLE = "`{command}` does not start by itself: {reason}"
_NO_SYSTEMD = "there is no systemd of yours to talk to{reason}; `passenger service install --print` shows the unit"
_ELSEWHERE = {
    "darwin": "launchd's agent is only printed, since nobody has run it yet:\n"
    f"  (umask 077; passenger service install --print > ~/{launchd.PLACE})\n"
    f"  launchctl bootstrap gui/$(id -u) ~/{launchd.PLACE}",
    "win32": "the task for Windows is only printed, since nobody has run it yet:\n"
    "  passenger service install --print > passenger.xml\n"
    f"  schtasks /create /tn {NAME} /xml passenger.xml",
}


def install(invocation: Invocation, *, print_only: bool, sandbox: bool) -> int:
    """Write the unit and start it.

    Raises:
        ConfigError: the settings cannot be used.
    """
    loaded = invocation.load()
    service = definition_of(invocation, loaded)
    if complaint := complaint_about(service, invocation.environ):
        return _fail(complaint)
    if print_only:
        if sys.platform == "darwin" and (said := caution(service)):
            click.echo(said, err=True)
        click.echo(_text_of(service, invocation, sandbox=sandbox), nl=False)
        return OK
    if sys.platform in _ELSEWHERE:
        return _fail(_ELSEWHERE[sys.platform])
    if (reason := no_systemd()) is not None:
        return _fail(_NO_SYSTEMD.format(reason=reason))
    try:
        _write(service, invocation, sandbox=sandbox)
    except files.ForeignError as error:
        return _fail(str(error))
    for name in _left_behind(invocation.environ):
        click.echo(f"{name} is set in this shell and not for the service: a setting belongs into config.toml", err=True)
    return _start(Server(loaded.config.server.host, loaded.config.server.port).url)


def caution(service: Definition) -> str | None:
    """What to mind about a text that has the variables in it; None where they tell no secret."""
    names = ", ".join(service.confidential)
    return f"passenger: it holds the password in {names}: nobody else may read it (umask 077)" if names else None


def uninstall(invocation: Invocation) -> int:
    """Stop the unit and remove our files."""
    if sys.platform in _ELSEWHERE:
        return _fail("there is no service of ours on this system")
    paths = (_unit_path(invocation), _variables_path(invocation))
    try:
        for path in paths:
            files.check(path)
        if no_systemd() is None:
            _systemctl("disable", "--now", UNIT)
        removed = [path for path in paths if files.remove(path)]
    except files.ForeignError as error:
        return _fail(str(error))
    if no_systemd() is None:
        _systemctl("daemon-reload")
    click.echo("\n".join(f"removed {path}" for path in removed) or "there was no service")
    return OK


def status(invocation: Invocation, *, json: bool) -> int:
    """Say whether it is installed and runs."""
    unit = _unit_path(invocation)
    facts = _facts() if no_systemd() is None else {}
    running = facts.get("ActiveState") == "active"
    found = {
        "installed": unit.is_file(),
        "unit": str(unit),
        "running": running,
        "state": facts.get("ActiveState") or "unknown",
        "pid": int(facts.get("MainPID") or 0) or None,
        "since": facts.get("ActiveEnterTimestamp") or None,
    }
    click.echo(json_text.dumps(found, indent=2) if json else _sentence(found))
    return OK if running else FAILED


def logs(_invocation: Invocation, *, lines: int, follow: bool) -> int:
    """Show the journal's last lines."""
    program = shutil.which("journalctl")
    if program is None:
        return _fail("there is no journalctl here")
    command = [program, "--user", "--unit", UNIT, "--lines", str(lines), "--output", "cat", "--no-pager"]
    return subprocess.run([*command, *(["--follow"] if follow else [])], check=False).returncode  # noqa: S603 - our words alone


# --- what is installed -------------------------------------------------------------------------------------------


def definition_of(invocation: Invocation, loaded: Loaded) -> Definition:
    """The service as it would be: this interpreter, the user's directories, and the way to the network."""
    tokens = paths_of(invocation, loaded)
    directories = (file.path.absolute().parent for file in (tokens.access, tokens.copilot))
    return Definition(
        python=Path(sys.executable),
        config_dir=invocation.user_dir,
        state_dir=invocation.state_dir,
        arguments=tuple(_flags(invocation)),
        environment={name: value for name, value in invocation.environ.items() if name.upper() in CARRIED and value},
        writable=tuple(one for one in directories if not one.is_relative_to(invocation.user_dir)),
    )


def _flags(invocation: Invocation) -> Iterator[str]:
    """The flags that it is installed with, each path from the root on."""
    given = {
        "--profile": invocation.profile,
        "-c": invocation.config_path,
        "--ca-bundle": invocation.ca_bundle,
        "--access-token-path": invocation.access_token_path,
        "--copilot-token-path": invocation.copilot_token_path,
        "--host": invocation.host,
        "--port": invocation.port,
        "--ollama-port": invocation.ollama_port,
        "--workers": invocation.workers,
        "--log-format": invocation.log_format,
    }
    for flag, value in given.items():
        if value is not None:
            yield from (flag, str(value.absolute() if isinstance(value, Path) else value))


def complaint_about(service: Definition, environ: Mapping[str, str]) -> str | None:
    """Why this program cannot be a service; None where it can."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or service.config_dir)
    if place := vanishing(Path(sys.prefix), environ, home):
        return _EPHEMERAL.format(place=place)
    command = (str(service.python), *ISOLATED, "--version")
    kept = {name: value for name, value in environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(  # noqa: S603 - it is ourselves
        command, cwd="/", env=kept, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if done.returncode == 0:
        return None
    reason = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
    return _UNRUNNABLE.format(command=" ".join(command), reason=reason)


def _text_of(service: Definition, invocation: Invocation, *, sandbox: bool) -> str:
    match sys.platform:
        case "darwin":
            return launchd.agent(service)
        case "win32":
            return windows.task(service)
        case _:
            return systemd.unit(service, _variables_path(invocation), sandbox=sandbox)


def _write(service: Definition, invocation: Invocation, *, sandbox: bool) -> None:
    for directory in service.written:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.write(_variables_path(invocation), systemd.variables_text(service))
    unit = _unit_path(invocation)
    files.write(unit, systemd.unit(service, _variables_path(invocation), sandbox=sandbox))
    click.echo(f"wrote {unit}")


def _unit_path(invocation: Invocation) -> Path:
    return invocation.user_dir.parent / "systemd" / "user" / UNIT


def _variables_path(invocation: Invocation) -> Path:
    return invocation.user_dir / VARIABLES_FILE


def _left_behind(environ: Mapping[str, str]) -> Iterator[str]:
    """Our own variables of this shell, which the service does not see; a secret would stand in a file."""
    return (name for name in sorted(environ) if name.startswith(PREFIX) or name in {"COPILOT_GITHUB_TOKEN", "GH_TOKEN"})


# --- systemd -----------------------------------------------------------------------------------------------------


def no_systemd() -> str | None:
    """Why there is no service manager of this user; None where there is one."""
    if shutil.which("systemctl") is None:
        return ""
    done = _systemctl("show-environment")
    return None if done.returncode == 0 else f" ({done.stderr.strip().splitlines()[0]})" if done.stderr.strip() else ""


def _systemctl(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [shutil.which("systemctl") or "systemctl", "--user", "--no-pager", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603 - as above


def _start(url: str) -> int:
    for arguments in (("daemon-reload",), ("enable", UNIT), ("restart", UNIT)):
        done = _systemctl(*arguments)
        if done.returncode:
            return _fail(f"systemctl --user {' '.join(arguments)}: {done.stderr.strip()}{_hint()}")
    click.echo(f"Passenger runs as a service at {url}, now and whenever you log in to this machine.")
    click.echo("It says what it does in `passenger service logs`. To keep it when you log out: loginctl enable-linger")
    return OK


def _hint() -> str:
    if _facts().get("ExecMainStatus") in SANDBOX_REFUSED:
        return "\nthis system grants no user namespaces: passenger service install --no-sandbox"
    return ""


def _facts() -> dict[str, str]:
    wanted = "ActiveState,MainPID,ActiveEnterTimestamp,ExecMainStatus"
    lines = _systemctl("show", "--property", wanted, UNIT).stdout.splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _sentence(found: Mapping[str, object]) -> str:
    if not found["installed"]:
        return "there is no service: passenger service install"
    if found["running"]:
        return f"running as process {found['pid']} since {found['since']}"
    return f"installed and not running ({found['state']}): passenger service logs"


def _fail(complaint: str) -> int:
    click.echo(f"passenger: {complaint}", err=True)
    return FAILED
