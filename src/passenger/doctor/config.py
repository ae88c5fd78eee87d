"""Whether the settings are as they should be."""

from collections.abc import Iterable, Sequence

from passenger.config import ConfigError
from passenger.doctor.facts import Facts
from passenger.doctor.finding import Finding, edit, fail, ok, warn

ID = "config"
SHOW, CHECK = "passenger config show", "passenger config check"


async def check(facts: Facts) -> Sequence[Finding]:
    """What was warned of while they were read."""
    if facts.loaded.warnings:
        return [warn(ID, text, SHOW) for text in facts.loaded.warnings]
    read = [file.path for file in facts.loaded.files if file.state == "read"]
    return [ok(ID, f"read from {', '.join(read)}" if read else "no file; the defaults, flags and environment apply")]


def unusable(error: ConfigError) -> Iterable[Finding]:
    """What keeps us from looking at anything else."""
    return (fail(ID, str(problem), edit(problem.origin, CHECK)) for problem in error.problems)
