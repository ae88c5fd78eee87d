"""Messages of a client as turns of a prompt; it hides how Ollama strings calls and their results together.

Facts: Ollama's API reference ("Generate a chat message"), and what clients were seen to send
(`docs/dialects/ollama.md`).
"""

from collections.abc import Iterator

from passenger.arguments import read_arguments
from passenger.chat import Image, Message, Part, Role, Text, Thought, ToolCall, ToolResult
from passenger.decoding import JSON, expect, invalid, optional, required
from passenger.dialects.ollama.images_in import read_images
from passenger.pairing import Pending

_ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


def read_messages(messages: list[object]) -> tuple[Message, ...]:
    """The turns: results of tools come first in the user's turn that follows them.

    Raises:
        Failure: a message cannot be understood, or not be carried; or they say nothing at all.
    """
    turns = _Turns()
    for index, message in enumerate(messages):
        turns.add(expect(message, dict, f"messages[{index}]"), index)
    if not (found := turns.close()):
        raise invalid("messages must say something", "messages")
    return found


class _Turns:
    def __init__(self) -> None:
        self._turns: list[Message] = []
        self._calling: list[Part] = []
        self._results: list[Part] = []
        self._pending = Pending()

    def add(self, message: JSON, index: int) -> None:
        place = f"messages[{index}]."
        role = required(message, "role", str, place)
        if role == "assistant":
            self._add_assistant(message, index)
            return
        self._close_calls()
        if role == "tool":
            self._results.append(_result(message, place, self._pending))
        elif role in _ROLES:
            self._add_other(_ROLES[role], tuple(_said(message, place)))
        else:
            raise invalid(f"{place}role: {role!r} is not a role", f"{place}role")

    def close(self) -> tuple[Message, ...]:
        """All turns; results that nobody has spoken after are a turn of their own."""
        self._close_calls()
        self._add("user", self._taken())
        return tuple(self._turns)

    def _add_assistant(self, message: JSON, index: int) -> None:
        """Each call of a turn streams as a line of its own, and some clients keep each as a message."""
        self._add("user", self._taken())
        place = f"messages[{index}]."
        calls = list(_calls(message, index))
        self._pending.called(calls)
        parts = (*_thought(message, place), *_said(message, place), *calls)
        if calls or self._calling:
            self._calling += parts
        else:
            self._add("assistant", parts)

    def _add_other(self, role: Role, parts: tuple[Part, ...]) -> None:
        self._pending.closed()
        results = self._taken()
        if role == "user":
            self._add(role, (*results, *parts))
        else:
            self._add("user", results)
            self._add(role, parts)

    def _add(self, role: Role, parts: tuple[Part, ...]) -> None:
        if parts:
            self._turns.append(Message(role, parts))

    def _close_calls(self) -> None:
        calling, self._calling = tuple(self._calling), []
        self._add("assistant", calling)

    def _taken(self) -> tuple[Part, ...]:
        results, self._results = tuple(self._results), []
        return results


def _said(message: JSON, place: str) -> Iterator[Part]:
    """Pictures first, where Ollama itself puts them."""
    yield from read_images(message, place)
    if text := optional(message, "content", str, place):
        yield Text(text)


def _thought(message: JSON, place: str) -> Iterator[Thought]:
    if text := optional(message, "thinking", str, place):
        yield Thought(text)


def _calls(message: JSON, turn: int) -> Iterator[ToolCall]:
    place = f"messages[{turn}].tool_calls"
    for index, call in enumerate(optional(message, "tool_calls", list, f"messages[{turn}].") or ()):
        at = f"{place}[{index}]"
        yield _call(expect(call, dict, at), f"{at}.", f"call_{turn}_{index}")


def _call(call: JSON, place: str, own_id: str) -> ToolCall:
    function = required(call, "function", dict, place)
    name = required(function, "name", str, f"{place}function.")
    if not name:
        raise invalid(f"{place}function.name must not be empty", f"{place}function.name")
    arguments = read_arguments(function.get("arguments"), f"{place}function.arguments")
    return ToolCall(optional(call, "id", str, place) or own_id, name, arguments)


def _result(message: JSON, place: str, pending: Pending) -> ToolResult:
    call_id = optional(message, "tool_call_id", str, place)
    name = optional(message, "tool_name", str, place) or optional(message, "name", str, place)
    call = pending.take(call_id, name)
    if call is None:
        raise invalid(f"{place[:-1]}: no call is left that this result could answer", place[:-1])
    shown = tuple(part for part in _said(message, place) if isinstance(part, Text | Image))
    return ToolResult(call.id, shown)
