"""The items of a request's input as messages of the neutral chat.

https://platform.openai.com/docs/api-reference/responses/create#responses-create-input
"""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from msgspec.structs import replace

from passenger.chat import signatures
from passenger.chat.prompt import (
    Document,
    Image,
    Message,
    Part,
    Reasoning,
    Refusal,
    Role,
    Signature,
    Text,
    ToolCall,
    ToolResult,
)
from passenger.dialects.openai.responses import compaction
from passenger.dialects.openai.responses.web_search_item import read_searched
from passenger.jsontext.node import JsonNode
from passenger.jsontext.reading import invalid
from passenger.jsontext.surrogates import replace_surrogates

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
"""Items that are left out: calls of tools that OpenAI runs itself, whose results are in the answer that follows, and
settings of its backend."""

InputContent = Text | Image | Document


@dataclass(slots=True)
class History:
    """The messages of an input, the tools that came with them, and the names of what was left out."""

    tools: list[JsonNode] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    compacts: bool = False
    """Whether the input ended with a `compaction_trigger`."""
    _turns: list[tuple[Role, list[Part]]] = field(default_factory=list)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The turns as messages."""
        return tuple(Message(role, tuple(parts)) for role, parts in self._turns)

    def read(self, body: JsonNode) -> None:
        """Add the instructions and the whole input of a request."""
        if (instructions := body.text("instructions")) is not None:
            self._turns.append(("system", [Text(instructions)]))
        if isinstance(body.get("input"), str):
            self._add_message("user", (Text(body.required_text("input")),))
            return
        if body.get("input") is None:
            raise body.missing("input")
        items = body.nodes("input")
        self.compacts = bool(items) and items[-1].type == compaction.TRIGGER
        for item in items[:-1] if self.compacts else items:
            self._add_item(item)
        if self.compacts:
            self._add_message("user", (Text(compaction.REQUEST),))

    def _add_item(self, item: JsonNode) -> None:
        match item.type or ("message" if item.get("role") is not None else ""):
            case "message":
                self._add_message(_read_role(item), read_content(item, "content"))
            case "reasoning":
                self._add_reasoning(item)
            case "function_call" | "custom_tool_call":
                self._add_part("assistant", _read_call(item))
            case "function_call_output" | "custom_tool_call_output":
                self._add_part("user", _read_result(item))
            case "agent_message":
                self._add_message("user", self._read_agent_message(item))
            case "additional_tools":
                self.tools += item.nodes("tools")
            case "tool_search_output":
                self.tools += item.nodes("tools")
                self.dropped.append("input[tool_search_output]")
            case kind if kind in compaction.ITEMS:
                self._add_message("user", (Text(self._read_compaction(item)),))
            case compaction.TRIGGER:
                raise invalid(f"a {compaction.TRIGGER} must be the last item", item.at("type"))
            case kind if kind in HOSTED:
                self._add_hosted(item)
            case "":
                raise item.missing("type")
            case kind:
                raise invalid(f"an item of type {kind!r} cannot be carried to this model", item.at("type"))

    def _add_hosted(self, item: JsonNode) -> None:
        """Add a search that tells what it found, as a call; leave out what other tools of OpenAI's did."""
        found = read_searched(item) if item.type == "web_search_call" else None
        if found is None:
            self.dropped.append(f"input[{item.type}]")
        else:
            self._add_part("assistant", found[0])
            self._add_part("user", found[1])

    def _add_message(self, role: Role, parts: tuple[Part, ...]) -> None:
        """Add a message. Consecutive items of an assistant are one turn."""
        if role == "assistant":
            for part in parts:
                self._add_part(role, part)
        elif parts:
            self._turns.append((role, list(parts)))

    def _add_part(self, role: Role, part: Part) -> None:
        """Add a part to the last turn where it belongs there, or else to a new one."""
        last, parts = self._turns[-1] if self._turns else ("system", [])
        if last == role and (role == "assistant" or isinstance(parts[-1], ToolResult)):
            parts.append(part)
        else:
            self._turns.append((role, [part]))

    def _add_reasoning(self, item: JsonNode) -> None:
        encrypted = item.text("encrypted_content")
        summary = [part.required_text("text") for part in item.nodes("summary")]
        content = [part.required_text("text") for part in item.nodes("content")]
        signature = _read_signature(encrypted) if encrypted else None
        if summary or content or signature:
            self._add_part("assistant", Reasoning("\n\n".join(summary or content), signature))

    def _read_agent_message(self, item: JsonNode) -> tuple[Part, ...]:
        """The texts of another of Codex's agents, without those that are encrypted for OpenAI's own models."""
        texts = [Text(part.required_text("text")) for part in item.nodes("content") if part.type == "input_text"]
        if len(texts) < len(item.nodes("content")):
            self.dropped.append("input[agent_message].encrypted_content")
        return tuple(texts)

    def _read_compaction(self, item: JsonNode) -> str:
        """The text in the place of the turns that were compacted."""
        encrypted = item.text("encrypted_content")
        found = compaction.read_summary(encrypted, item.at("encrypted_content")) if encrypted else None
        if found is None:
            self.dropped.append(f"input[{item.type}]")
        return found or compaction.UNREADABLE


