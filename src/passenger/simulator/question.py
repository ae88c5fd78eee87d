"""What a model is asked, whatever the wire it came on; each surface reads its own body into a `Question`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CHARACTERS_A_TOKEN = 4
MESSAGE_TOKENS = 3
IMAGE_TOKENS = 85

Schemas = Mapping[str, Any]
Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A valid request: what was said, what is offered, and what the answer must keep to.

    `tools` are the JSON schemas of the offered tools by name, None for one that takes free text; `demanded` is the tool
    that must be called, and `must_search` says that the web must be searched; `results` what the tools said, when that
    ends the conversation; `limit` and `prompt_tokens` are in tokens.
    """

    said: str
    messages: int
    images: int = 0
    tools: Schemas = field(default_factory=dict)
    offered: int = 0
    callable: bool = True
    demanded: str | None = None
    parallel: bool = True
    results: str = ""
    schema: Any = None  # Any: a JSON schema
    json: bool = False
    stops: tuple[str, ...] = ()
    limit: int | None = None
    thinks: bool = False
    searches: bool = False
    must_search: bool = False
    count: int = 1
    prompt_tokens: int = 0


def tokens(text: str) -> int:
    """A text's length in tokens: four characters each, rounded up."""
    return -(-len(text) // CHARACTERS_A_TOKEN)


def word(value: object) -> str:
    """A value that must be one of some words, to be looked up; what is no text is none of them."""
    return value if isinstance(value, str) else f"<{type(value).__name__}>"
