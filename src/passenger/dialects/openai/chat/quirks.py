"""What relaying changes in requests and streams of Chat Completions, and why.

Each quirk is one function, with its reason, the date when it was last seen, and a test by its name, so that it can be
deleted when its reason is gone. What is changed in whole answers is in `whole_answer`.
"""

import re
from collections.abc import Mapping
from itertools import islice

import msgspec

from passenger.chat import signatures
from passenger.chat.cache_points import is_large
from passenger.chat.capabilities import Capabilities
from passenger.chat.events import PARTS_LIMIT, AnswerIdentity, too_many_parts
from passenger.chat.prompt import JSON, Ask
from passenger.dialects.cache_points import (
    CHAT_FIELD,
    CHAT_FIRST_FIELD,
    CHAT_MARK,
    FIELDS,
    MESSAGES_MARK,
    NOTHING,
    Replacement,
    content_of,
    last_turns,
    role_of,
    splice,
)
from passenger.dialects.openai.chat.relay import ChunkChoice, Fix, RelayChunk, StreamRelay
from passenger.dialects.openai.chat.request_out import limit_field
from passenger.dialects.thinking import KIND, fit_effort, is_wrong, reform
from passenger.jsontext import surrogates
from passenger.jsontext.array_ends import before, from_the_start
from passenger.jsontext.paths import Path, text_at
from passenger.jsontext.raw_object import RawObject

EFFORT: Path = ("reasoning_effort",)

CHUNK_OBJECT = "chat.completion.chunk"
_NAMED = b'{"object":"%b",' % CHUNK_OBJECT.encode()


# --- what the gateway calls --------------------------------------------------------------------------------------


def prepare(body: RawObject, ask: Ask, capabilities: Capabilities) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """See `Outbound.prepare`."""
    ask_for_usage(body, ask)
    name_the_limit(body, ask, capabilities)
    dropped = (*unwrap_signatures(body, ask), *fit_reasoning(body, ask, capabilities))
    mark_chat(body, ask, capabilities)
    return {}, dropped


def relay(ask: Ask, identity: AnswerIdentity, *watches: Fix) -> StreamRelay:
    """See `Outbound.relay`; `watches` see each event as it came."""
    return StreamRelay((*watches, *fixes_for(ask)), FIXES_OF_WORDS)


# --- requests ----------------------------------------------------------------------------------------------------


def ask_for_usage(body: RawObject, ask: Ask) -> None:
    """Ask for the usage event, where the client did not: nothing else reports the tokens of a stream (2026-09)."""
    if ask.stream and not ask.wants_usage:
        options = body.get("stream_options")
        body.set("stream_options", {**(options or {}), "include_usage": True})


def name_the_limit(body: RawObject, ask: Ask, capabilities: Capabilities) -> None:
    """Rename `max_tokens` to `max_completion_tokens` for OpenAI's newer models, which refuse the old name (2026-03)."""
    if "max_tokens" in body and limit_field(ask.model, capabilities) != "max_tokens":
        body.rename("max_tokens", "max_completion_tokens")


def unwrap_signatures(body: RawObject, ask: Ask) -> tuple[str, ...]:
    """Unwrap signatures of this API, and drop reasoning that was signed for another: vendors refuse it (2026-11)."""
    if not ask.has_signatures:
        return ()
    messages, changed = body.get("messages"), False
    dropped: tuple[str, ...] = ()
    for message in messages if isinstance(messages, list) else ():
        wrapped = message.get("reasoning_opaque") if isinstance(message, dict) else None
        if not isinstance(wrapped, str) or not signatures.is_wrapped(wrapped):
            continue
        changed, signature = True, signatures.unwrap(wrapped)
        if signature.origin.startswith("completions/"):
            message["reasoning_opaque"] = signature.value
        else:
            del message["reasoning_opaque"]
            message.pop("reasoning_text", None)
            dropped = ("messages.reasoning_opaque",)
    if changed:
        body.set("messages", messages)
    return dropped


def fit_reasoning(body: RawObject, ask: Ask, capabilities: Capabilities) -> tuple[str, ...]:
    """Ask for reasoning in the form that the model takes, with an effort that it lists (2026-11)."""
    if not ask.wants_reasoning:
        return ()
    wrong = capabilities.vendor == "anthropic" and is_wrong(text_at(body, KIND), capabilities)
    lost = reform(body, capabilities, EFFORT)[0] if wrong else []
    return (*lost, *fit_effort(body, capabilities, EFFORT))


# --- prompt-cache breakpoints --------------------------------------------------------------------------------------

_FIRST_IS_SYSTEM = re.compile(
    rb'(\[[ \t\n\r]*\{)[ \t\n\r]*"role"[ \t\n\r]*:[ \t\n\r]*"(?:system|developer)"[ \t\n\r]*,'
    rb'[ \t\n\r]*"content"[ \t\n\r]*:[ \t\n\r]*(?:"[^"]|\[[ \t\n\r]*\{)'
)
"""Messages whose first is a system's that is not empty, with its keys in the order that nearly all clients use."""
_SYSTEM = frozenset({b'"system"', b'"developer"'})


