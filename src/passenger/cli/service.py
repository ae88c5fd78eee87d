"""`passenger service`: a unit of the user's systemd; for macOS and Windows a text, since it was never run there."""

import json as json_text
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from passenger.cli.command import given_flags
from passenger.cli.outcome import complain
from passenger.cli.reach import usual_url
from passenger.config.invocation import Invocation
from passenger.config.loading import Loaded
from passenger.config.login_files import find_ledger, find_token_paths
from passenger.config.sources import PREFIX
from passenger.net.proxies import EXCEPTIONS_VARIABLE, PROXY_VARIABLES
from passenger.server.process.exit_codes import FAILED, OK
from passenger.services import definition, launchd, systemd, windows
from passenger.services.definition import ISOLATED, NAME, Definition
from passenger.services.systemd import vanishing

UNIT = f"{NAME}.service"
VARIABLES_FILE = "service.env"
CARRIED = frozenset(
    {"SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", EXCEPTIONS_VARIABLE}
    | {name for names in PROXY_VARIABLES.values() for name in names}
)
"""Variables of the shell that the service needs as well: how to reach the network, and where our files are."""

PATIENCE = 90
"""Seconds that a call of systemctl may take."""

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
        return complain(complaint)
    if print_only:
        if sys.platform == "darwin" and (said := caution(service)):
            click.echo(said, err=True)
        click.echo(_text_of(service, invocation, sandbox=sandbox), nl=False)
        return OK
    if sys.platform in _ELSEWHERE:
        return complain(_ELSEWHERE[sys.platform])
    if (reason := no_systemd()) is not None:
        return complain(_NO_SYSTEMD.format(reason=reason))
    try:
        _write(service, invocation, sandbox=sandbox)
    except definition.ForeignError as error:
        return complain(str(error))
    for name in sorted(invocation.environ):
        if name.startswith(PREFIX) or name in {"COPILOT_GITHUB_TOKEN", "GH_TOKEN"}:  # a secret would stand in a file
            told = "is set in this shell and not for the service: a setting belongs into config.toml"
            click.echo(f"{name} {told}", err=True)
    return _start(usual_url(loaded))


def caution(service: Definition) -> str | None:
    """What to mind about a text that has the variables in it; None where they tell no secret."""
    names = ", ".join(service.confidential)
    return f"passenger: it holds the password in {names}: nobody else may read it (umask 077)" if names else None


def uninstall(invocation: Invocation) -> int:
    """Stop the unit and remove our files."""
    if sys.platform in _ELSEWHERE:
        return complain("there is no service of ours on this system")
    paths = (_unit_path(invocation), _variables_path(invocation))
    try:
        for path in paths:
            definition.check(path)
        if no_systemd() is None:
            _systemctl("disable", "--now", UNIT)
        removed = [path for path in paths if definition.remove(path)]
    except definition.ForeignError as error:
        return complain(str(error))
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
        return complain("there is no journalctl here")
    command = [program, "--user", "--unit", UNIT, "--lines", str(lines), "--output", "cat", "--no-pager"]
    return subprocess.run([*command, *(["--follow"] if follow else [])], check=False).returncode  # noqa: S603 - our words alone


# --- what is installed -------------------------------------------------------------------------------------------


KEPT_FLAGS = (
    *("profile", "config_path", "ca_bundle", "access_token_path", "copilot_token_path"),
    *("host", "port", "ollama_port", "workers", "log_format"),
)


def definition_of(invocation: Invocation, loaded: Loaded) -> Definition:
    """The service as it would be: this interpreter, the user's directories, and the way to the network."""
    tokens = find_token_paths(invocation, loaded)
    files = (tokens.access.path, tokens.copilot.path, find_ledger(invocation, loaded))
    directories = (file.absolute().parent for file in files)
    ours = (invocation.user_dir, invocation.state_dir)
    return Definition(
        python=Path(sys.executable),
        config_dir=invocation.user_dir,
        state_dir=invocation.state_dir,
        arguments=tuple(_flags(invocation)),
        environment={name: value for name, value in invocation.environ.items() if name.upper() in CARRIED and value},
        writable=tuple(one for one in directories if not any(one.is_relative_to(own) for own in ours)),
    )


def _flags(invocation: Invocation) -> Iterator[str]:
    """The flags that it is installed with, each path from the root on."""
    for flag, value in given_flags(invocation, KEPT_FLAGS):
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
    definition.write(_variables_path(invocation), systemd.variables_text(service))
    unit = _unit_path(invocation)
    definition.write(unit, systemd.unit(service, _variables_path(invocation), sandbox=sandbox))
    click.echo(f"wrote {unit}")


def _unit_path(invocation: Invocation) -> Path:
    return invocation.user_dir.parent / "systemd" / "user" / UNIT


def _variables_path(invocation: Invocation) -> Path:
    return invocation.user_dir / VARIABLES_FILE


# --- systemd -----------------------------------------------------------------------------------------------------


def no_systemd() -> str | None:
    """Why this user has no service manager; None if there is one."""
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
            refused = _facts().get("ExecMainStatus") in SANDBOX_REFUSED
            hint = "\nthis system grants no user namespaces: passenger service install --no-sandbox" if refused else ""
            return complain(f"systemctl --user {' '.join(arguments)}: {done.stderr.strip()}{hint}")
    click.echo(f"Passenger runs as a service at {url}, now and whenever you log in to this machine.")
    click.echo("It says what it does in `passenger service logs`. To keep it when you log out: loginctl enable-linger")
    return OK


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
