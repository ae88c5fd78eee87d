"""Whether the files that hold secrets are there for their owner alone, and can be written."""

import json
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote

from passenger.doctor.facts import Facts
from passenger.doctor.finding import Finding, fail, ok
from passenger.store import PrivateFile, StoreError

ID = "files"
OTHERS = 0o077


async def check(facts: Facts) -> Sequence[Finding]:
    """Look, and change nothing."""
    files = _there(facts.token_files)
    found = [*(one for path in files for one in _wrong(path, facts.log_in)), *_directories(facts), *_unwritable(facts)]
    if found:
        return found
    where = facts.token_files[0].parent
    return [
        ok(ID, f"{len(files)} token files in {where}, for you alone" if files else f"no token files yet in {where}")
    ]


def _there(paths: Sequence[Path]) -> Sequence[Path]:
    """Those that there are, links that lead nowhere among them."""
    return [path for path in paths if os.path.lexists(path)]


def _wrong(path: Path, log_in: str) -> Iterator[Finding]:
    try:
        info = path.stat()
    except OSError as error:
        yield fail(ID, f"{path} cannot be read: {error.strerror}", f"rm {quote(str(path))}")
        return
    if not stat.S_ISREG(info.st_mode):
        yield fail(ID, f"{path} is no plain file", f"mv {quote(str(path))} {quote(f'{path}.old')}")
    elif _is_foreign(info):
        yield fail(ID, f"{path} belongs to another user (uid {info.st_uid})", f'sudo chown "$USER" {quote(str(path))}')
    elif _is_open(info):
        yield fail(ID, f"{path} can be read by others ({_mode(info)})", f"chmod 600 {quote(str(path))}")
    elif not _is_object(path):
        yield fail(ID, f"{path} does not hold what it should", log_in)


def _is_foreign(info: os.stat_result) -> bool:
    return os.name == "posix" and info.st_uid not in {os.geteuid(), 0}


def _is_open(info: os.stat_result) -> bool:
    return os.name == "posix" and bool(info.st_mode & OTHERS)


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
            yield fail(ID, text, f"chmod go-w {quote(str(directory))}")


def _unwritable(facts: Facts) -> Iterator[Finding]:
    for path in (*facts.token_files, facts.state_dir / "hello.json"):
        try:
            PrivateFile(path).check_writable()
        except (StoreError, OSError) as error:
            directory = next(one for one in (path.parent, *path.parents) if one.exists())
            yield fail(ID, str(error), f"chmod u+rwx {quote(str(directory))}")
