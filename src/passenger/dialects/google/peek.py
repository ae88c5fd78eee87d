"""Reads the facts of a request that routing needs, in one parse that skips everything else."""

from collections.abc import Iterator, Sequence
from typing import Literal, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

from passenger.chat.initiator import Turn, initiator, only_reminders
from passenger.chat.prompt import Ask
from passenger.dialects import Request
from passenger.dialects.google.fields import is_streamed, read_model
from passenger.jsontext.reading import AnyObject, decode_as

T = TypeVar("T")

_SYSTEM = frozenset({"system", "developer"})


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
        return results is not None and any(part.is_image for part in _as_list(results.parts))


class _Result(Struct):
    parts: list[_Part] | _Part | None = None


class _Content(Struct):
    role: str | None = None
    parts: list[_Part] | _Part | None = None

    @property
    def is_image(self) -> bool:
        return any(part.is_image for part in _as_list(self.parts))

    @property
    def is_result(self) -> bool:
        return any(part.results for part in _as_list(self.parts))

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


class _Tool(Struct):
    """A tool: functions of the client's, or one that Google runs."""

    functions: Raw | UnsetType = field(default=UNSET, name="functionDeclarations")
    function_declarations: Raw | UnsetType = UNSET
    camel: AnyObject | None = field(default=None, name="googleSearch")
    snake: AnyObject | None = field(default=None, name="google_search")
    old: AnyObject | None = field(default=None, name="googleSearchRetrieval")
    google_search_retrieval: AnyObject | None = None

    @property
    def has_functions(self) -> bool:
        return any(
            found is not UNSET and bytes(found) not in _NO_FUNCTIONS
            for found in (self.functions, self.function_declarations)
        )

    @property
    def searches(self) -> bool:
        fields = self.camel, self.snake, self.old, self.google_search_retrieval
        return any(one is not None for one in fields)


_NO_FUNCTIONS = frozenset({b"null", b"[]"})


class _Body(Struct):
    contents: list[_Content] | _Content | None = None
    system: _Content | str | None = field(default=None, name="systemInstruction")
    system_instruction: _Content | str | None = None
    tools: list[_Tool] | _Tool | None = None
    camel: _Config | None = field(default=None, name="generationConfig")
    snake: _Config | None = field(default=None, name="generation_config")


_BODY = msgspec.json.Decoder(_Body)


def peek(request: Request) -> Ask:
    """The facts of a request."""
    body = decode_as(_BODY, request.body)
    contents = _as_list(body.contents)
    config, system = body.camel or body.snake, body.system or body.system_instruction
    return Ask(
        model=read_model(request),
        stream=is_streamed(request),
        initiator=initiator(_turns(contents)),
        vision=any(content.is_image for content in (*contents, system) if isinstance(content, _Content)),
        tools=bool(body.tools),
        wants_reasoning=config is not None and config.thinks,
        web_search=_search(_as_list(body.tools)),
    )


def _search(tools: Sequence[_Tool]) -> Literal["only", "beside"] | None:
    """Whether a search is offered, and anything beside it."""
    if not any(tool.searches for tool in tools):
        return None
    return "beside" if any(tool.has_functions for tool in tools) else "only"


def _turns(contents: Sequence[_Content]) -> Iterator[Turn]:
    """The kinds of the contents, the last one first. System turns and turns without words are left out."""
    for content in reversed(contents):
        parts = _as_list(content.parts)
        if not content.is_user:
            if content.role not in _SYSTEM:
                yield Turn.OTHER
        elif content.is_result:
            typed = any(part.text and not only_reminders(part.text) for part in parts)
            yield Turn.USER if typed else Turn.TOOL
        elif any(part.text != "" for part in parts):
            yield Turn.REMINDER if all(only_reminders(part.text) for part in parts) else Turn.USER


def _as_list(given: list[T] | T | None) -> Sequence[T]:
    """The elements of a repeated field, which may be a single one without brackets."""
    if given is None:
        return ()
    return given if isinstance(given, list) else (given,)
