"""A cheap look at a request that is relayed; it hides all that relaying need not know.

Decoding these few fields is cheaper than searching the bytes for each of them, and mistakes no text for a field.
"""

import msgspec
from msgspec import UNSET, Struct, UnsetType


class Marker(Struct, gc=False):
    """A prompt-cache breakpoint."""

    scope: msgspec.Raw | UnsetType = UNSET


class Tool(Struct, gc=False):
    """A tool."""

    type: str | None = None
    cache_control: Marker | None = None
    eager_input_streaming: msgspec.Raw | UnsetType = UNSET


class Block(Struct):
    """A block, and the blocks in it."""

    type: str = ""
    text: str | None = None
    signature: str | None = None
    data: str | None = None
    cache_control: Marker | None = None
    content: "str | list[Block] | None" = None


class _Message(Struct):
    role: str = ""
    content: str | list[Block] | None = None


class Typed(Struct, gc=False):
    """What is told apart by its type: `thinking`, `tool_choice`."""

    type: str = ""


class Output(Struct, gc=False):
    """`output_config`."""

    effort: str | None = None


class Look(Struct):
    """A request as far as it shows which fixes it needs."""

    messages: list[_Message]
    system: str | list[Block] | None = None
    tools: list[Tool] | None = None
    thinking: Typed | None = None
    output_config: Output | None = None
    tool_choice: Typed | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: msgspec.Raw | UnsetType = UNSET
    cache_control: msgspec.Raw | UnsetType = UNSET
    output_format: msgspec.Raw | UnsetType = UNSET
    inference_geo: msgspec.Raw | UnsetType = UNSET
    speed: msgspec.Raw | UnsetType = UNSET


_LOOK = msgspec.json.Decoder(Look)


def look_at(raw: bytes) -> Look | None:
    """A cheap look at a request, None for one that is out of the ordinary."""
    try:
        return _LOOK.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
