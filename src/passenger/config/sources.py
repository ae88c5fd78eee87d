"""The four places a setting can come from, each read into the same entries, problems and notices."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from passenger.config.clients import CLIENTS
from passenger.config.kinds import shown
from passenger.config.login_name import VARIABLE
from passenger.config.problems import Origin, Problem, label, nearest
from passenger.config.schema import FORBIDDEN_IN_FOUND, KINDS, SECTIONS, TABLES, Key

PREFIX = "PASSENGER_"
SHORT_VARIABLES: Mapping[str, Key] = {"PASSENGER_API_KEYS": ("server", "api_keys")}
VARIABLES: Mapping[str, Key] = {
    **SHORT_VARIABLES,
    **{f"{PREFIX}{section}_{key}".upper(): (section, key) for section, key in KINDS},
}
OTHER_VARIABLES = frozenset({"PASSENGER_LOG", "PASSENGER_KEY", VARIABLE})
"""Variables with our prefix that are no settings: the log's level, the key that our own commands show a server, and the
name of the login."""

TELLING = tuple(name for name in SECTIONS if name not in {"log", "account", "clients"})
"""Sections that make a file ours which was merely found. Many programs have a `[log]` or `[clients]`."""

CLIENTS_SECTION = "clients"
LARGEST_FILE = 1 << 20
_NAME = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_PATH = rf"{_NAME}(?:[ \t]*\.[ \t]*{_NAME})*"
_HEADER = re.compile(rf"[ \t]*\[{{1,2}}[ \t]*({_PATH})[ \t]*\]")
_ASSIGNMENT = re.compile(rf"[ \t]*({_PATH})[ \t]*=")
_OURS = re.compile(rf"^[ \t]*\[{{1,2}}[ \t]*['\"]?(?:{'|'.join(TELLING)})\b", re.MULTILINE)
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting with a value that was checked."""

    key: Key
    value: object
    origin: Origin


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know and that stops nothing."""

    text: str


State = Literal["read", "not found", "ignored"]


@dataclass(frozen=True, slots=True)
class Looked:
    """A file that was looked for, and what became of it."""

    path: str
    state: State


Finding = Entry | Problem | Notice | Looked


# --- files -------------------------------------------------------------------------------------------------------


def from_file(path: Path, *, required: bool = False, found: bool = False) -> Iterator[Finding]:
    """The settings of a TOML file; nothing where there is no file, unless it is `required`.

    A `found` file is one that nobody named. It is ours only if it has one of our sections.
    """
    where = Origin("file", str(path), found=found)
    try:
        content = _read(path)
    except OSError as error:
        if required or not isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
            yield Problem(where, f"cannot be read: {error.strerror or error}")
        yield Looked(str(path), "not found")
        return
    if len(content) > LARGEST_FILE:
        yield Problem(where, f"is larger than {LARGEST_FILE} bytes, so it is no config file")
        return
    yield from _from_text(content, where)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST_FILE + 1)


def _from_text(content: bytes, where: Origin) -> Iterator[Finding]:
    text = content.decode("utf-8-sig", "replace")
    match _parse(content):
        case Problem() if where.found and not _OURS.search(text):
            yield from _not_ours(where)
        case Problem(Origin(line=line), what):
            yield Problem(_at(where, line), what)
        case dict(tables) if where.found and not any(name in TELLING for name in tables):
            yield from _not_ours(where)
        case tables:
            yield Looked(where.name, "read")
            yield from _from_tables(tables, where, _lines(text))


def _not_ours(where: Origin) -> Iterator[Finding]:
    sections = ", ".join(f"[{name}]" for name in TELLING)
    yield Looked(where.name, "ignored")
    yield Notice(f"{where} is ignored: it has none of {sections}")


def _parse(content: bytes) -> dict[str, object] | Problem:
    """The TOML document, or what is wrong with it (with the line, but not yet the name of the file)."""
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Problem(Origin(line=content.count(b"\n", 0, error.start) + 1), "is not UTF-8 text")
    except RecursionError:
        return Problem(Origin(), "is nested too deeply")
    except ValueError as error:
        match = _AT_LINE.search(str(error))
        line = int(match[1]) if match else content.count(b"\n") + 1
        return Problem(Origin(line=line), f"is not TOML: {_AT_LINE.sub('', str(error))}")


def _from_tables(
    tables: Mapping[str, object], where: Origin, lines: Mapping[tuple[str, ...], int]
) -> Iterator[Finding]:
    for section, table in tables.items():
        at = _at(where, lines.get((section,)))
        match table:
            case dict() if section in SECTIONS:
                yield from _from_table(section, table, where, lines)
            case dict() | list() if section not in SECTIONS:
                yield Problem(at, f"[{section}]: unknown section{_meant(section, SECTIONS, '[{}]')}")
            case _ if section in SECTIONS:
                yield Problem(at, f"{section}: must be a table, written [{section}], not {shown(table)}")
            case _:
                yield Problem(at, f"{section}: unknown key outside of a section{_home(section)}")


def _from_table(
    section: str, table: Mapping[str, object], where: Origin, lines: Mapping[tuple[str, ...], int]
) -> Iterator[Finding]:
    for key, value in table.items():
        origin = _at(where, _line(lines, section, key))
        if (section, key) in TABLES and isinstance(value, dict):
            for name, model in value.items():
                yield _checked((section, key), {name: model}, _at(where, _line(lines, section, key, name)))
        elif section == CLIENTS_SECTION and isinstance(value, dict):
            yield from _of_client(key, value, where, lines)
        elif (section, key) in KINDS:
            finding = _checked((section, key), value, origin)
            is_forbidden = where.found and key in FORBIDDEN_IN_FOUND and isinstance(finding, Problem)
            yield forbidden((section, key), origin) if is_forbidden else finding
        elif where.found and key in FORBIDDEN_IN_FOUND:
            yield forbidden((section, key), origin)
        else:
            known = [name for home, name in KINDS if home == section]
            yield Problem(origin, f"{label(section, key)}: unknown key{_meant(key, known) or _home(key)}")


def _of_client(
    name: str, table: Mapping[str, object], where: Origin, lines: Mapping[tuple[str, ...], int]
) -> Iterator[Finding]:
    """`[clients.NAME]`: each of its keys is a table of names, as `[clients]` has it."""
    known = [key for section, key in KINDS if section == CLIENTS_SECTION]
    if name not in CLIENTS:
        meant = _meant(name, CLIENTS, f"[{CLIENTS_SECTION}.{{}}]") or f": {', '.join(sorted(CLIENTS))}"
        yield Problem(
            _at(where, _line(lines, CLIENTS_SECTION, name)), f"[{CLIENTS_SECTION}.{name}]: unknown client{meant}"
        )
        return
    for key, value in table.items():
        origin = _at(where, _line(lines, CLIENTS_SECTION, name, key))
        if key in known:
            yield _checked((CLIENTS_SECTION, key), {name: value}, origin)
        else:
            yield Problem(origin, f"{label(f'{CLIENTS_SECTION}.{name}', key)}: unknown key{_meant(key, known)}")


def _line(lines: Mapping[tuple[str, ...], int], *path: str) -> int | None:
    """The line of a key, or of the nearest thing around it that was found."""
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)


def forbidden(key: Key, origin: Origin) -> Problem:
    """The problem that a found file sets what it may not."""
    return Problem(
        origin, f"{label(*key)}: may not be set by a config.toml that was found, not named; {remedy(origin)}"
    )


def remedy(origin: Origin) -> str:
    """What to do about a setting that a found file may not make."""
    return f"name the file with -c {origin.name}, or set it in your own config file or the environment"


def _home(key: str) -> str:
    homes = [section for section, name in KINDS if name == key]
    return f"; did you mean {key} in [{homes[0]}]?" if homes else ""


def _meant(word: str, words: Iterable[str], form: str = "{}") -> str:
    near = nearest(word, words)
    return f"; did you mean {form.format(near)}?" if near else ""


def _at(where: Origin, line: int | None) -> Origin:
    return Origin(where.kind, where.name, line, where.found)


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """The line on which each table and key of a TOML text is first named.

    It reads line by line, so the inside of a multi-line string may mislead it: about a line number, nothing else.
    """
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            path = table = _names(header[1])
        elif assignment := _ASSIGNMENT.match(line):
            path = table + _names(assignment[1])
        else:
            continue
        for end in range(1, len(path) + 1):
            found.setdefault(path[:end], number)
    return found


def _names(path: str) -> tuple[str, ...]:
    return tuple(name.strip("\"'") for name in re.findall(_NAME, path))


# --- the environment and the flags -------------------------------------------------------------------------------


def from_environment(environ: Mapping[str, str]) -> Iterator[Finding]:
    """The settings in `PASSENGER_<SECTION>_<KEY>`. An empty variable is as good as none; an unknown one is noted."""
    for name in sorted(name for name in environ if name.startswith(PREFIX)):
        if name in OTHER_VARIABLES or not environ[name]:
            continue
        if name in VARIABLES:
            yield _from_variable(name, environ[name])
        else:
            yield Notice(f"{name} is ignored: unknown variable{_meant_variable(name.removeprefix(PREFIX))}")


def _meant_variable(rest: str) -> str:
    """The hint for an unknown variable; the prefix that all share would make them all look near."""
    known = [name.removeprefix(PREFIX) for name in (*VARIABLES, *OTHER_VARIABLES)]
    without_section = [name for name in known if name.endswith(f"_{rest}")]
    near = next(iter(without_section), None) or nearest(rest, known)
    return f"; did you mean {PREFIX}{near}?" if near else ""


def _from_variable(name: str, text: str) -> Finding:
    key, origin = VARIABLES[name], Origin("environment", name)
    try:
        return _checked(key, KINDS[key].read(text), origin)
    except ValueError as error:
        return Problem(origin, f"{label(*key)}: {error}")


LOG_FORMAT = "log.format"
"""The one setting whose flag also says its section: `--log-format`."""


def from_flags(flags: Mapping[str, object]) -> Iterator[Finding]:
    """The settings given on the command line, by `section.key`; None is one that was not given."""
    for name, value in flags.items():
        section, _, key = name.partition(".")
        if value is not None:
            flag = f"{section}-{key}" if name == LOG_FORMAT else key.replace("_", "-")
            yield _checked((section, key), value, Origin("flag", f"--{flag}"))


def _checked(key: Key, value: object, origin: Origin) -> Entry | Problem:
    try:
        return Entry(key, KINDS[key].check(value), origin)
    except ValueError as error:
        return Problem(origin, f"{label(*key)}: {error}")
