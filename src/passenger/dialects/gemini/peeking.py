"""The few facts of a request that routing needs, in one parse that skips all else."""

from collections.abc import Iterator

import msgspec
from msgspec import Struct, field

from passenger.chat import Ask, Initiator
from passenger.decoding import decode_as
from passenger.dialects import Request
from passenger.dialects.gemini.naming import is_streamed, model_of
from passenger.reminders import only_reminders


class _Anything(Struct):
    """Nothing of it is looked at."""


class _Data(Struct):
    camel: str = field(default="", name="mimeType")
    snake: str = field(default="", name="mime_type")

    @property
    def is_image(self) -> bool:
        return (self.camel or self.snake).startswith("image/")


class _Part(Struct):
    text: str | None = None
    inline: _Data | None = field(default=None, name="inlineData")
    inline_data: _Data | None = None
    result: "_Result | None" = field(default=None, name="functionResponse")
    function_response: "_Result | None" = None

    @property
    def results(self) -> "_Result | None":
        return self.result or self.function_response

    @property
    def is_image(self) -> bool:
        data, results = self.inline or self.inline_data, self.results
        inner = (results.parts or []) if results is not None else []
        return (data is not None and data.is_image) or any(part.is_image for part in inner)


class _Result(Struct):
    parts: list[_Part] | None = None


class _Content(Struct):
    role: str | None = None
    parts: list[_Part] | None = None


class _Thinking(Struct):
    camel: int | None = field(default=None, name="thinkingBudget")
    snake: int | None = field(default=None, name="thinking_budget")

    @property
    def thinks(self) -> bool:
        return (self.camel if self.camel is not None else self.snake) != 0


class _Config(Struct):
    camel: _Thinking | None = field(default=None, name="thinkingConfig")
    snake: _Thinking | None = field(default=None, name="thinking_config")

    @property
    def thinks(self) -> bool:
        thinking = self.camel or self.snake
        return thinking is not None and thinking.thinks


class _Body(Struct):
    contents: list[_Content] | None = None
    tools: list[_Anything] | None = None
    camel: _Config | None = field(default=None, name="generationConfig")
    snake: _Config | None = field(default=None, name="generation_config")


_BODY = msgspec.json.Decoder(_Body)


def peek(request: Request) -> Ask:
    """The facts of a request.

    Raises:
        Failure: the body is not JSON, the path names no model, or a field that must be known is of the wrong type.
    """
    body = decode_as(_BODY, request.body)
    contents = body.contents or []
    config = body.camel or body.snake
    return Ask(
        model=model_of(request),
        stream=is_streamed(request),
        initiator=_initiator(contents),
        vision=any(part.is_image for content in contents for part in content.parts or ()),
        tools=bool(body.tools),
        thinks=config is not None and config.thinks,
    )


def _initiator(contents: list[_Content]) -> Initiator:
    """Who caused the request: a person only where the last turn holds one's own words.

    A turn that holds nothing but `<system-reminder>` blocks right after a tool's result was written by an agent.
    """
    if not contents or (contents[-1].role or "user") != "user" or any(part.results for part in _parts(contents[-1])):
        return Initiator.AGENT
    spoken = next((content for content in reversed(contents) if not _is_reminder(content)), contents[-1])
    return Initiator.AGENT if any(part.results for part in _parts(spoken)) else Initiator.USER


def _parts(content: _Content) -> Iterator[_Part]:
    yield from content.parts or ()


def _is_reminder(content: _Content) -> bool:
    parts = list(_parts(content))
    return bool(parts) and content.role == "user" and all(only_reminders(part.text) for part in parts)
