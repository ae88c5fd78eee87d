"""The order of precedence: flag, environment, the `-c` file or else the user's and the found one, default."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from passenger.config.address import read_address
from passenger.config.credentials import Credentials
from passenger.config.keyfile import SHORT, is_private, read_keys
from passenger.config.problems import ConfigError, Problem, SettingOrigin, label
from passenger.config.schema import (
    CREDENTIAL_URLS,
    DEFAULTS,
    FORBIDDEN_IN_FOUND,
    SECTIONS,
    TABLES,
    Config,
    SettingKey,
)
from passenger.config.sources import (
    Entry,
    FileStatus,
    Notice,
    SourceFinding,
    forbidden,
    from_environment,
    from_file,
    from_flags,
    remedy,
)
from passenger.secret import Secret

CONFIG_FILE = "config.toml"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, where each came from, what to warn of, where credentials may go, and the keys of clients.

    `origins` has every setting by `section.key`, each name in a table too (`models.aliases.NAME`).
    """

    config: Config
    origins: Mapping[str, SettingOrigin]
    warnings: tuple[str, ...]
    credentials: Credentials
    api_keys: tuple[Secret, ...] = ()
    files: tuple[FileStatus, ...] = ()
    """The files that were looked for: of settings, the one that counts less first, and of keys."""

    @property
    def trusted_hosts(self) -> frozenset[str]:
        """The hosts off GitHub that the user named for a credential-bearing URL."""
        return self.credentials.hosts


def load(
    *,
    flags: Mapping[str, object],
    config_path: Path | None,
    environ: Mapping[str, str],
    cwd: Path,
    user_dir: Path,
) -> Loaded:
    """The settings that apply, from all places at once.

    Raises:
        ConfigError: something in any of them is wrong; it names all problems, also of values that another overrides.
    """
    findings = [*_from_files(config_path, cwd, user_dir), *from_environment(environ), *from_flags(flags)]
    if problems := [finding for finding in findings if isinstance(finding, Problem)]:
        raise ConfigError(problems)
    values, origins = _merge(finding for finding in findings if isinstance(finding, Entry))
    config = _build(values)
    keys = (*config.server.api_keys, *_keys_in_file(config, origins))
    _check_search(config, origins)
    notices = [finding.text for finding in findings if isinstance(finding, Notice)]
    files = [finding for finding in findings if isinstance(finding, FileStatus)]
    if path := config.server.api_key_file:
        files.append(FileStatus(path, "read"))
    warnings = (*notices, *_odd_keys(config, keys))
    return Loaded(config, origins, warnings, Credentials(_chosen_hosts(values, origins)), keys, tuple(files))


def _keys_in_file(config: Config, origins: Mapping[str, SettingOrigin]) -> tuple[Secret, ...]:
    path, origin = config.server.api_key_file, origins["server.api_key_file"]
    if not path:
        return ()
    try:
        return read_keys(Path(path))
    except (OSError, ValueError) as error:
        why = f"cannot be read: {error.strerror or error}" if isinstance(error, OSError) else str(error)
        raise ConfigError([Problem(origin, f"[server] api_key_file: {path} {why}")]) from error


def _check_search(config: Config, origins: Mapping[str, SettingOrigin]) -> None:
    """Check that a search engine has what it needs."""
    search = config.search
    if search.provider == "searxng" and not search.url:
        raise ConfigError([Problem(origins["search.provider"], "[search] provider: searxng needs [search] url")])
    if search.provider != "brave":
        return
    try:
        read_keys(Path(search.key_file).expanduser())
    except (OSError, ValueError) as error:
        why = f"cannot be read: {error.strerror or error}" if isinstance(error, OSError) else str(error)
        message = (
            f"[search] provider: brave needs its key in [search] key_file; {search.key_file or 'none is set:'} {why}"
        )
        raise ConfigError([Problem(origins["search.provider"], message)]) from error


def _odd_keys(config: Config, keys: tuple[Secret, ...]) -> Iterator[str]:
    path = config.server.api_key_file
    if path and not is_private(Path(path)):
        yield f"{path} holds API keys and can be read by others"
    if any(len(key.reveal()) < SHORT for key in keys):
        yield f"an API key is shorter than {SHORT} characters and might be guessed"


def _from_files(config_path: Path | None, cwd: Path, user_dir: Path) -> Iterator[SourceFinding]:
    if config_path is not None:
        yield from from_file(config_path, required=True)
        return
    mine, found = user_dir / CONFIG_FILE, cwd / CONFIG_FILE
    entries = list(from_file(mine))
    yield from entries
    if not is_same_file(mine, found):
        beneath, _ = _merge(entry for entry in entries if isinstance(entry, Entry))
        yield from _restrict_found(from_file(found, found=True), beneath)


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to the same file, which exists."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def _restrict_found(findings: Iterable[SourceFinding], beneath: Mapping[SettingKey, object]) -> Iterator[SourceFinding]:
    """The findings of a found file; those that would redirect credentials become problems.

    A value that only repeats what applies anyway is let pass: passenger-rs's own config.toml does that.
    """
    for finding in findings:
        match finding:
            case Entry(key, value) if beneath[key] == value:
                yield finding
            case Entry((_, name) as key, _, origin) if name in FORBIDDEN_IN_FOUND:
                yield forbidden(key, origin)
            case Entry(key, str(url), origin) if key in CREDENTIAL_URLS and not Credentials().may_go_to(url):
                what = f"would send your credentials to {read_address(url).host}"
                advice = f"which a found config.toml may not do; {remedy(origin)}"
                yield Problem(origin, f"{label(*key)}: {what}, {advice}")
            case _:
                yield finding


def _merge(entries: Iterable[Entry]) -> tuple[dict[SettingKey, object], dict[str, SettingOrigin]]:
    """The values and origins that win, where a later entry beats an earlier one."""
    values: dict[SettingKey, object] = dict(DEFAULTS)
    origins = {".".join(key): SettingOrigin() for key in DEFAULTS}
    for entry in entries:
        name = ".".join(entry.key)
        origins[name] = entry.origin
        match values[entry.key], entry.value:
            case dict(old), dict(new) if entry.key in TABLES:
                values[entry.key] = {**old, **new}
                origins |= {f"{name}.{alias}": entry.origin for alias in new}
            case _:
                values[entry.key] = entry.value
    return values, origins


def _build(values: Mapping[SettingKey, object]) -> Config:
    def section(name: str) -> dict[str, object]:
        return {key: value for (home, key), value in values.items() if home == name}

    return Config(**{name: shape(**section(name)) for name, shape in SECTIONS.items()})


def _chosen_hosts(values: Mapping[SettingKey, object], origins: Mapping[str, SettingOrigin]) -> frozenset[str]:
    """The hosts that the user named for credentials: by a flag, a variable, `-c` or the user's own file."""
    found = ((origins[".".join(key)], str(values[key])) for key in CREDENTIAL_URLS)
    return frozenset(read_address(url).host for origin, url in found if origin.kind != "default" and not origin.found)
