"""A config file to begin with: every setting at its default, commented out, below what its section is about."""

import json
import re
from collections.abc import Iterator, Mapping
from textwrap import wrap

from passenger.config.schema import ALIASES, DEFAULTS, SECTIONS, SettingKey
from passenger.limits import Limits, about

WIDTH = 100
"""Columns of a comment."""

EXAMPLES: Mapping[SettingKey, str] = {
    ALIASES: '{ fast = "gpt-5-mini" }',
    ("clients", "model"): '{ claude = "claude-opus-4.6" }',
    ("clients", "small_model"): '{ claude = "gpt-5-mini" }',
}
"""What stands in the place of a table that is empty by default."""

_FIRST = (
    "Settings of Passenger. Nothing needs to be set: take the # from a line to change it.",
    "`passenger config check` says whether the file can be used, `passenger config show` what applies.",
)
_SENTENCES = re.compile(r"\n{2,}")


def template() -> str:
    """The text of the file."""
    sections = ("\n".join(_section(name)) for name in SECTIONS)
    return "\n\n".join(("\n".join(f"# {line}" for line in _FIRST), *sections)) + "\n"


def _section(name: str) -> Iterator[str]:
    for paragraph in _SENTENCES.split(_about(name)):
        yield from (f"# {line}" for line in wrap(paragraph, WIDTH))
    yield f"[{name}]"
    for (section, key), default in DEFAULTS.items():
        if section == name:
            yield from _setting(name, key, default)


def _about(name: str) -> str:
    """The docstring of a section's class; empty under `python -OO`."""
    lines = (SECTIONS[name].__doc__ or "").strip().splitlines()
    return "\n".join(line.strip() for line in lines)


def _setting(section: str, key: str, default: object) -> Iterator[str]:
    if (section, key) in EXAMPLES:
        yield f"# {key} = {EXAMPLES[section, key]}"
    else:
        yield f"# {key} = {json.dumps(default, ensure_ascii=False)}{_unit(section, key)}"


def _unit(section: str, key: str) -> str:
    """What a limit counts."""
    found = _LIMITS.get(key) if section == "limits" else None
    return f"  # {found}" if found else ""


_LIMITS: Mapping[str, str] = {
    name: f"{about(setting).unit} {about(setting).what}" for name, setting in Limits.__dataclass_fields__.items()
}
