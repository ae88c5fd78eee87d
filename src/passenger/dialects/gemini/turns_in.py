"""`contents` as messages; it hides whose turn it is, which call a result answers, and where a seal is kept."""

from passenger.chat import Message, Part, Role, Seal, Thought, ToolCall, ToolResult
from passenger.decoding import JSON, expect, invalid, optional
from passenger.dialects.gemini.parts_in import read_call, read_content, read_result, read_signature
from passenger.dialects.gemini.repeated import objects
from passenger.pairing import Pending

_ROLES: dict[str, Role] = {
    "user": "user",
    "function": "user",
    "tool": "user",
    "model": "assistant",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
}


def read_contents(body: JSON) -> tuple[Message, ...]:
    """The turns of a conversation; those that say nothing are left out, all of them beside a system instruction.

    Raises:
        Failure: there is none, a part cannot be carried, or a result answers no call.
    """
    pending, turns = Pending(), list[Message]()
    for number, (place, turn) in enumerate(objects(body, "contents")):
        message = Message(_role(turn, place), tuple(_Turn(number, place, pending).read(turn)))
        if message.parts:
            turns.append(message)
        if message.parts and message.role == "user":
            pending.closed()
    if not turns and not (body.get("contents") and body.get("systemInstruction")):
        raise invalid("contents must not be empty", "contents")
    return tuple(turns)


def read_system(body: JSON) -> tuple[Message, ...]:
    """The system instruction, a text or the parts of one."""
    match body.get("systemInstruction"):
        case None:
            return ()
        case str(text):
            content: JSON = {"parts": [{"text": text}]}
        case other:
            content = expect(other, dict, "systemInstruction")
    parts = _Turn(0, "systemInstruction", Pending()).read(content)
    return (Message("system", tuple(parts)),) if parts else ()


def _role(turn: JSON, place: str) -> Role:
    name = optional(turn, "role", str, f"{place}.") or "user"
    if name not in _ROLES:
        raise invalid(f"{place}.role {name!r} is neither user nor model", f"{place}.role")
    return _ROLES[name]


class _Turn:
    """Reads the parts of one turn."""

    def __init__(self, number: int, place: str, pending: Pending) -> None:
        self._number = number
        self._place = place
        self._pending = pending
        self._results: list[ToolResult] = []
        self._parts: list[Part] = []
        self._calls = 0
        self._thinking: list[str] = []
        """The pieces of the thought that the parts end with, where it has no seal yet."""

    def read(self, turn: JSON) -> list[Part]:
        """The parts, results first."""
        for place, part in objects(turn, "parts", f"{self._place}."):
            self._add(part, place)
        self._end_thought()
        self._pending.called([part for part in self._parts if isinstance(part, ToolCall)])
        return [*self._results, *self._parts]

    def _add(self, part: JSON, place: str) -> None:
        read, sealed = self._read(part, place), read_signature(part, place)
        if isinstance(read, Thought):
            self._thinking.append(read.text)
            read = None
        if sealed is not None:
            self._seal(sealed)
        if isinstance(read, ToolResult):
            self._results.append(read)
        elif read is not None:
            self._end_thought()
            self._parts.append(read)

    def _read(self, part: JSON, place: str) -> Part | None:
        if (call := optional(part, "functionCall", dict, f"{place}.")) is not None:
            self._calls += 1
            return read_call(call, f"call_{self._number}_{self._calls - 1}", f"{place}.functionCall")
        if (result := optional(part, "functionResponse", dict, f"{place}.")) is not None:
            return self._result(result, f"{place}.functionResponse")
        return read_content(part, place)

    def _end_thought(self, seal: Seal | None = None, words: str = "") -> None:
        """Make one thought of the pieces that a stream has cut it into."""
        if self._thinking or seal:
            self._parts.append(Thought(words or "".join(self._thinking), seal))
            self._thinking = []

    def _seal(self, sealed: Thought) -> None:
        """Put it to the thought before this part, whose words a client may have changed or forgotten."""
        self._end_thought(sealed.seal, sealed.text)

    def _result(self, result: JSON, place: str) -> ToolResult:
        name = optional(result, "name", str, f"{place}.")
        call = self._pending.take(optional(result, "id", str, f"{place}."), name)
        if call is None:
            raise invalid(f"{place} answers no call", place)
        content, failed = read_result(result, place)
        return ToolResult(call.id, content, failed)
