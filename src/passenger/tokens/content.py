"""What of a prompt is counted: its texts, and a fixed number of tokens for what is no text."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from passenger.chat.prompt import Document, Image, Part, Prompt, Reasoning, Refusal, Text, Tool, ToolCall, ToolResult

MESSAGE = 4
"""Tokens that frame a message, and likewise a tool or a call (OpenAI's cookbook on counting names 3 to 8)."""

IMAGE = 1000
"""Tokens of a picture: between OpenAI's 85 to 1,105 and Anthropic's at most about 1,600."""

DOCUMENT = 100
"""Characters of base64 for one token of a file: a PDF page of 200 kB is some 2,500."""


@dataclass(frozen=True, slots=True)
class CountedContent:
    """The texts that are tokenised; the tokens that frame them; and those that pictures and files may take."""

    texts: list[str]
    frame: int
    media: int


def content(prompt: Prompt) -> CountedContent:
    """What is counted of a prompt."""
    parts = list(_parts(part for message in prompt.messages for part in message.parts))
    frames = [*prompt.messages, *prompt.tools, *(part for part in parts if isinstance(part, ToolCall | ToolResult))]
    texts = [*map(_text, parts), *map(_declaration, prompt.tools), _schema(prompt)]
    return CountedContent(list(filter(None, texts)), MESSAGE * len(frames), sum(map(_media, parts)))


def _parts(parts: Iterable[Part]) -> Iterator[Part]:
    """The parts and what tool results hold."""
    for part in parts:
        yield part
        if isinstance(part, ToolResult):
            yield from part.content


def _text(part: Part) -> str:
    match part:
        case Text(text) | Reasoning(text) | Refusal(text):
            return text
        case ToolCall():
            return f"{part.name} {part.arguments}"
        case _:
            return ""


def _media(part: Part) -> int:
    match part:
        case Image():
            return IMAGE
        case Document(_, data):
            return len(data) // DOCUMENT
        case _:
            return 0


def _schema(prompt: Prompt) -> str:
    return _json(prompt.schema.schema) if prompt.schema and prompt.schema.schema else ""


def _declaration(tool: Tool) -> str:
    grammar = tool.grammar.definition if tool.grammar else ""
    schema = _json(tool.schema) if tool.schema is not None else ""
    return "\n".join(filter(None, (tool.name, tool.description, schema, grammar)))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
