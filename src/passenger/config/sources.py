"""The four places a setting can come from, each read into the same entries, problems and notices."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from passenger.config.kinds import CLIENTS, describe
from passenger.config.login_name import VARIABLE
from passenger.config.problems import Problem, SettingOrigin, label, nearest
from passenger.config.schema import FORBIDDEN_IN_FOUND, KINDS, RENAMED_SECTIONS, SECTIONS, TABLES, SettingKey

PREFIX = "PASSENGER_"
SHORT_VARIABLES: Mapping[str, SettingKey] = {"PASSENGER_API_KEYS": ("server", "api_keys")}
VARIABLES: Mapping[str, SettingKey] = {
    **SHORT_VARIABLES,
    **{f"{PREFIX}{section}_{key}".upper(): (section, key) for section, key in KINDS},
}
RENAMED_VARIABLES: Mapping[str, str] = {
    f"{PREFIX}{old}_{key}".upper(): f"{PREFIX}{new}_{key}".upper()
    for old, new in RENAMED_SECTIONS.items()
    for section, key in KINDS
    if section == new
}
"""Variables by the names that they had before, and the ones that they have now."""

OTHER_VARIABLES = frozenset({"PASSENGER_LOG", "PASSENGER_KEY", VARIABLE})
"""Variables with our prefix that are no settings: the log's level, the key that our own commands show a server, and the
name of the login."""

OWN_SECTIONS = tuple(
    name
    for name in SECTIONS
    if name not in {"log", "account", "clients", "ledger", "state", "cache", "search", "breaker", "quota"}
)
"""Sections that make a file ours which was merely found. Many programs have a `[log]`, `[clients]` or `[ledger]`."""

CLIENTS_SECTION = "clients"
LARGEST_FILE = 1 << 20
_NAME = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_PATH = rf"{_NAME}(?:[ \t]*\.[ \t]*{_NAME})*"
_HEADER = re.compile(rf"[ \t]*\[{{1,2}}[ \t]*({_PATH})[ \t]*\]")
_ASSIGNMENT = re.compile(rf"[ \t]*({_PATH})[ \t]*=")
_OURS = re.compile(rf"^[ \t]*\[{{1,2}}[ \t]*['\"]?(?:{'|'.join((*OWN_SECTIONS, *RENAMED_SECTIONS))})\b", re.MULTILINE)
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting with a value that was checked."""

    key: SettingKey
    value: object
    origin: SettingOrigin


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know and that stops nothing."""

    text: str


FileState = Literal["read", "not found", "ignored"]


@dataclass(frozen=True, slots=True)
class FileStatus:
    """A file that was looked for, and what became of it."""

    path: str
    state: FileState


SourceFinding = Entry | Problem | Notice | FileStatus


# --- files -------------------------------------------------------------------------------------------------------


def from_file(path: Path, *, required: bool = False, found: bool = False) -> Iterator[SourceFinding]:
    """The settings of a TOML file; nothing if there is no file and it is not `required`.

    A `found` file is one that nobody named. It is ours only if it has one of our sections.
    """
    where = SettingOrigin("file", str(path), found=found)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        if required or not isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
            yield Problem(where, f"cannot be read: {error.strerror or error}")
        yield FileStatus(str(path), "not found")
        return
    if len(content) > LARGEST_FILE:
        yield Problem(where, f"is larger than {LARGEST_FILE} bytes, so it is no config file")
        return
    yield from _from_text(content, where)


def _from_text(content: bytes, where: SettingOrigin) -> Iterator[SourceFinding]:
    text, tables = content.decode("utf-8-sig", "replace"), _parse(content)
    names = {*OWN_SECTIONS, *RENAMED_SECTIONS}
    if where.found and not (_OURS.search(text) if isinstance(tables, Problem) else names.intersection(tables)):
        yield FileStatus(where.name, "ignored")
        yield Notice(f"{where} is ignored: it has none of {', '.join(f'[{name}]' for name in OWN_SECTIONS)}")
    elif isinstance(tables, Problem):
        yield Problem(_at(where, tables.origin.line), tables.what)
    else:
        yield FileStatus(where.name, "read")
        yield from _from_tables(tables, where, _lines(text))


def _parse(content: bytes) -> dict[str, object] | Problem:
    """The TOML document, or what is wrong with it (with the line, but not yet the name of the file)."""
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Problem(SettingOrigin(line=content.count(b"\n", 0, error.start) + 1), "is not UTF-8 text")
    except RecursionError:
        return Problem(SettingOrigin(), "is nested too deeply")
    except ValueError as error:
        match = _AT_LINE.search(str(error))
        line = int(match[1]) if match else content.count(b"\n") + 1
        return Problem(SettingOrigin(line=line), f"is not TOML: {_AT_LINE.sub('', str(error))}")


def _from_tables(
    tables: Mapping[str, object], where: SettingOrigin, lines: Mapping[tuple[str, ...], int]
) -> Iterator[SourceFinding]:
    for name, table in tables.items():
        at = _at(where, lines.get((name,)))
        section = RENAMED_SECTIONS.get(name, name)
        match table:
            case dict() if section in SECTIONS:
                if name != section:
                    yield Notice(f"{at}: [{name}] is called [{section}] now: rename the section")
                    yield from _set_twice(name, section, tables, where, lines)
                yield from _from_table(name, section, table, where, lines)
            case dict() | list() if section not in SECTIONS:
                yield Problem(at, f"[{section}]: unknown section{_meant(section, SECTIONS, '[{}]')}")
            case _ if section in SECTIONS:
                yield Problem(at, f"{section}: must be a table, written [{section}], not {describe(table)}")
            case _:
                yield Problem(at, f"{section}: unknown key outside of a section{_home(section)}")


def _set_twice(
    old: str, new: str, tables: Mapping[str, object], where: SettingOrigin, lines: Mapping[tuple[str, ...], int]
) -> Iterator[Problem]:
    """The keys that a file sets by both names of a section."""
    before, after = tables[old], tables.get(new)
    if isinstance(before, dict) and isinstance(after, dict):
        for key in filter(after.__contains__, before):
            yield _twice((new, key), _at(where, _line(lines, old, key)), _at(where, _line(lines, new, key)))


def _twice(key: SettingKey, old: SettingOrigin, new: SettingOrigin) -> Problem:
    return Problem(old, f"{label(*key)}: {new} sets it, too: keep that one alone")


def _from_table(
    name: str,
    section: str,
    table: Mapping[str, object],
    where: SettingOrigin,
    lines: Mapping[tuple[str, ...], int],
) -> Iterator[SourceFinding]:
    """The settings of one section, which the file calls `name`."""
    for key, value in table.items():
        origin = _at(where, _line(lines, name, key))
        if (section, key) in TABLES and isinstance(value, dict):
            for entry, model in value.items():
                yield _check((section, key), {entry: model}, _at(where, _line(lines, name, key, entry)))
        elif section == CLIENTS_SECTION and isinstance(value, dict):
            yield from _of_client(key, value, where, lines)
        elif (section, key) in KINDS:
            finding = _check((section, key), value, origin)
            is_forbidden = where.found and key in FORBIDDEN_IN_FOUND and isinstance(finding, Problem)
            yield forbidden((section, key), origin) if is_forbidden else finding
        elif where.found and key in FORBIDDEN_IN_FOUND:
            yield forbidden((section, key), origin)
        else:
            known = [name for home, name in KINDS if home == section]
            yield Problem(origin, f"{label(section, key)}: unknown key{_meant(key, known) or _home(key)}")


def _of_client(
    name: str, table: Mapping[str, object], where: SettingOrigin, lines: Mapping[tuple[str, ...], int]
) -> Iterator[SourceFinding]:
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
            yield _check((CLIENTS_SECTION, key), {name: value}, origin)
        else:
            yield Problem(origin, f"{label(f'{CLIENTS_SECTION}.{name}', key)}: unknown key{_meant(key, known)}")


def _line(lines: Mapping[tuple[str, ...], int], *path: str) -> int | None:
    """The line of a key, or of the nearest thing around it that was found."""
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)


def forbidden(key: SettingKey, origin: SettingOrigin) -> Problem:
    """The problem that a found file sets what it may not."""
    return Problem(
        origin, f"{label(*key)}: may not be set by a config.toml that was found, not named; {remedy(origin)}"
    )


def remedy(origin: SettingOrigin) -> str:
    """What to do about a setting that a found file may not make."""
    return f"name the file with -c {origin.name}, or set it in your own config file or the environment"


def _home(key: str) -> str:
    homes = [section for section, name in KINDS if name == key]
    return f"; did you mean {key} in [{homes[0]}]?" if homes else ""


def _meant(word: str, words: Iterable[str], form: str = "{}") -> str:
    near = nearest(word, words)
    return f"; did you mean {form.format(near)}?" if near else ""


def _at(where: SettingOrigin, line: int | None) -> SettingOrigin:
    return SettingOrigin(where.kind, where.name, line, where.found)


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


def from_environment(environ: Mapping[str, str]) -> Iterator[SourceFinding]:
    """The settings in `PASSENGER_<SECTION>_<KEY>`. An empty variable is as good as none; an unknown one is noted."""
    for name in sorted(name for name in environ if name.startswith(PREFIX)):
        if name in OTHER_VARIABLES or not environ[name]:
            continue
        if name in RENAMED_VARIABLES:
            yield from _from_renamed(name, environ)
        elif name in VARIABLES:
            yield _check(VARIABLES[name], environ[name], SettingOrigin("environment", name), is_text=True)
        else:
            yield Notice(f"{name} is ignored: unknown variable{_meant_variable(name.removeprefix(PREFIX))}")


def _from_renamed(name: str, environ: Mapping[str, str]) -> Iterator[SourceFinding]:
    new = RENAMED_VARIABLES[name]
    if environ.get(new):
        yield _twice(VARIABLES[new], SettingOrigin("environment", name), SettingOrigin("environment", new))
    else:
        yield Notice(f"{name} is called {new} now: rename it")
        yield _check(VARIABLES[new], environ[name], SettingOrigin("environment", name), is_text=True)


def _meant_variable(rest: str) -> str:
    """The hint for an unknown variable; the prefix that all share would make them all look near."""
    known = [name.removeprefix(PREFIX) for name in (*VARIABLES, *OTHER_VARIABLES)]
    without_section = [name for name in known if name.endswith(f"_{rest}")]
    near = next(iter(without_section), None) or nearest(rest, known)
    return f"; did you mean {PREFIX}{near}?" if near else ""


def from_flags(flags: Mapping[str, object]) -> Iterator[SourceFinding]:
    """The settings given on the command line, by `section.key`; None is one that was not given."""
    for name, value in flags.items():
        section, _, key = name.partition(".")
        if value is not None:
            flag = "log-format" if name == "log.format" else key.replace("_", "-")
            yield _check((section, key), value, SettingOrigin("flag", f"--{flag}"))


def _check(key: SettingKey, value: object, origin: SettingOrigin, *, is_text: bool = False) -> Entry | Problem:
    try:
        return Entry(key, KINDS[key].check(KINDS[key].read(str(value)) if is_text else value), origin)
    except ValueError as error:
        return Problem(origin, f"{label(*key)}: {error}")