def mark_chat(body: RawObject, ask: Ask, capabilities: Capabilities) -> None:
    """Set prompt-cache breakpoints for Claude where the client set none and they pay (2026-11).

    As in VS Code, a message has the breakpoint itself: `copilot_cache_control`.
    https://platform.claude.com/docs/en/build-with-claude/prompt-caching
    """
    if ask.has_cache_points or not is_large(len(body.raw), capabilities) or CHAT_MARK in body or MESSAGES_MARK in body:
        return
    messages = body.raw_value("messages")
    turns = last_turns(messages, likely=ask.tools)
    if turns is None:
        return
    filled = (item for item in turns if content_of(item) not in NOTHING)
    edits = [*_in_first_system(messages), *((item.stop - 1, item.stop, CHAT_FIELD) for item in filled)]
    body.set_raw("messages", splice(messages, edits))
    if tools := body.raw_value("tools"):
        body.set_raw("tools", splice(tools, _after_last(tools)))


def _in_first_system(messages: bytes) -> list[Replacement]:
    """A breakpoint in the first message, if it is a system's: at its start, so that its end need not be found."""
    if found := _FIRST_IS_SYSTEM.match(messages):
        return [(found.end(1), found.end(1), CHAT_FIRST_FIELD)]
    first = (item for item in islice(from_the_start(messages, FIELDS), 1) if role_of(item) in _SYSTEM)
    return [(item.stop - 1, item.stop, CHAT_FIELD) for item in first if content_of(item) not in NOTHING]


def _after_last(tools: bytes) -> list[Replacement]:
    """A breakpoint in the last tool, if it is an object that is not empty."""
    stop = before(tools, len(tools) - 1)
    if tools[stop : stop + 1] != b"}" or tools[before(tools, stop)] == ord("{"):
        return []
    return [(stop, stop + 1, CHAT_FIELD)]


# --- streams -----------------------------------------------------------------------------------------------------


def fixes_for(ask: Ask) -> tuple[Fix, ...]:
    """The fixes for one stream, in the order in which they are applied; some have state."""
    usage = () if ask.wants_usage else (withhold_usage,)
    calls = (CallNumbering(),) if ask.tools else ()
    return (*usage, *calls, name_the_object)


def withhold_usage(chunk: RelayChunk, data: bytes) -> bytes | None:
    """Withhold usage from clients that did not ask for it.

    They index `choices[0]`, which the usage event does not have (2026-09). Gemini reports zeros in every chunk until
    the last (2026-11).
    """
    if chunk.usage is None:
        return data
    if not chunk.choices:
        return None if chunk.choices == [] else data
    return surrogates.encode({name: value for name, value in _fields(data).items() if name != "usage"})


def name_the_object(chunk: RelayChunk, data: bytes) -> bytes:
    """Set `object` where it is missing or empty: pydantic-ai refuses chunks without it (2026-11)."""
    if chunk.object or chunk.choices is None:
        return data
    if chunk.object is msgspec.UNSET:
        return _NAMED + data.lstrip()[1:]
    return surrogates.encode({**_fields(data), "object": CHUNK_OBJECT})


FIXES_OF_WORDS: tuple[Fix, ...] = (name_the_object,)
"""The fixes that an event of nothing but text may need."""


def _fields(data: bytes) -> JSON:
    """The top-level values of a chunk, as raw JSON where the fast decoder can read it."""
    try:
        return msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return surrogates.decode_object(data)


class CallNumbering:
    """Number Claude's parallel tool calls, which may all have `index: 0` and differ in `id` only (2025-03).

    A delta with another id than the call before it begins a new call. One without an id continues the last call of its
    index.
    """

    def __init__(self) -> None:
        self._ids: dict[tuple[int, int], str] = {}
        self._numbers: dict[tuple[int, int], int] = {}
        self._count: dict[int, int] = {}

    def __call__(self, chunk: RelayChunk, data: bytes) -> bytes:
        """Renumber the calls of one event where that changes anything. Fails where there are too many."""
        indices = [_indices(choice) for choice in chunk.choices or ()]
        if not any(indices):
            return data
        numbers = [self._renumber(choice) for choice in chunk.choices or ()]
        return data if indices == numbers else _set_indices(data, numbers)

    def _renumber(self, choice: ChunkChoice) -> list[int | None]:
        calls = choice.delta.tool_calls if choice.delta else None
        return [self._number(choice.index, call.index or 0, call.id) for call in calls or ()]

    def _number(self, choice: int, index: int, call_id: str | None) -> int:
        key = (choice, index)
        if key not in self._numbers or (call_id and self._ids.get(key) not in (None, call_id)):
            if len(self._numbers) >= PARTS_LIMIT:
                raise too_many_parts()
            self._numbers[key] = self._count.get(choice, 0)
            self._count[choice] = self._numbers[key] + 1
        if call_id:
            self._ids[key] = call_id
        return self._numbers[key]


def _indices(choice: ChunkChoice) -> list[int | None]:
    calls = choice.delta.tool_calls if choice.delta else None
    return [call.index for call in calls or ()]


def _set_indices(data: bytes, numbers: list[list[int | None]]) -> bytes:
    event = surrogates.decode_object(data)
    for choice, indices in zip(event["choices"], numbers, strict=True):
        for call, index in zip(choice["delta"]["tool_calls"] if indices else (), indices, strict=True):
            call["index"] = index
    return surrogates.encode(event)
