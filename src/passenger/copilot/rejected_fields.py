"""Reads from a 400 of Copilot which field, value or beta the model rejects.

Only fields that tune an answer may be left out. A rejected field that carries meaning is the client's to hear of.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from passenger.chat import reasoning
from passenger.chat.prompt import ReasoningConfig
from passenger.copilot.lessons import BETAS, THINKING, Lesson, spell
from passenger.dialects.registry import OUTBOUND
from passenger.errors import Failure
from passenger.jsontext.paths import Path, resolve, value_at
from passenger.jsontext.raw_object import RawObject

EFFORT_PATHS: Mapping[str, Path] = {outbound.path: outbound.effort for outbound in OUTBOUND}
"""The path of the effort in each of Copilot's APIs, by the API's own path."""

MEANING: frozenset[Path] = frozenset(
    tuple(path.split("."))
    for path in (
        *("model", "messages", "input", "system", "instructions", "prompt", "stream"),
        *("tools", "tool_choice", "functions", "function_call"),
        *("response_format", "text.format", "output_config.format", "output_format"),
        *("stop", "stop_sequences", "n", "max_tokens", "max_completion_tokens", "max_output_tokens"),
        *("conversation", "previous_response_id"),
    )
)
"""Fields that are never left out, nor anything in them."""

EFFORTS: tuple[Path, ...] = tuple(EFFORT_PATHS.values())
"""The path of the effort in each API."""

FORMS = {"enabled": "adaptive", "adaptive": "enabled"}
"""The two forms of thinking, each with the one to use instead."""

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


def read_rejection(failure: Failure, body: RawObject, headers: Mapping[str, str]) -> tuple[str, ...]:
    """The lessons of a failure, as text; empty if it names nothing that may be left out or changed."""
    if failure.status != 400:
        return ()
    if betas := _NAMED_BETAS.search(failure.message):
        sent = betas_of(headers)
        named = (name for name in map(str.strip, betas[1].split(",")) if name in sent)
        return tuple(str(Lesson((BETAS,), name)) for name in named)
    for read in _READERS:
        if found := [one for one in read(failure, body) if may_leave_out(one, body)]:
            return tuple(map(str, found))
    return ()


def betas_of(headers: Mapping[str, str]) -> list[str]:
    """The betas in a request's `anthropic-beta` header."""
    return [name.strip() for name in headers.get(BETAS, "").split(",") if name.strip()]


def may_leave_out(one: Lesson, body: RawObject) -> bool:
    """Whether the body has the field of a lesson, and the field neither carries meaning nor holds a field that does."""
    place = resolve(body, one.path)
    if place is None:
        return False
    if one.value is None and one.instead is not None:
        return True  # only the name changes
    carried = (path for path in MEANING if path[: len(place)] == place[: len(path)])
    return not any(len(path) <= len(place) or resolve(body, path) for path in carried)


# --- the wordings of Copilot and the vendors ----------------------------------------------------------------------


def _read_new_name(failure: Failure, body: RawObject) -> Iterator[Lesson]:
    if found := _RENAMED.search(failure.message):
        yield Lesson((found[1],), instead=found[2])


def _read_thinking_form(failure: Failure, body: RawObject) -> Iterator[Lesson]:
    """A form of thinking, for which the other form is used."""
    if found := _FORM.search(failure.message):
        refused = found[1] or found[2]
        yield from _of_value(body, (THINKING, "type"), refused, FORMS.get(refused))


def _read_effort(failure: Failure, body: RawObject) -> Iterator[Lesson]:
    if _NO_EFFORT in failure.message:
        yield from (Lesson(path) for path in EFFORTS if resolve(body, path))


def _read_conflict(failure: Failure, body: RawObject) -> Iterator[Lesson]:
    """A field that is rejected only together with another."""
    if found := _WHILE_THINKING.search(failure.message):
        only = _SET_TO.search(failure.message)
        value = None if "must be unset" in failure.message else _spelled_at(body, (found[1],))
        yield Lesson((found[1],), only[1] if only else value, beside=THINKING, other=only is not None)
    if found := _EITHER.search(failure.message):
        yield Lesson((found[2],), beside=found[1])


def _read_value(failure: Failure, body: RawObject) -> Iterator[Lesson]:
    """A value that is not allowed; the nearest allowed one if it is an effort."""
    if found := _ONLY.search(failure.message):
        yield Lesson(tuple(found[1].split(".")), found[2], other=True)
    elif found := _UNFIT.search(failure.message):
        path = tuple(found[1].split("."))
        yield from _of_value(body, path, _spelled_at(body, path))
    elif found := _VALUE.search(failure.message):
        paths = (tuple((failure.param or "").split(".")), *EFFORTS)
        instead = _nearest_effort(found[1], failure.message[found.end() :])
        yield from next(filter(None, ([*_of_value(body, path, found[1], instead)] for path in paths)), [])
    elif found := _ONE_OF.search(failure.message):
        place = resolve(body, found[1].split(".")) or ()
        said = _spelled_at(body, place)
        yield from _of_value(body, place, said, _nearest_effort(said, failure.message) if place in EFFORTS else None)
    elif failure.code == "unsupported_value" and failure.param:
        path = tuple(failure.param.split("."))
        yield from _of_value(body, path, _spelled_at(body, path))


def _read_field(failure: Failure, body: RawObject) -> Iterator[Lesson]:
    for pattern in _FIELD:
        if found := pattern.search(failure.message):
            yield Lesson(tuple(found[1].split(".")))
            return


_READERS: tuple[Callable[[Failure, RawObject], Iterator[Lesson]], ...] = (
    _read_new_name,
    _read_thinking_form,
    _read_effort,
    _read_conflict,
    _read_value,
    _read_field,
)


def _of_value(body: RawObject, path: Path, value: str | None, instead: str | None = None) -> Iterator[Lesson]:
    """The lesson about a value that this body has. An unknown effort is the client's mistake and teaches nothing."""
    if value is None or _spelled_at(body, path) != value or (path in EFFORTS and value not in reasoning.EFFORTS):
        return
    yield Lesson(path, value, instead)


def _spelled_at(body: RawObject, path: Path) -> str | None:
    place = resolve(body, path) if path else None
    return None if place is None else spell(value_at(body, place))


def _nearest_effort(value: str | None, listed: str) -> str | None:
    """The nearest of the efforts that a message lists; None if `value` is no effort."""
    if value not in reasoning.EFFORTS:
        return None
    offered = tuple(word for word in _QUOTED.findall(listed) if word in reasoning.EFFORTS and word != value)
    return reasoning.effort(ReasoningConfig(value), offered) if offered else None
