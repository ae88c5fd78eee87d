"""The items of a request's input as messages of the neutral chat; it hides how many items make one turn."""

from dataclasses import dataclass, field

from msgspec.structs import replace

from passenger import seals
from passenger.chat import Message, Part, Role, Seal, Text, Thought, ToolCall, ToolResult
from passenger.decoding import invalid, mended
from passenger.dialects.responses import compaction
from passenger.dialects.responses.content_in import read_content, read_output
from passenger.dialects.responses.node import Node
from passenger.dialects.responses.tools_in import Offer

ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}

HOSTED = frozenset(
    {
        "web_search_call",
        "file_search_call",
        "image_generation_call",
        "code_interpreter_call",
        "mcp_call",
        "mcp_list_tools",
        "tool_search_call",
        "configuration_update",
    }
)
"""Items of tools that OpenAI runs by itself, whose finds are in the answer that follows, and of its backend's knobs."""


@dataclass(slots=True)
class History:
    """The turns so far, the tools that came with them, and the names of what was left out."""

    offer: Offer
    dropped: list[str] = field(default_factory=list)
    compacts: bool = False
    """Whether the input ended with a wish to be compacted."""
    _turns: list[tuple[Role, list[Part]]] = field(default_factory=list)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The turns as messages."""
        return tuple(Message(role, tuple(parts)) for role, parts in self._turns)

    def instruct(self, text: str) -> None:
        """Take the instructions, which stand outside the input."""
        self._turns.append(("system", [Text(text)]))

    def read(self, body: Node) -> None:
        """Take the whole input of a request."""
        if isinstance(body.get("input"), str):
            self._say("user", (Text(body.words("input")),))
            return
        if body.get("input") is None:
            raise invalid("input is missing", "input")
        items = body.nodes("input")
        self.compacts = bool(items) and items[-1].type == compaction.TRIGGER
        for item in items[:-1] if self.compacts else items:
            self._add(item)
        if self.compacts:
            self._say("user", (Text(compaction.REQUEST),))

    def _add(self, item: Node) -> None:
        match item.type or ("message" if item.get("role") is not None else ""):
            case "message":
                self._say(_role(item), read_content(item, "content"))
            case "reasoning":
                self._think(item)
            case "function_call" | "custom_tool_call":
                self._join("assistant", _call(item))
            case "function_call_output" | "custom_tool_call_output":
                self._join("user", _result(item))
            case "agent_message":
                self._say("user", self._heard(item))
            case "additional_tools":
                self.offer.add(item.nodes("tools"))
            case "tool_search_output":
                self.offer.add(item.nodes("tools"))
                self.dropped.append("input[tool_search_output]")
            case kind if kind in compaction.ITEMS:
                self._say("user", (Text(self._handed_over(item)),))
            case compaction.TRIGGER:
                raise invalid(f"a {compaction.TRIGGER} must be the last item", item.at("type"))
            case kind if kind in HOSTED:
                self.dropped.append(f"input[{kind}]")
            case "":
                raise invalid(f"{item.at('type')} is missing", item.at("type"))
            case kind:
                raise invalid(f"an item of type {kind!r} cannot be carried to this model", item.at("type"))

    def _say(self, role: Role, parts: tuple[Part, ...]) -> None:
        """Add a message; what an assistant says in several items is one turn."""
        if role == "assistant":
            for part in parts:
                self._join(role, part)
        elif parts:
            self._turns.append((role, list(parts)))

    def _think(self, item: Node) -> None:
        sealed = item.text("encrypted_content")
        texts = [part.words("text") for part in (*item.nodes("summary"), *item.nodes("content"))]
        shown = [part.words("text") for part in item.nodes("summary")] or texts
        if shown or sealed:
            self._join("assistant", Thought("\n\n".join(shown), _seal(sealed) if sealed else None))

    def _heard(self, item: Node) -> tuple[Part, ...]:
        """What another of Codex's agents has said, as far as it is not sealed for OpenAI's own models."""
        texts = [Text(part.words("text")) for part in item.nodes("content") if part.type == "input_text"]
        if len(texts) < len(item.nodes("content")):
            self.dropped.append("input[agent_message].encrypted_content")
        return tuple(texts)

    def _handed_over(self, item: Node) -> str:
        """What stands for the turns that an item has taken the place of."""
        sealed, place = item.text("encrypted_content"), item.at("encrypted_content")
        try:
            found = compaction.opened(sealed) if sealed else None
        except ValueError as error:
            raise invalid(compaction.broken(place), place) from error
        if found is None:
            self.dropped.append(f"input[{item.type}]")
        return found or compaction.UNREADABLE

    def _join(self, role: Role, part: Part) -> None:
        """Add a part to the turn that it belongs to, which begins with it where the last one is another's."""
        at, parts = self._turns[-1] if self._turns else ("system", [])
        if at == role and (role == "assistant" or isinstance(parts[-1], ToolResult)):
            parts.append(part)
        else:
            self._turns.append((role, [part]))


def _role(item: Node) -> Role:
    role = item.word("role")
    if role not in ROLES:
        raise invalid(f"{item.at('role')} {role!r} is not known", item.at("role"))
    return ROLES[role]


def _seal(text: str) -> Seal:
    seal = seals.unwrap(text, native="responses")
    # What a client made up may decode to what no JSON can hold.
    return replace(seal, value=mended(seal.value))


def _call(item: Node) -> ToolCall:
    custom = item.type == "custom_tool_call"
    return ToolCall(
        id=item.word("call_id"),
        name=item.word("name"),
        arguments=item.words("input" if custom else "arguments"),
        namespace=item.text("namespace"),
        custom=custom,
    )


def _result(item: Node) -> ToolResult:
    custom = item.type == "custom_tool_call_output"
    return ToolResult(item.word("call_id"), read_output(item, "output"), custom=custom)
