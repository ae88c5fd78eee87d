"""A whole request of a Google client as a `Prompt`."""

from passenger.chat import Prompt
from passenger.decoding import JSON, invalid
from passenger.dialects import Request
from passenger.dialects.gemini.config_in import read_config
from passenger.dialects.gemini.naming import body_of, is_streamed, model_of
from passenger.dialects.gemini.tools_in import read_choice, read_tools
from passenger.dialects.gemini.turns_in import read_contents, read_system

_READ = frozenset({"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "model"})


def read_prompt(request: Request) -> Prompt:
    """The whole request.

    Raises:
        Failure: a field is of the wrong type, or no translation can carry it.
    """
    return prompt_of(body_of(request), model_of(request), stream=is_streamed(request))


def prompt_of(body: JSON, model: str, *, stream: bool) -> Prompt:
    """What a body asks a model, its fields in `camelCase`; fails as above."""
    try:
        return _prompt(body, model, stream=stream)
    except RecursionError as error:
        raise invalid("the body is nested too deeply") from error


def _prompt(body: JSON, model: str, *, stream: bool) -> Prompt:
    if body.get("cachedContent"):
        raise invalid("cachedContent is kept by Google; send the whole conversation", "cachedContent")
    tools, hosted = read_tools(body)
    choice, unconfigured = read_choice(body)
    config = read_config(body)
    rest = tuple(name for name, value in body.items() if name not in _READ and value not in (None, "", [], {}))
    return Prompt(
        model=model,
        messages=(*read_system(body), *read_contents(body)),
        stream=stream,
        tools=tools,
        tool_choice=choice,
        dropped=tuple(dict.fromkeys((*rest, *hosted, *unconfigured, *config.dropped))),
        **config.fields,
    )
