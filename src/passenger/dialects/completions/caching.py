"""Prompt-cache breakpoints; it hides that Claude takes four, and where they are set when nobody set any.

Facts: upstream.md 4.1 and 4.6. The other vendors cache by themselves.
"""

from collections.abc import Iterator
from itertools import takewhile

from msgspec.structs import replace

from passenger.chat import JSON, Image, Message, Prompt, Text, ToolCall, ToolResult
from passenger.dialects.caching import MOST, TURNS

KEY = "copilot_cache_control"
"""What Copilot calls a breakpoint here."""


def mark(block: JSON, wanted: bool = True) -> JSON:
    """The message, part or tool, with a breakpoint after it where one is wanted."""
    return {**block, KEY: {"type": "ephemeral"}} if wanted else block


def limit_breakpoints(body: JSON) -> None:
    """Keep the last four, in the order of the cache: tools, then messages."""
    for block in [block for block in _blocks(body) if KEY in block][:-MOST]:
        del block[KEY]


def _blocks(body: JSON) -> Iterator[JSON]:
    yield from body.get("tools", ())
    for message in body["messages"]:
        if isinstance(message["content"], list):
            yield from message["content"]
        yield message


def cached(prompt: Prompt) -> Prompt:
    """The prompt with the client's breakpoints; where it set none: tools, system, the last two turns of the user."""
    if any(tool.cache for tool in prompt.tools) or any(map(_is_marked, prompt.messages)):
        return prompt
    messages = list(prompt.messages)
    system = [index for index, _ in takewhile(lambda item: item[1].role == "system", enumerate(messages))][-1:]
    users = [index for index, message in enumerate(messages) if message.role == "user"][-TURNS:]
    for index in (*system, *users):
        messages[index] = _marked(messages[index])
    tools = (*prompt.tools[:-1], replace(prompt.tools[-1], cache=True)) if prompt.tools else ()
    return replace(prompt, messages=tuple(messages), tools=tools)


def _is_marked(message: Message) -> bool:
    return any(
        getattr(part, "cache", False) or (isinstance(part, ToolResult) and any(inner.cache for inner in part.content))
        for part in message.parts
    )


def _marked(message: Message) -> Message:
    """The message with a breakpoint after its last part."""
    match message.parts:
        case [*before, Text() | Image() | ToolCall() | ToolResult() as last]:
            return replace(message, parts=(*before, replace(last, cache=True)))
        case _:
            return message
