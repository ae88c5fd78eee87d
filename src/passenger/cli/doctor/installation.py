"""Checks of this machine: which `passenger` runs, the settings, the files of tokens, and the clock."""

import json
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from shlex import quote

from passenger.cli.doctor.facts import Facts
from passenger.cli.doctor.findings import Finding, edit, fail, ok, skip, warn
from passenger.config.loading import is_same_file
from passenger.config.problems import ConfigError
from passenger.private_file import PrivateFile, StoreError

PROGRAM = "program"


async def check_program(facts: Facts) -> Sequence[Finding]:
    """Compare the first on PATH with the one that is running."""
    first = first_on_path(facts)
    if first is None:
        text = f"no passenger is on PATH; this one is {facts.own} ({facts.version})"
        return [warn(PROGRAM, text, _prepend(facts))]
    if is_same_file(first, facts.own):
        return [ok(PROGRAM, f"{facts.version}, {first} is the first on PATH")]
    version = (await facts.version_of(first)).rpartition(" ")[2]
    text = (
        f"the first on PATH is {first} ({version or 'it does not run'}), and this one is {facts.own} ({facts.version})"
    )
    return [ok(PROGRAM, text) if version == facts.version else warn(PROGRAM, text, _prepend(facts))]


def first_on_path(facts: Facts) -> Path | None:
    """The command that the shell would start; a place below the working directory is not looked at."""
    places = [place for place in facts.environ.get("PATH", "").split(os.pathsep) if Path(place).is_absolute()]
    found = shutil.which("passenger", path=os.pathsep.join(places)) if places else None
    return Path(found) if found else None


def _prepend(facts: Facts) -> str:
    return f"export PATH={quote(str(facts.own.parent))}:$PATH"


CONFIG = "config"
SHOW_SETTINGS, CHECK_SETTINGS = "passenger config show", "passenger config check"


async def check_config(facts: Facts) -> Sequence[Finding]:
    """What was warned of while they were read."""
    if facts.loaded.warnings:
        return [warn(CONFIG, text, SHOW_SETTINGS) for text in facts.loaded.warnings]
    read = [file.path for file in facts.loaded.files if file.state == "read"]
    return [
        ok(CONFIG, f"read from {', '.join(read)}" if read else "no file; the defaults, flags and environment apply")
    ]


def unusable(error: ConfigError) -> Iterable[Finding]:
    """What keeps us from looking at anything else."""
    return (fail(CONFIG, str(problem), edit(problem.origin, CHECK_SETTINGS)) for problem in error.problems)


FILES = "files"
OTHERS = 0o077


async def check_files(facts: Facts) -> Sequence[Finding]:
    """Look, and change nothing."""
    files = _there(facts.token_files)
    found = [*(one for path in files for one in _wrong(path, facts.log_in)), *_directories(facts), *_unwritable(facts)]
    if found:
        return found
    where = facts.token_files[0].parent
    return [
        ok(FILES, f"{len(files)} token files in {where}, for you alone" if files else f"no token files yet in {where}")
    ]


def _there(paths: Sequence[Path]) -> Sequence[Path]:
    """Those that there are, links that lead nowhere among them."""
    return [path for path in paths if os.path.lexists(path)]


def _wrong(path: Path, log_in: str) -> Iterator[Finding]:
    try:
        info = path.stat()
    except OSError as error:
        yield fail(FILES, f"{path} cannot be read: {error.strerror}", f"rm {quote(str(path))}")
        return
    if not stat.S_ISREG(info.st_mode):
        yield fail(FILES, f"{path} is no plain file", f"mv {quote(str(path))} {quote(f'{path}.old')}")
    elif os.name == "posix" and info.st_uid not in {os.geteuid(), 0}:
        text = f"{path} belongs to another user (uid {info.st_uid})"
        yield fail(FILES, text, f'sudo chown "$USER" {quote(str(path))}')
    elif os.name == "posix" and info.st_mode & OTHERS:
        yield fail(FILES, f"{path} can be read by others ({_mode(info)})", f"chmod 600 {quote(str(path))}")
    elif not _is_object(path):
        yield fail(FILES, f"{path} does not hold what it should", log_in)


def _mode(info: os.stat_result) -> str:
    return f"{stat.S_IMODE(info.st_mode):04o}"


def _is_object(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_bytes()), dict)
    except (OSError, ValueError, RecursionError):
        return False


def _directories(facts: Facts) -> Iterator[Finding]:
    """Others who may write into a directory can put files of theirs in the place of ours."""
    for directory in dict.fromkeys([*(path.parent for path in facts.token_files), facts.state_dir]):
        if os.name == "posix" and directory.is_dir() and directory.stat().st_mode & 0o022:
            text = f"others may write into {directory} ({_mode(directory.stat())})"
            yield fail(FILES, text, f"chmod go-w {quote(str(directory))}")


def _unwritable(facts: Facts) -> Iterator[Finding]:
    for path in (*facts.token_files, facts.state_dir / "hello.json"):
        try:
            PrivateFile(path).check_writable()
        except (StoreError, OSError) as error:
            directory = next(one for one in (path.parent, *path.parents) if one.exists())
            yield fail(FILES, str(error), f"chmod u+rwx {quote(str(directory))}")


CLOCK = "clock"
NOISE, TOO_MUCH = 60.0, 86400.0
"""Seconds: tokens are reckoned by GitHub's clock, so that a difference only misleads people, until certificates seem to
have expired."""

SETTING = {
    "Linux": "sudo timedatectl set-ntp true",
    "Darwin": "sudo sntp -sS time.apple.com",
    "Windows": "w32tm /resync",
}


async def check_clock(facts: Facts) -> Sequence[Finding]:
    """Compare it with the `Date` of an answer."""
    traces = await facts.traces()
    ahead = next((trace.ahead for trace in traces.values() if trace.ahead is not None), None)
    if ahead is None:
        return [skip(CLOCK, "no host has told its time")]
    if abs(ahead) <= NOISE:
        return [ok(CLOCK, f"within {abs(ahead):.0f} s of GitHub's")]
    text = f"it is {_length(abs(ahead))} {'behind' if ahead > 0 else 'ahead of'} GitHub's"
    return [(fail if abs(ahead) > TOO_MUCH else warn)(CLOCK, text, setting(facts.system))]


def setting(system: str) -> str:
    """What sets the clock by the network's."""
    return SETTING.get(system, SETTING["Linux"])


def _length(seconds: float) -> str:
    for unit, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"
