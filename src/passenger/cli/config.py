"""`passenger config show`: each setting, its value and where it came from, as TOML that could be a config file."""

import json as json_text
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import click

from passenger.cli.exits import OK
from passenger.cli.invocation import Invocation
from passenger.cli.parts import logins_dir_of
from passenger.config import Loaded, Origin
from passenger.config.credentials import GITHUB_DOMAINS, GITHUB_HOST
from passenger.config.schema import SECRET_KEYS, SECTIONS
from passenger.log import one_line

HIDDEN = "***"
_USER = re.compile(r"(?<=://)[^/@]*@")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def show(invocation: Invocation, *, json: bool) -> int:
    """Print the settings on stdout, and what is odd about them on stderr."""
    loaded = invocation.load()
    logins = logins_dir_of(invocation, loaded)
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


def json_origin(origin: Origin) -> Mapping[str, object]:
    """Where a value came from, for programs."""
    facts = {"kind": origin.kind, "name": origin.name or None, "line": origin.line}
    return {name: fact for name, fact in facts.items() if fact is not None}


def _toml_section(loaded: Loaded, section: str) -> Iterator[tuple[str, Origin]]:
    for key, value in _values(loaded, section):
        name = f"{section}.{key}"
        match value:
            case dict() if value:
                for alias, model in value.items():
                    yield f"{key}.{_toml_key(alias)} = {_toml(model)}", loaded.origins[f"{name}.{alias}"]
            case _:
                yield f"{key} = {_toml(value)}", loaded.origins[name]


def _toml_key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _toml(name)


def _toml(value: object) -> str:
    """A value as TOML writes it, which for text, numbers and the empty table is how JSON does."""
    return json_text.dumps(value, ensure_ascii=False)
