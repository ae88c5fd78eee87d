"""A lesson: what one model rejects on one path, as a line of text that processes share.

top_k                                  the field, whatever its value
store=true                             the field with this value
temperature!=1                         the field with any other value
reasoning.effort=minimal>low           this value; the other is sent instead
max_tokens>max_completion_tokens       this name; the other is sent instead
thinking.adaptive.budget_tokens        the field of an object whose `type` is `adaptive`
top_k while thinking                   the field, in a request that asks for thinking
top_k while user                       the field, in a request that has the other field
anthropic-beta: x                      this beta
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from passenger.jsontext.paths import Path, resolve, value_at
from passenger.jsontext.raw_object import RawObject

BETAS = "anthropic-beta"
THINKING = "thinking"

_BETA = f"{BETAS}: "
_TEXT = re.compile(
    r"(?P<path>\w{1,64}(?:\.\w{1,64}){0,8})(?:(?P<other>!)?=(?P<value>[\w.+-]{1,64}))?(?:>(?P<instead>[\w.+-]{1,64}))?"
    r"(?: while (?P<beside>\w{1,64}))?"
)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is rejected. The path of a beta is the name of its header; the beta is the value."""

    path: Path
    value: str | None = None
    instead: str | None = None
    beside: str | None = None
    other: bool = False
    """Whether it is every other value that is rejected."""

    def __str__(self) -> str:
        if self.path == (BETAS,):
            return f"{_BETA}{self.value}"
        value = "" if self.value is None else f"{'!' * self.other}={self.value}"
        instead = "" if self.instead is None else f">{self.instead}"
        return f"{'.'.join(self.path)}{value}{instead}" + ("" if self.beside is None else f" while {self.beside}")


@lru_cache(1024)
def read_lesson(text: str) -> Lesson | None:
    """Parse a lesson; None where the text is none."""
    if text.startswith(_BETA):
        return Lesson((BETAS,), text.removeprefix(_BETA))
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    path = tuple(found["path"].split("."))
    return Lesson(path, found["value"], found["instead"], found["beside"], other=found["other"] is not None)


# --- where a lesson applies ------------------------------------------------------------------------------------------


def spell(value: object) -> str | None:
    """Write a value as in a lesson; None where it is no short plain value."""
    match value:
        case bool():
            text = "true" if value else "false"
        case float() if value.is_integer():
            text = str(int(value))
        case str() | int() | float():
            text = str(value)
        case _:
            return None
    return text if re.fullmatch(r"[\w.+-]{1,64}", text) else None


def find_rejected(lesson: Lesson, body: RawObject) -> Path | None:
    """The path in this body of what the lesson rejects; None where the body does not have it."""
    place = resolve(body, lesson.path)
    if place is None or (lesson.beside is not None and not _is_beside(lesson.beside, body)):
        return None
    if lesson.value is None:
        return place
    value = value_at(body, place)
    return place if value is not None and (spell(value) == lesson.value) is not lesson.other else None


def _is_beside(name: str, body: RawObject) -> bool:
    if name != THINKING:
        return name in body
    thinking = body.get(THINKING)
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    return isinstance(kind, str) and kind in {"enabled", "adaptive"}
