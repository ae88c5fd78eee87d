"""A lesson: exactly what one model does not take on one path, as one line of text that processes share.

top_k                                  the field, whatever it says
store=true                             that value of it
temperature!=1                         every other value of it
reasoning.effort=minimal>low           that value, and the one that goes up instead
max_tokens>max_completion_tokens       that name, and the one that goes up instead
thinking.adaptive.budget_tokens        the field of an object whose `type` is that
top_k while thinking                   the field of a request that thinks; of any other word: that has this field
anthropic-beta: x                      a beta
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from passenger.body import Body
from passenger.copilot.paths import Path, resolve, value_at

BETAS = "anthropic-beta"
THINKING = "thinking"

_BETA = f"{BETAS}: "
_TEXT = re.compile(
    r"(?P<path>\w{1,64}(?:\.\w{1,64}){0,8})(?:(?P<other>!)?=(?P<value>[\w.+-]{1,64}))?(?:>(?P<instead>[\w.+-]{1,64}))?"
    r"(?: while (?P<beside>\w{1,64}))?"
)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is not taken. `path` of a beta is its header alone, with the beta as the value."""

    path: Path
    value: str | None = None
    instead: str | None = None
    beside: str | None = None
    other: bool = False
    """Whether every value but that one is not taken."""

    def __str__(self) -> str:
        if self.path == (BETAS,):
            return f"{_BETA}{self.value}"
        value = "" if self.value is None else f"{'!' * self.other}={self.value}"
        instead = "" if self.instead is None else f">{self.instead}"
        return f"{'.'.join(self.path)}{value}{instead}" + ("" if self.beside is None else f" while {self.beside}")


@lru_cache(1024)
def read_lesson(text: str) -> Lesson | None:
    """The lesson that is written so, None where it is none."""
    if text.startswith(_BETA):
        return Lesson((BETAS,), text.removeprefix(_BETA))
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    path = tuple(found["path"].split("."))
    return Lesson(path, found["value"], found["instead"], found["beside"], other=found["other"] is not None)


# --- what a request has ------------------------------------------------------------------------------------------


def spelled(value: object) -> str | None:
    """How a value stands in a lesson, None for one that does not."""
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


def applies(lesson: Lesson, body: Body) -> Path | None:
    """Where in this body that is which the lesson is about, None where it is not there."""
    place = resolve(body, lesson.path)
    if place is None or (lesson.beside is not None and not _is_beside(lesson.beside, body)):
        return None
    if lesson.value is None:
        return place
    value = value_at(body, place)
    return place if value is not None and (spelled(value) == lesson.value) is not lesson.other else None


def _is_beside(name: str, body: Body) -> bool:
    if name != THINKING:
        return name in body
    thinking = body.get(THINKING)
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    return isinstance(kind, str) and kind in {"enabled", "adaptive"}
