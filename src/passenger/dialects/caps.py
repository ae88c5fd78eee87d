"""Enforces limits on what a chat request may have and ask for, in all dialects: those of `[limits]`, and answers."""

from collections.abc import Mapping

import msgspec

from passenger.chat.prompt import Prompt, ToolCall, ToolResult
from passenger.errors import Failure, Kind
from passenger.jsontext.node import JsonNode
from passenger.jsontext.raw_object import Fields
from passenger.jsontext.reading import decode_strictly
from passenger.limits import Limits

_ENTRIES = msgspec.json.Decoder(list[msgspec.Raw])
_RELAYED: Mapping[str, tuple[str, int]] = {
    "messages": ("max_messages", 20),
    "input": ("max_messages", 20),
    "tools": ("max_tools", 40),
    "stop": ("max_stops", 2),
    "stop_sequences": ("max_stops", 2),
}
"""The lists of a relayed request: the limit of each, and the minimum size of a meaningful entry in bytes."""


MOST_CHOICES = 8
"""Answers to one request, at most: Google's own limit. Each is a request to Copilot, and billed."""


def check_prompt(prompt: Prompt, limits: Limits, names: Mapping[str, str]) -> None:
    """Fail where a prompt exceeds a limit. `names` are the client's names of the fields of a `Prompt`."""
    if (excess := _find_excess(prompt, limits)) is not None:
        field, name, most = excess
        raise _too_many(names.get(field, field), name, most)
    longest = max([len(tool.name) + len(tool.namespace or "") for tool in prompt.tools], default=0)
    if longest > limits.max_name:
        raise _too_long(names.get("tools", "tools"), "max_name", limits.max_name)
    if prompt.stop and max(map(len, prompt.stop)) > limits.max_stop_length:
        raise _too_long(names.get("stop", "stop"), "max_stop_length", limits.max_stop_length)


def check_relayed(fields: Fields | None, limits: Limits) -> None:
    """Check the fields of a relayed request. Fails as `check_prompt` does."""
    if fields is None:
        return
    for field, raw in fields.items():
        if (limit := _RELAYED.get(field)) is not None:
            name, least = limit
            most = getattr(limits, name)
            entries = decode_strictly(_ENTRIES, raw) if memoryview(raw).nbytes > least * most else None
            if entries is not None and len(entries) > most:
                raise _too_many(field, name, most)


# --- answers -----------------------------------------------------------------------------------------------------


def read_choices(node: JsonNode, name: str) -> int:
    """The number of answers, 1 if it is absent. Fails where it is no integer or out of range."""
    count = node.integer(name)
    if count is None:
        return 1
    if not 1 <= count <= MOST_CHOICES:
        raise node.wrong(name, f"from 1 to {MOST_CHOICES}")
    return count


def peek_choices(value: object) -> int:
    """The number of answers in a field that has not been checked: 0 if it is not an integer."""
    if value is None:
        return 1
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


# --- helpers -----------------------------------------------------------------------------------------------------


def _find_excess(prompt: Prompt, limits: Limits) -> tuple[str, str, int] | None:
    """The field that exceeds a limit, the limit's name, and the limit."""
    parts, calls = _count_parts(prompt)
    if len(prompt.messages) > limits.max_messages:
        return "messages", "max_messages", limits.max_messages
    if parts > limits.max_parts:
        return "messages", "max_parts", limits.max_parts
    if calls > limits.max_calls:
        return "messages", "max_calls", limits.max_calls
    if len(prompt.tools) > limits.max_tools:
        return "tools", "max_tools", limits.max_tools
    return ("stop", "max_stops", limits.max_stops) if len(prompt.stop) > limits.max_stops else None


def _count_parts(prompt: Prompt) -> tuple[int, int]:
    """The number of parts in all messages, including those of tool results, and of calls."""
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