def _read_role(item: JsonNode) -> Role:
    role = item.filled_text("role")
    if role not in ROLES:
        raise invalid(f"{item.at('role')} {role!r} is not known", item.at("role"))
    return ROLES[role]


def _read_signature(text: str) -> Signature:
    signature = signatures.unwrap(text, native="responses")
    # A text that was not made here may decode to lone surrogates, which no JSON can hold.
    return replace(signature, value=replace_surrogates(signature.value))


def _read_call(item: JsonNode) -> ToolCall:
    custom = item.type == "custom_tool_call"
    return ToolCall(
        id=item.filled_text("call_id"),
        name=item.filled_text("name"),
        arguments=item.required_text("input" if custom else "arguments"),
        namespace=item.text("namespace"),
        custom=custom,
    )


def _read_result(item: JsonNode) -> ToolResult:
    custom = item.type == "custom_tool_call_output"
    return ToolResult(item.filled_text("call_id"), read_output(item, "output"), custom=custom)


# --- content -----------------------------------------------------------------------------------------------------

_MAX_HEAD = 1000
"""Characters of a data URL before its data, at most."""

_PIECE = 64 * 1024


def read_content(node: JsonNode, name: str) -> tuple[Part, ...]:
    """The parts of a message's content, which is a string or a list of parts."""
    if isinstance(node.get(name), str):
        return (Text(node.required_text(name)),)
    if node.get(name) is None:
        raise node.missing(name)
    return tuple(_read_part(part) for part in node.nodes(name))


def read_output(node: JsonNode, name: str) -> tuple[InputContent, ...]:
    """The parts of a tool's output: texts, images and files."""
    parts = read_content(node, name)
    allowed = tuple(part for part in parts if isinstance(part, InputContent))
    if len(allowed) < len(parts):
        raise invalid(f"{node.at(name)} may hold text, images and files", node.at(name))
    return allowed


def _read_part(part: JsonNode) -> Part:
    match part.type:
        case "input_text" | "output_text" | "text":
            return Text(part.required_text("text"))
        case "refusal":
            return Refusal(part.required_text("refusal"))
        case "input_image":
            return _read_image(part)
        case "input_file":
            return _read_file(part)
        case kind:
            raise invalid(f"a part of type {kind!r} cannot be carried to this model", part.at("type"))


def _read_image(part: JsonNode) -> Image:
    if part.get("file_id") is not None:
        raise invalid("no files are kept here: send the image as a data URL", part.at("file_id"))
    url = part.filled_text("image_url")
    if not url.lower().startswith("data:"):
        message = "an image must be a data URL (data:image/png;base64,...): it is not fetched from elsewhere"
        raise invalid(message, part.at("image_url"))
    media_type, data = _read_data_url(url, part.at("image_url"))
    return Image(media_type, data, part.text("detail"))


def _read_file(part: JsonNode) -> Document:
    for name in ("file_id", "file_url"):
        if part.get(name) is not None:
            raise invalid("no files are kept or fetched here: send the file itself as file_data", part.at(name))
    data, media_type = part.filled_text("file_data"), "application/pdf"
    if data[:5].lower() == "data:":
        media_type, data = _read_data_url(data, part.at("file_data"))
    return Document(media_type, data, part.text("filename"))


def _read_data_url(url: str, place: str) -> tuple[str, str]:
    """The media type and the base64 of a data URL (RFC 2397), which may be percent-encoded instead."""
    head, comma, data = url[5:].partition(",")
    media_type, *attributes = head[:_MAX_HEAD].split(";")
    if not comma or len(head) > _MAX_HEAD:
        raise invalid(f"{place} is not a data URL", place)
    if "base64" not in (attribute.strip().lower() for attribute in attributes):
        data = b64encode(b"".join(map(unquote_to_bytes, _pieces(data.encode())))).decode()
    return media_type.strip().lower() or "application/octet-stream", data


def _pieces(quoted: bytes) -> Iterator[bytes]:
    """Percent-encoded bytes in pieces that end between escapes: decoding costs a list entry or two for each escape."""
    start = 0
    while start < len(quoted):
        end = start + _PIECE
        end += (quoted.rfind(b"%", end - 2, end) + 3 - end) if quoted.rfind(b"%", end - 2, end) >= 0 else 0
        yield quoted[start:end]
        start = end
