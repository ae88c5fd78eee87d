"""`passenger config`: shows the settings and where each came from, checks them, and begins a file of them."""

import contextlib
import json as json_text
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import click

from passenger.cli.outcome import complain
from passenger.config.credentials import GITHUB_DOMAINS, GITHUB_HOST
from passenger.config.egress import make_egress
from passenger.config.invocation import Invocation
from passenger.config.loading import CONFIG_FILE, Loaded
from passenger.config.login_files import find_logins_dir
from passenger.config.problems import ConfigError, Problem, SettingOrigin
from passenger.config.schema import SECRET_KEYS, SECTIONS
from passenger.config.sources import FileStatus
from passenger.config.template import template
from passenger.observe.redaction import Redactor, one_line
from passenger.private_file import PRIVATE_DIRECTORY, PRIVATE_FILE
from passenger.server.process.exit_codes import OK, USAGE
from passenger.server.process.sockets import no_workers, open_to_all, same_ports

HIDDEN = "***"
_USER = re.compile(r"(?<=://)[^/@]*@")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def show(invocation: Invocation, *, json: bool) -> int:
    """Print the settings on stdout, and what is odd about them on stderr."""
    loaded = invocation.load()
    logins = find_logins_dir(invocation, loaded)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(json_text.dumps(as_json(loaded, logins), indent=2) if json else "\n".join(as_toml(loaded, logins)))
    return OK


def as_json(loaded: Loaded, logins: Path) -> dict[str, object]:
    """The settings for programs: `settings.<section>.<key>` has `value` and `origin`."""
    return {
        "settings": {section: dict(_json_section(loaded, section)) for section in SECTIONS},
        "files": [{"path": file.path, "state": file.state} for file in loaded.files],
        "logins": str(logins),
        "credential_hosts": credential_hosts(loaded),
        "warnings": list(loaded.warnings),
    }


def as_toml(loaded: Loaded, logins: Path) -> Iterator[str]:
    """The settings for people, line by line."""
    rows = {section: list(_toml_section(loaded, section)) for section in SECTIONS}
    width = max(len(text) for lines in rows.values() for text, _ in lines)
    for section, lines in rows.items():
        yield f"[{section}]"
        yield from (f"{text:<{width}}  # {origin}" for text, origin in lines)
        yield ""
    yield from (f"# {file.state}: {one_line(file.path)}" for file in loaded.files)
    yield f"# logins and tokens are in {one_line(str(logins))}"
    yield f"# credentials may go to {', '.join(credential_hosts(loaded))}"


def credential_hosts(loaded: Loaded) -> list[str]:
    """The hosts that may be sent credentials, GitHub's own first."""
    return [GITHUB_HOST, *(f"*{domain}" for domain in GITHUB_DOMAINS), *sorted(loaded.trusted_hosts)]


def hidden(key: str, value: object) -> object:
    """A value as it may be shown: no secret, and no user name and password in a URL."""
    if key in SECRET_KEYS:
        return [HIDDEN for _ in value] if isinstance(value, list | tuple) else HIDDEN
    return _USER.sub(f"{HIDDEN}@", value) if isinstance(value, str) else value


def _values(loaded: Loaded, section: str) -> Iterator[tuple[str, object]]:
    part = getattr(loaded.config, section)
    return ((setting.name, hidden(setting.name, getattr(part, setting.name))) for setting in fields(part))


def _json_section(loaded: Loaded, section: str) -> Iterator[tuple[str, object]]:
    for key, value in _values(loaded, section):
        name = f"{section}.{key}"
        item: dict[str, object] = {"value": value, "origin": json_origin(loaded.origins[name])}
        if isinstance(value, dict):
            item["origins"] = {alias: json_origin(loaded.origins[f"{name}.{alias}"]) for alias in value}
        yield key, item


def json_origin(origin: SettingOrigin) -> Mapping[str, object]:
    """Where a value came from, for programs."""
    facts = {"kind": origin.kind, "name": origin.name or None, "line": origin.line}
    return {name: fact for name, fact in facts.items() if fact is not None}


