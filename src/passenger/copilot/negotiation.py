"""What a refusal of Copilot teaches: exactly the field, the value or the beta that a model does not take.

Only what tunes may be left out. What carries meaning never is: then the refusal is the client's to see.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from passenger import reasoning
from passenger.body import Body
from passenger.chat import Reasoning
from passenger.copilot.lessons import BETAS, THINKING, Lesson, spelled
from passenger.copilot.paths import EFFORT_PATHS, Path, resolve, value_at
from passenger.errors import Failure

MEANING: frozenset[Path] = frozenset(
    {
        ("model",),
        ("messages",),
        ("input",),
        ("system",),
        ("instructions",),
        ("prompt",),
        ("stream",),
        ("tools",),
        ("tool_choice",),
        ("functions",),
        ("function_call",),
        ("response_format",),
        ("text", "format"),
        ("output_config", "format"),
        ("output_format",),
        ("stop",),
        ("stop_sequences",),
        ("n",),
        ("max_tokens",),
        ("max_completion_tokens",),
        ("max_output_tokens",),
        ("conversation",),
        ("previous_response_id",),
    }
)
"""What is never left out, with all that is in it."""

EFFORTS: tuple[Path, ...] = tuple(EFFORT_PATHS.values())
"""Where an effort is said, an API each."""

FORMS = {"enabled": "adaptive", "adaptive": "enabled"}
"""The forms of thinking, and the form that is used instead."""

_RENAMED = re.compile(r"'(max_tokens)' is not supported with this model\. Use '(max_completion_tokens)'")
_NAMED_BETAS = re.compile(r"unsupported beta header\(s\): (.+)")
_FORM = re.compile(r"^[\"'`]thinking\.type\.(\w+)[\"'`] is not supported|^(\w+) thinking is not supported")
_NO_EFFORT = "does not support the effort parameter"
_WHILE_THINKING = re.compile(r"^`(\w+)` (must|may)\b.* when thinking is enabled")
_EITHER = re.compile(r"^`(\w+)` and `(\w+)` cannot both be specified")
_ONLY = re.compile(r"^Unsupported value: '([\w.]+)' does not support .*\bOnly the default \(([\w.+-]{1,64})\)")
_UNFIT = re.compile(r"^Unsupported value: '([\w.]+)' does not support")
_SET_TO = re.compile(r"may only be set to ([\w+-]{1,64}) when")
_VALUE = re.compile(r"^Unsupported value: '([^']+)'")
_ONE_OF = re.compile(r"^([\w.]+): Input should be '")
_QUOTED = re.compile(r"'([^']*)'")
_FIELD = (
    re.compile(r"[Uu]nsupported parameter:? ['\"`]([\w.]+)['\"`]"),
    re.compile(r"Unknown parameter: ['\"`]([\w.]+)['\"`]"),
    re.compile(r"^([\w.]+): Extra inputs are not permitted"),
    re.compile(r"^[`'\"]?([\w.]+)[`'\"]? (?:is|are) (?:not supported|deprecated)"),
)


def lesson(failure: Failure, body: Body, headers: Mapping[str, str]) -> tuple[str, ...]:
    """What must change so that the same request is not refused again for this reason; empty where nothing may."""
    if failure.status != 400:
        return ()
    if betas := _NAMED_BETAS.search(failure.message):
        sent = betas_of(headers)
        named = (name for name in map(str.strip, betas[1].split(",")) if name in sent)
        return tuple(str(Lesson((BETAS,), name)) for name in named)
    for read in _READERS:
        if found := [one for one in read(failure, body) if may_go(one, body)]:
            return tuple(map(str, found))
    return ()


def betas_of(headers: Mapping[str, str]) -> list[str]:
    """The betas that a request names."""
    return [name.strip() for name in headers.get(BETAS, "").split(",") if name.strip()]


def may_go(one: Lesson, body: Body) -> bool:
    """Whether what the lesson is about is there, only tunes, and holds nothing that carries meaning."""
    place = resolve(body, one.path)
    if place is None:
        return False
    if one.value is None and one.instead is not None:
        return True  # a name that is changed
    carried = (path for path in MEANING if path[: len(place)] == place[: len(path)])
    return not any(len(path) <= len(place) or resolve(body, path) for path in carried)


# --- how Copilot and the vendors say it --------------------------------------------------------------------------


def _renamed(failure: Failure, body: Body) -> Iterator[Lesson]:
    if found := _RENAMED.search(failure.message):
        yield Lesson((found[1],), instead=found[2])


def _form(failure: Failure, body: Body) -> Iterator[Lesson]:
    """A form of thinking, which is no reason not to think at all."""
    if found := _FORM.search(failure.message):
        refused = found[1] or found[2]
        yield from _of_value(body, (THINKING, "type"), refused, FORMS.get(refused))


def _effort(failure: Failure, body: Body) -> Iterator[Lesson]:
    if _NO_EFFORT in failure.message:
        yield from (Lesson(path) for path in EFFORTS if resolve(body, path))


def _company(failure: Failure, body: Body) -> Iterator[Lesson]:
    """What does not go with another field, but goes without it."""
    if found := _WHILE_THINKING.search(failure.message):
        only = _SET_TO.search(failure.message)
        value = None if "must be unset" in failure.message else _said(body, (found[1],))
        yield Lesson((found[1],), only[1] if only else value, beside=THINKING, other=only is not None)
    if found := _EITHER.search(failure.message):
        yield Lesson((found[2],), beside=found[1])


def _value(failure: Failure, body: Body) -> Iterator[Lesson]:
    """A value that is one of several, and the one that comes next where the values are efforts."""
    if found := _ONLY.search(failure.message):
        yield Lesson(tuple(found[1].split(".")), found[2], other=True)
    elif found := _UNFIT.search(failure.message):
        path = tuple(found[1].split("."))
        yield from _of_value(body, path, _said(body, path))
    elif found := _VALUE.search(failure.message):
        paths = (tuple((failure.param or "").split(".")), *EFFORTS)
        instead = _nearest(found[1], failure.message[found.end() :])
        yield from next(filter(None, ([*_of_value(body, path, found[1], instead)] for path in paths)), [])
    elif found := _ONE_OF.search(failure.message):
        place = resolve(body, found[1].split(".")) or ()
        said = _said(body, place)
        yield from _of_value(body, place, said, _nearest(said, failure.message) if place in EFFORTS else None)
    elif failure.code == "unsupported_value" and failure.param:
        path = tuple(failure.param.split("."))
        yield from _of_value(body, path, _said(body, path))


def _field(failure: Failure, body: Body) -> Iterator[Lesson]:
    for pattern in _FIELD:
        if found := pattern.search(failure.message):
            yield Lesson(tuple(found[1].split(".")))
            return


_READERS: tuple[Callable[[Failure, Body], Iterator[Lesson]], ...] = (_renamed, _form, _effort, _company, _value, _field)


def _of_value(body: Body, path: Path, value: str | None, instead: str | None = None) -> Iterator[Lesson]:
    """The lesson about a value, where this body has it; an effort that nobody knows is the client's own mistake."""
    if value is None or _said(body, path) != value or (path in EFFORTS and value not in reasoning.EFFORTS):
        return
    yield Lesson(path, value, instead)


def _said(body: Body, path: Path) -> str | None:
    place = resolve(body, path) if path else None
    return None if place is None else spelled(value_at(body, place))


def _nearest(value: str | None, listed: str) -> str | None:
    """The nearest effort of those that a refusal lists, None for what is no effort."""
    if value not in reasoning.EFFORTS:
        return None
    offered = tuple(word for word in _QUOTED.findall(listed) if word in reasoning.EFFORTS and word != value)
    return reasoning.effort(Reasoning(value), offered) if offered else None


OVERFLOW = (
    re.compile(r"prompt token count of (\d+) exceeds the limit of (\d+)"),
    re.compile(r"prompt is too long: (\d+) tokens > (\d+)"),
    re.compile(r"[Ii]nput exceeds the context window()()"),
)
"""How Copilot says that a prompt is too long, an API each: the tokens there were, and the tokens there may be."""


def is_overflow(message: str, code: str | None) -> bool:
    """Whether a refusal means that the prompt is too long for the model."""
    return code == "model_max_prompt_tokens_exceeded" or any(shape.search(message) for shape in OVERFLOW)
