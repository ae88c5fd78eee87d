"""Messages of a client as turns of a prompt; it hides who may say what in which field.

Facts: OpenAI's API reference ("Create chat completion"), and what clients were seen to send
(`docs/dialects/completions.md`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from passenger import seals
from passenger.chat import Document, Image, Message, Part, Refusal, Role, Text, Thought, ToolCall, ToolResult
from passenger.decoding import JSON, expect, invalid, optional, required
from passenger.dialects.completions.content_in import content_of, is_cached

NATIVE = "completions"
"""The origin of a seal that a client gives back without our mark."""

_ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_RESULTS = frozenset({"tool", "function"})
_READ = frozenset(
    {
        "role",
        "content",
        "refusal",
        "tool_calls",
        "function_call",
        "tool_call_id",
        "reasoning_text",
        "reasoning_opaque",
        "audio",
        "copilot_cache_control",
        "cache_control",
    }
)
_HARMLESS = frozenset({"annotations", "copilot_annotations", "provider_specific_fields", "id"})
"""What clients send back of an answer though nobody reads it."""


@dataclass(slots=True)
class Turns:
    """Reads the messages of one request, and remembers in `dropped` what it left out."""

    dropped: list[str] = field(default_factory=list)
    _turns: list[Message] = field(default_factory=list)
    _results: list[Part] = field(default_factory=list)
    _called: dict[str, str] = field(default_factory=dict)
    _customs: set[str] = field(default_factory=set)
    """The id we gave to the last `function_call` of each name."""

    def read(self, messages: list[object]) -> tuple[Message, ...]:
        """The turns: results of tools come first in the user's turn that follows them.

        Raises:
            Failure: a message cannot be understood, or not be carried, or none says anything.
        """
        if not messages:
            raise invalid("messages must not be empty", "messages")
        for index, message in enumerate(messages):
            place = f"messages[{index}]"
            self._add(expect(message, dict, place), index, place)
        self._close_results()
        if not self._turns:
            raise invalid("the messages say nothing", "messages")
        return tuple(self._turns)

    def _add(self, message: JSON, index: int, place: str) -> None:
        role = required(message, "role", str, f"{place}.")
        self._leave_out(message, role)
        if role in _RESULTS:
            self._results.append(self._result(message, place, role))
            return
        if role not in _ROLES:
            raise invalid(f"{place}.role: {role!r} is not a role", f"{place}.role")
        parts = tuple(self._parts(message, index, place, role))
        if is_cached(message):
            parts = _marked(parts)
        if role == "user":
            parts, self._results = (*self._results, *parts), []
        else:
            self._close_results()
        if parts:
            self._turns.append(Message(_ROLES[role], parts))

    def _leave_out(self, message: JSON, role: str) -> None:
        unread = message.keys() - _READ - _HARMLESS - ({"name"} if role in _RESULTS else set())
        self.dropped += [f"messages.{name}" for name in sorted(unread) if message[name] not in (None, "", [], {})]

    def _close_results(self) -> None:
        if self._results:
            self._turns.append(Message("user", tuple(self._results)))
            self._results = []

    def _parts(self, message: JSON, index: int, place: str, role: str) -> Iterator[Part]:
        if role == "assistant":
            yield from _thought(message, place)
        yield from content_of(message.get("content"), f"{place}.content")
        if role == "assistant":
            if refusal := optional(message, "refusal", str, f"{place}."):
                yield Refusal(refusal)
            for call in _calls(message, place):
                self._customs |= {call.id} if call.custom else set()
                yield call
            yield from self._legacy_call(message, index, place)
            if message.get("audio"):
                raise invalid(f"{place}.audio cannot be carried to this model", f"{place}.audio")

    # --- tools ---------------------------------------------------------------------------------------------------

    def _legacy_call(self, message: JSON, index: int, place: str) -> Iterator[ToolCall]:
        """The one call of an older client; it has no id, so it gets one of its place."""
        if call := optional(message, "function_call", dict, f"{place}."):
            name = required(call, "name", str, f"{place}.function_call.")
            call_id = self._called[name] = f"call_{index}"
            yield ToolCall(call_id, name, optional(call, "arguments", str, f"{place}.function_call.") or "")

    def _result(self, message: JSON, place: str, role: str) -> ToolResult:
        if role == "function":
            name = required(message, "name", str, f"{place}.")
            call_id = self._called.get(name, f"call_{name}")
        else:
            call_id = required(message, "tool_call_id", str, f"{place}.")
        parts = (_shown(part) for part in content_of(message.get("content"), f"{place}.content"))
        custom = call_id in self._customs
        return ToolResult(call_id, tuple(parts), custom=custom, cache=is_cached(message))


def _shown(part: Text | Refusal | Image | Document) -> Text | Image | Document:
    return Text(part.text) if isinstance(part, Refusal) else part


def _marked(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts of a message that has a breakpoint after it, which thus is after the last of them."""
    if parts and isinstance(parts[-1], Text | Image | Document | ToolCall):
        return (*parts[:-1], replace(parts[-1], cache=True))
    return parts


def _thought(message: JSON, place: str) -> Iterator[Part]:
    text = optional(message, "reasoning_text", str, f"{place}.")
    sealed = optional(message, "reasoning_opaque", str, f"{place}.")
    if text or sealed:
        yield Thought(text or "", seals.unwrap(sealed, NATIVE) if sealed else None)


def _calls(message: JSON, place: str) -> Iterator[ToolCall]:
    for index, call in enumerate(optional(message, "tool_calls", list, f"{place}.") or ()):
        yield _call(expect(call, dict, f"{place}.tool_calls[{index}]"), f"{place}.tool_calls[{index}]")


def _call(call: JSON, place: str) -> ToolCall:
    call_id = required(call, "id", str, f"{place}.")
    if custom := optional(call, "custom", dict, f"{place}."):
        inner = f"{place}.custom."
        return ToolCall(
            call_id, required(custom, "name", str, inner), optional(custom, "input", str, inner) or "", custom=True
        )
    function = required(call, "function", dict, f"{place}.")
    name = required(function, "name", str, f"{place}.function.")
    return ToolCall(call_id, name, optional(function, "arguments", str, f"{place}.function.") or "")
