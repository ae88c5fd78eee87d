"""A plan as a person reads it and as a program does. It is made with a word in place of the key: no spelling slips out.

What the user adds himself may have the key, and is masked.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence

from passenger.clients.plan import OwnedFile, Plan
from passenger.edits.spellings import masked

HIDDEN = "<key>"
"""The word."""


def as_shell(plan: Plan, arguments: Sequence[str], key: str) -> str:
    """The command line that does the same, and the files that it needs."""
    return "\n".join(_lines(plan, _masked(arguments, key)))


def _masked(arguments: Iterable[str], key: str) -> list[str]:
    return [masked(argument, key, HIDDEN) for argument in arguments]


def _lines(plan: Plan, arguments: Sequence[str]) -> Iterable[str]:
    for name in plan.unset:
        yield f"unset {name}"
    for name, value in plan.env.items():
        yield f"export {name}={shlex.quote(value)}"
    yield shlex.join([*plan.argv, *arguments])
    for file in plan.files:
        yield f"\n# {file.path}\n{_shown(file).rstrip()}"
    for link in plan.links:
        yield f"# {link.path} -> {link.target}"
    for note in plan.notes:
        yield f"# {note}"


def _shown(file: OwnedFile) -> str:
    return file.text if file.shown is None else file.shown


def as_data(plan: Plan, arguments: Sequence[str], key: str) -> Mapping[str, object]:
    """The same as JSON has it."""
    return {
        "argv": [*plan.argv, *_masked(arguments, key)],
        "env": dict(plan.env),
        "unset": list(plan.unset),
        "files": {str(file.path): _shown(file) for file in plan.files},
        "links": {str(link.path): str(link.target) for link in plan.links},
        "notes": list(plan.notes),
    }
