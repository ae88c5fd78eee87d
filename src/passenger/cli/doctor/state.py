"""The check of kept conversations: whether their file can be used, and whether one was damaged."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from shlex import quote

from passenger.cli.doctor.facts import Facts, in_thread
from passenger.cli.doctor.findings import Finding, fail, ok, skip, warn
from passenger.state.schema import ForeignFileError, check_state_head, state_version

STATE = "conversations"


async def check_state(facts: Facts) -> Sequence[Finding]:
    """Look into the file, and change nothing."""
    keep = facts.loaded.config.state.keep
    if keep != "disk":
        return [skip(STATE, f'[state] keep is "{keep}": they are not on disk')]
    return await in_thread(lambda: [*_look(facts.state), *_damaged(facts.state)])


def _damaged(path: Path) -> Sequence[Finding]:
    """Those that were set aside."""
    aside = sorted(path.parent.glob(f"{path.name}.damaged-*")) if path.parent.is_dir() else []
    fix = f"rm {' '.join(quote(str(one)) for one in aside)}"
    return [warn(STATE, f"a file was damaged and is set aside: {aside[-1]}", fix)] if aside else []


def _look(path: Path) -> Sequence[Finding]:
    if not path.exists():
        return [ok(STATE, f"none yet at {path}")]
    where, directory = quote(str(path)), quote(str(path.parent))
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return [fail(STATE, f"{path} cannot be written", f"chmod u+rwX {directory} {where}")]
    try:
        check_state_head(path)
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0.1)) as database:
            state_version(database)
            (responses,) = database.execute("SELECT count(*) FROM response").fetchone()
    except ForeignFileError as error:
        return [fail(STATE, f"{path} cannot be used: {error}", f"mv {where} {quote(f'{path}.old')}")]
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            return [ok(STATE, f"a server uses {path}")]
        return [fail(STATE, f"{path} cannot be used: {error}", f"df {directory}")]
    except sqlite3.DatabaseError as error:
        return [fail(STATE, f"{path} is damaged: {error}", f"mv {where} {quote(f'{path}.old')}")]
    return [ok(STATE, f"{responses:,} responses in {path}")]
