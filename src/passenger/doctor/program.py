"""Which `passenger` runs when somebody types it."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from passenger.doctor.facts import Facts
from passenger.doctor.finding import Finding, ok, warn

ID = "program"


async def check(facts: Facts) -> Sequence[Finding]:
    """Compare the first on PATH with the one that is running."""
    first = first_on_path(facts)
    if first is None:
        text = f"no passenger is on PATH; this one is {facts.own} ({facts.version})"
        return [warn(ID, text, _prepend(facts))]
    if _same(first, facts.own):
        return [ok(ID, f"{facts.version}, {first} is the first on PATH")]
    version = (await facts.version_of(first)).rpartition(" ")[2]
    text = (
        f"the first on PATH is {first} ({version or 'it does not run'}), and this one is {facts.own} ({facts.version})"
    )
    return [ok(ID, text) if version == facts.version else warn(ID, text, _prepend(facts))]


def first_on_path(facts: Facts) -> Path | None:
    """The command that the shell would start; a place below the working directory is not looked at."""
    places = [place for place in facts.environ.get("PATH", "").split(os.pathsep) if Path(place).is_absolute()]
    found = shutil.which("passenger", path=os.pathsep.join(places)) if places else None
    return Path(found) if found else None


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _prepend(facts: Facts) -> str:
    return f"export PATH={quote(str(facts.own.parent))}:$PATH"
