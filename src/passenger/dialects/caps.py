"""How many of each thing a chat may have, whatever its dialect, and what a client hears beyond it."""

from collections.abc import Mapping

import msgspec

from passenger.body import Fields
from passenger.chat import Prompt, ToolCall, ToolResult
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
    if (beyond := _beyond(prompt, limits)) is not None:
        field, name, most = beyond
        raise _too_many(names.get(field, field), name, most)
    longest = max([len(tool.name) + len(tool.namespace or "") for tool in prompt.tools], default=0)
    if longest > limits.max_name:
        raise _too_long(names.get("tools", "tools"), "max_name", limits.max_name)
    if prompt.stop and max(map(len, prompt.stop)) > limits.max_stop_length:
        raise _too_long(names.get("stop", "stop"), "max_stop_length", limits.max_stop_length)


def check_relayed(fields: Fields | None, limits: Limits) -> None:
    """The same for the fields of a request that goes up as it is."""
    if fields is None:
        return
    for field, (name, least) in _RELAYED.items():
        if (raw := fields.get(field)) is not None:
            most = getattr(limits, name)
            if memoryview(raw).nbytes > least * most and _entries(raw) > most:
                raise _too_many(field, name, most)


def _entries(raw: msgspec.Raw) -> int:
    try:
        return len(_ENTRIES.decode(raw))
    except msgspec.MsgspecError:
        return 0


def _beyond(prompt: Prompt, limits: Limits) -> tuple[str, str, int] | None:
    """Our field that has too many of something, the limit's name, and the limit."""
    parts, calls = _parts(prompt)
    if len(prompt.messages) > limits.max_messages:
        return "messages", "max_messages", limits.max_messages
    if parts > limits.max_parts:
        return "messages", "max_parts", limits.max_parts
    if calls > limits.max_calls:
        return "messages", "max_calls", limits.max_calls
    if len(prompt.tools) > limits.max_tools:
        return "tools", "max_tools", limits.max_tools
    return ("stop", "max_stops", limits.max_stops) if len(prompt.stop) > limits.max_stops else None


def _parts(prompt: Prompt) -> tuple[int, int]:
    """The parts of all messages, those of tool results among them, and how many are calls."""
    parts = calls = 0
    for message in prompt.messages:
        parts += len(message.parts)
        for part in message.parts:
            if type(part) is ToolCall:
                calls += 1
            elif type(part) is ToolResult:
                parts += len(part.content)
    return parts, calls


def _too_many(field: str, name: str, most: int) -> Failure:
    what = "parts" if name == "max_parts" else "tool calls" if name == "max_calls" else "entries"
    message = f"{field}: more than {most} {what} ([limits] {name})"
    return Failure(Kind.INVALID, message, code="too_many", param=field)


def _too_long(field: str, name: str, most: int) -> Failure:
    what = "a name" if name == "max_name" else "one"
    message = f"{field}: {what} is longer than {most} characters ([limits] {name})"
    return Failure(Kind.INVALID, message, code="too_long", param=field)
