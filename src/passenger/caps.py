"""How many of each thing a chat may have, whatever its dialect, and what a client hears beyond it."""

from collections.abc import Iterator, Mapping

import msgspec

from passenger.body import Fields
from passenger.chat import Message, Part, Prompt, ToolCall, ToolResult
from passenger.errors import Failure, Kind
from passenger.limits import Limits

_ENTRIES = msgspec.json.Decoder(list[msgspec.Raw])
_RELAYED: Mapping[str, tuple[str, int]] = {
    "messages": ("max_messages", 20),
    "input": ("max_messages", 20),
    "tools": ("max_tools", 40),
    "stop": ("max_stops", 2),
    "stop_sequences": ("max_stops", 2),
}
"""The lists of a request that is relayed: the limit of each, and bytes that no entry that says anything is below."""


def check_prompt(prompt: Prompt, limits: Limits, names: Mapping[str, str]) -> None:
    """Let a prompt pass that has no more of anything than the limits allow; `names` are the client's for our fields.

    Raises:
        Failure: it has; field and limit are named.
    """
    for field, name, count in _counts(prompt):
        if count > getattr(limits, name):
            raise _too_many(names.get(field, field), name, getattr(limits, name))
    for field, name, length in _lengths(prompt):
        if length > getattr(limits, name):
            raise _too_long(names.get(field, field), name, getattr(limits, name))


def check_relayed(fields: Fields | None, limits: Limits) -> None:
    """The same for the fields of a request that goes up as it is."""
    for field, (name, least) in _RELAYED.items():
        raw, most = (fields or {}).get(field), getattr(limits, name)
        if raw is not None and memoryview(raw).nbytes > least * most and _entries(raw) > most:
            raise _too_many(field, name, most)


def _entries(raw: msgspec.Raw) -> int:
    try:
        return len(_ENTRIES.decode(raw))
    except msgspec.MsgspecError:
        return 0


def _counts(prompt: Prompt) -> Iterator[tuple[str, str, int]]:
    yield "messages", "max_messages", len(prompt.messages)
    yield "messages", "max_parts", sum(map(_parts, prompt.messages))
    yield "messages", "max_calls", sum(isinstance(part, ToolCall) for one in prompt.messages for part in one.parts)
    yield "tools", "max_tools", len(prompt.tools)
    yield "stop", "max_stops", len(prompt.stop)


def _parts(message: Message) -> int:
    return len(message.parts) + sum(map(_inner, message.parts))


def _inner(part: Part) -> int:
    return len(part.content) if isinstance(part, ToolResult) else 0


def _lengths(prompt: Prompt) -> Iterator[tuple[str, str, int]]:
    yield "tools", "max_name", max((len(tool.name) + len(tool.namespace or "") for tool in prompt.tools), default=0)
    yield "stop", "max_stop_length", max(map(len, prompt.stop), default=0)


def _too_many(field: str, name: str, most: int) -> Failure:
    what = "parts" if name == "max_parts" else "tool calls" if name == "max_calls" else "entries"
    message = f"{field}: more than {most} {what} ([limits] {name})"
    return Failure(Kind.INVALID, message, code="too_many", param=field)


def _too_long(field: str, name: str, most: int) -> Failure:
    what = "a name" if name == "max_name" else "one"
    message = f"{field}: {what} is longer than {most} characters ([limits] {name})"
    return Failure(Kind.INVALID, message, code="too_long", param=field)