def _toml_section(loaded: Loaded, section: str) -> Iterator[tuple[str, SettingOrigin]]:
    for key, value in _values(loaded, section):
        name = f"{section}.{key}"
        match value:
            case dict() if value:
                for alias, model in value.items():
                    written = alias if _BARE_KEY.fullmatch(alias) else _toml(alias)
                    yield f"{key}.{written} = {_toml(model)}", loaded.origins[f"{name}.{alias}"]
            case _:
                yield f"{key} = {_toml(value)}", loaded.origins[name]


def _toml(value: object) -> str:
    """A value as TOML writes it, which for text, numbers and the empty table is how JSON does."""
    return json_text.dumps(value, ensure_ascii=False)


def path(invocation: Invocation, *, json: bool) -> int:
    """Print where the config file is, or would be; as JSON also our other directories."""
    mine = config_file(invocation)
    facts = {
        "config": str(mine),
        "exists": mine.exists(),
        "config_dir": str(invocation.user_dir),
        "state_dir": str(invocation.state_dir),
    }
    click.echo(json_text.dumps(facts, indent=2) if json else mine)
    return OK


def init(invocation: Invocation) -> int:
    """Write a config file with every setting commented out; exit 1 where there is one, which is left as it is."""
    mine = config_file(invocation)
    try:
        write_new(mine, template())
    except FileExistsError:
        return complain(f"{mine} is there already and stays as it is")
    click.echo(f"Written: {mine}\nEvery setting is in it, commented out. `passenger config check` looks it over.")
    return OK


def config_file(invocation: Invocation) -> Path:
    """The file that `-c` names, else the user's own."""
    return invocation.config_path or invocation.user_dir / CONFIG_FILE


def write_new(path: Path, text: str) -> None:
    """Write a private file that appears whole or not at all, in the place of none.

    Raises:
        FileExistsError: something stands there, be it a link that leads nowhere.
        OSError: it cannot be written.
    """
    path.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    if os.path.lexists(path):
        raise FileExistsError(path)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with open(fresh, "x", encoding="utf-8", opener=_private) as file:
            file.write(text)
        _put(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, PRIVATE_FILE)


def _put(fresh: Path, path: Path) -> None:
    """Give a file its name if that is free. Without hard links it is renamed."""
    try:
        os.link(fresh, path)
    except FileExistsError:
        raise
    except OSError:
        with contextlib.suppress(FileNotFoundError):
            path.lstat()
            raise FileExistsError(path) from None
        fresh.rename(path)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was found: problems alone where the files could not be read."""

    problems: Sequence[Problem]
    warnings: Sequence[str] = ()
    files: Sequence[FileStatus] = ()


def check(invocation: Invocation, *, json: bool) -> int:
    """Say what is wrong on stderr, or that nothing is; exit 2 where the settings cannot be used."""
    checked = look_over(invocation)
    if json:
        click.echo(json_text.dumps(findings_as_json(checked), indent=2))
    else:
        for line in (*checked.problems, *(f"warning: {text}" for text in checked.warnings)):
            click.echo(line, err=True)
        if not checked.problems:
            read = ", ".join(one_line(file.path) for file in checked.files if file.state == "read")
            click.echo(f"The settings can be used. Files read: {read or 'none'}.")
    return USAGE if checked.problems else OK


def look_over(invocation: Invocation) -> CheckResult:
    """Load the settings as a server would, up to where it would listen."""
    try:
        loaded = invocation.load()
    except ConfigError as error:
        return CheckResult(error.problems)
    return CheckResult(list(_unservable(loaded, invocation.environ)), loaded.warnings, loaded.files)


def _unservable(loaded: Loaded, environ: Mapping[str, str]) -> Iterator[Problem]:
    try:
        make_egress(loaded, environ, Redactor())
    except ConfigError as error:
        yield from error.problems
    try:
        yield from filter(None, (no_workers(loaded), open_to_all(loaded), same_ports(loaded)))
    except OSError as error:
        host = loaded.config.server.host
        yield Problem(loaded.origins["server.host"], f"[server] host: {host}: {error.strerror or error}")


def findings_as_json(checked: CheckResult) -> Mapping[str, object]:
    """The same for programs: `problems` each with `origin` and `message`."""
    return {
        "ok": not checked.problems,
        "problems": [{"origin": json_origin(one.origin), "message": one.what} for one in checked.problems],
        "warnings": list(checked.warnings),
        "files": [{"path": file.path, "state": file.state} for file in checked.files],
    }
