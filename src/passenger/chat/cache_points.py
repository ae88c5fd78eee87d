"""Prompt-cache breakpoints in a prompt for Claude: where they are set when the client set none, and that four are kept.

Claude caches only up to a breakpoint, and takes four. A write costs 1.25 times the input and a read a tenth, so that
breakpoints pay from the second turn on.
https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, takewhile

import msgspec
from msgspec.structs import replace

from passenger.chat.capabilities import Capabilities
from passenger.chat.fallbacks import offered_tools
from passenger.chat.prompt import Document, Image, Message, Part, Prompt, Reasoning, Refusal, Text, Tool, ToolResult

MOST = 4
"""Breakpoints that Claude takes."""

TURNS = 2
"""Turns of the user, the last ones, that are worth a breakpoint each."""

BYTES_A_TOKEN = 3
"""A low estimate: a breakpoint on less than the minimum is ignored and costs nothing."""

_LEAST = (
    (re.compile(r"claude-(opus-4[.-][5-9]|opus-[5-9]|haiku-4[.-]5)"), 4096),
    (re.compile(r"claude-(sonnet-4[.-]6|haiku-3|3[.-]5-haiku)"), 2048),
)
_LEAST_OF_OTHERS = 1024

_EMPTY = Text("", cache=True)
"""A marked text without words, which is not sent."""


def least_cached(model: str) -> int:
    """Tokens that a prefix needs to be cached by this model of Claude's (Anthropic's table, 2026-11)."""
    return next((least for pattern, least in _LEAST if pattern.match(model)), _LEAST_OF_OTHERS)


def is_large(size: int, capabilities: Capabilities) -> bool:
    """Whether so many bytes of prompt may be enough for this model to cache; never where it takes no breakpoints."""
    return capabilities.least_cached is not None and size >= capabilities.least_cached * BYTES_A_TOKEN


def with_cache_points(prompt: Prompt, capabilities: Capabilities) -> Prompt:
    """The prompt with the last four of the client's breakpoints; where it set none, with those that pay."""
    count = sum(tool.cache for tool in prompt.tools)
    count += sum(_is_marked(part) for message in prompt.messages for part in message.parts)
    if count > MOST:
        return _without_first(prompt, count - MOST)
    return prompt if count or not pays(prompt, capabilities) else _marked(prompt)


# --- whether they pay --------------------------------------------------------------------------------------------


def pays(prompt: Prompt, capabilities: Capabilities) -> bool:
    """Whether a second turn is likely, and the prompt large enough to be cached."""
    if capabilities.least_cached is None or not (
        prompt.tools or any(turn.role == "assistant" for turn in prompt.messages)
    ):
        return False
    size = 0
    for piece in _sizes(prompt):
        size += piece
        if is_large(size, capabilities):
            return True
    return False


def _sizes(prompt: Prompt) -> Iterator[int]:
    """The bytes of a prompt, piece by piece, so that a large one is not read to its end."""
    for message in prompt.messages:
        yield from map(_size, message.parts)
    for tool in prompt.tools:
        yield len(tool.description or "") + len(msgspec.json.encode(tool.schema))


def _size(part: Part) -> int:
    match part:
        case Image() | Document():
            return len(part.data)
        case ToolResult():
            return sum(map(_size, part.content))
        case _:
            return len(getattr(part, "text", "")) + len(getattr(part, "arguments", ""))


# --- setting them ------------------------------------------------------------------------------------------------


def _marked(prompt: Prompt) -> Prompt:
    """Set them after what stays the same from turn to turn: the tools, the system's words, the user's last turns."""
    messages = list(prompt.messages)
    system = [at for at, _ in takewhile(lambda item: item[1].role == "system", enumerate(messages))][-1:]
    for at in (*system, *_last_of_turns(messages)):
        messages[at] = replace(messages[at], parts=_marked_last(messages[at].parts))
    last = next(reversed(offered_tools(prompt)), None)
    tools = tuple(replace(tool, cache=True) if tool is last else tool for tool in prompt.tools)
    return replace(prompt, messages=tuple(messages), tools=tools)


def _last_of_turns(messages: Sequence[Message]) -> list[int]:
    """The places of the user's last message in each of the last turns; whatever is between answers is one turn."""
    turns = groupby(range(len(messages)), lambda at: messages[at].role == "assistant")
    of_users = ([at for at in turn if messages[at].role == "user"] for _, turn in turns)
    return [turn[-1] for turn in of_users if turn][-TURNS:]


def _marked_last(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts with a breakpoint after the last that says something, where that can bear one."""
    last = max((at for at, part in enumerate(parts) if part != Text("")), default=None)
    if last is None or isinstance(parts[last], Reasoning | Refusal):
        return parts
    return (*parts[:last], replace(parts[last], cache=True), *parts[last + 1 :])


# --- the client's own --------------------------------------------------------------------------------------------


def _is_marked(part: Part) -> bool:
    if getattr(part, "cache", False):
        return part != _EMPTY
    return type(part) is ToolResult and any(inner.cache for inner in part.content)


def _without_first(prompt: Prompt, spare: int) -> Prompt:
    """Take this many breakpoints away, in the order of the cache: tools, then messages."""
    places = iter(range(spare))

    def tool(one: Tool) -> Tool:
        return replace(one, cache=False) if one.cache and next(places, None) is not None else one

    def part(one: Part) -> Part:
        return _unmarked(one) if _is_marked(one) and next(places, None) is not None else one

    tools = tuple(map(tool, prompt.tools))
    messages = tuple(replace(one, parts=tuple(map(part, one.parts))) for one in prompt.messages)
    return replace(prompt, tools=tools, messages=messages)


def _unmarked(part: Part) -> Part:
    if isinstance(part, ToolResult):
        part = replace(part, content=tuple(replace(inner, cache=False) for inner in part.content))
    return replace(part, cache=False)
