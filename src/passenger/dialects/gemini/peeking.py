"""The few facts of a request that routing needs, in one parse that skips all else."""

from collections.abc import Sequence
from itertools import chain
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from passenger.chat import Ask, Initiator
from passenger.decoding import decode_as
from passenger.dialects import Request
from passenger.dialects.gemini.naming import is_streamed, model_of
from passenger.reminders import only_reminders

T = TypeVar("T")

_SYSTEM = frozenset({"system", "developer"})


class _Anything(Struct):
    """Nothing of it is looked at."""


class _Data(Struct):
    camel: str | None = field(default=None, name="mimeType")
    snake: str | None = field(default=None, name="mime_type")

    @property
    def is_image(self) -> bool:
        return (self.camel or self.snake or "").lower().startswith("image/")


class _File(Struct):
    camel: str | None = field(default=None, name="fileUri")
    snake: str | None = field(default=None, name="file_uri")

    @property
    def is_image(self) -> bool:
        return (self.camel or self.snake or "")[:11].lower() == "data:image/"


class _Part(Struct):
    text: str | None = None
    inline: _Data | None = field(default=None, name="inlineData")
    inline_data: _Data | None = None
    file: _File | None = field(default=None, name="fileData")
    file_data: _File | None = None
    result: "_Result | None" = field(default=None, name="functionResponse")
    function_response: "_Result | None" = None

    @property
    def results(self) -> "_Result | None":
        return self.result or self.function_response

    @property
    def is_image(self) -> bool:
        data, file, results = self.inline or self.inline_data, self.file or self.file_data, self.results
        if (data is not None and data.is_image) or (file is not None and file.is_image):
            return True
        return results is not None and any(part.is_image for part in _listed(results.parts))


class _Result(Struct):
    parts: list[_Part] | _Part | None = None


class _Content(Struct):
    role: str | None = None
    parts: list[_Part] | _Part | None = None

    @property
    def is_image(self) -> bool:
        return any(part.is_image for part in _listed(self.parts))

    @property
    def is_result(self) -> bool:
        return any(part.results for part in _listed(self.parts))

    @property
    def is_user(self) -> bool:
        return (self.role or "user") == "user"


class _Thinking(Struct):
    camel: float | None = field(default=None, name="thinkingBudget")
    snake: float | None = field(default=None, name="thinking_budget")
    level: str | None = field(default=None, name="thinkingLevel")
    thinking_level: str | None = None
    shown: bool | None = field(default=None, name="includeThoughts")
    include_thoughts: bool | None = None

    @property
    def thinks(self) -> bool:
        budget = self.camel if self.camel is not None else self.snake
        if budget is not None:
            return budget != 0
        return bool(self.level or self.thinking_level or self.shown or self.include_thoughts)


class _Config(Struct):
    camel: _Thinking | None = field(default=None, name="thinkingConfig")
    snake: _Thinking | None = field(default=None, name="thinking_config")

    @property
    def thinks(self) -> bool:
        thinking = self.camel or self.snake
        return thinking is not None and thinking.thinks


class _Body(Struct):
    contents: list[_Content] | _Content | None = None
    system: _Content | str | None = field(default=None, name="systemInstruction")
    system_instruction: _Content | str | None = None
    tools: list[_Anything] | _Anything | None = None
    camel: _Config | None = field(default=None, name="generationConfig")
    snake: _Config | None = field(default=None, name="generation_config")


_BODY = msgspec.json.Decoder(_Body)


def peek(request: Request) -> Ask:
    """The facts of a request.

    Raises:
        Failure: the body is not JSON, the path names no model, or a field that must be known is of the wrong type.
    """
    body = decode_as(_BODY, request.body)
    contents = _listed(body.contents)
    config, system = body.camel or body.snake, body.system or body.system_instruction
    return Ask(
        model=model_of(request),
        stream=is_streamed(request),
        initiator=_initiator(contents),
        vision=any(content.is_image for content in (*contents, system) if isinstance(content, _Content)),
        tools=bool(body.tools),
        thinks=config is not None and config.thinks,
    )


def _initiator(contents: Sequence[_Content]) -> Initiator:
    """Who caused the request: a person only where the last turn holds one's own words.

    A turn that holds nothing but `<system-reminder>` blocks right after a tool's result, or beside it, was written by
    an agent; one of the system or without any words is nobody's.
    """
    turns = (content for content in reversed(contents) if content.role not in _SYSTEM and not _is_empty(content))
    last = next(turns, None)
    if last is None or not last.is_user or (last.is_result and not _speaks(last)):
        return Initiator.AGENT
    if last.is_result:
        return Initiator.USER
    spoken = next((turn for turn in chain((last,), turns) if not _is_reminder(turn)), last)
    return Initiator.AGENT if spoken.is_result else Initiator.USER


def _speaks(content: _Content) -> bool:
    """Whether there are words beside a tool's result: what a person has typed while the tool ran."""
    return any(part.text and not only_reminders(part.text) for part in _listed(content.parts))


def _is_empty(content: _Content) -> bool:
    return content.is_user and all(part.text == "" for part in _listed(content.parts))


def _is_reminder(content: _Content) -> bool:
    return content.is_user and all(only_reminders(part.text) for part in _listed(content.parts))


def _listed(given: list[T] | T | None) -> Sequence[T]:
    """What is repeated, a single one without brackets, too."""
    if given is None:
        return ()
    return given if isinstance(given, list) else (given,)
