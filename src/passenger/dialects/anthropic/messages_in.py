"""The conversation of a client's Messages request, read into the hub's messages and parts.

https://platform.claude.com/docs/en/api/messages and, for what clients were seen to send, `docs/dialects/messages.md`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain

import msgspec
from msgspec.structs import replace

from passenger.chat import signatures
from passenger.chat.prompt import Document, Image, Message, Part, Reasoning, Role, Signature, Text, ToolCall, ToolResult
from passenger.dialects.anthropic.web_search_in import has_search, split_searches
from passenger.jsontext.node import JsonNode, as_node
from passenger.jsontext.reading import expect, invalid

NATIVE = "messages"
"""The origin of a signature that a client returns without our prefix."""

BlockContent = Text | Image | Document


@dataclass(slots=True)
class Blocks:
    """Reads the blocks of one request, and remembers in `dropped` what it left out."""

    dropped: list[str] = field(default_factory=list)

    def read(self, content: object, place: str, kinds: frozenset[str]) -> tuple[Part, ...]:
        """Read a string or a list of blocks of these kinds. Fails for others that Anthropic's servers did not write."""
        if content is None:
            return ()
        if isinstance(content, str):
            return (Text(content),) if content else ()
        blocks = expect(content, list, place)
        found = (self._part(block, f"{place}.{index}", kinds) for index, block in enumerate(blocks))
        return tuple(chain.from_iterable(found))

    def _part(self, block: object, place: str, kinds: frozenset[str]) -> Iterator[Part]:
        node = as_node(block, place)
        kind = node.required_text("type")
        if kind in kinds:
            yield from READERS[kind](self, node)
        elif _is_server_block(kind):
            self.dropped.append(f"messages[{kind}]")
        else:
            raise invalid(f"{place}: {kind!r} blocks cannot be carried to this model", place)

    def read_breakpoint(self, block: JsonNode) -> bool:
        """Whether the client set a cache breakpoint here."""
        marker = block.node("cache_control")
        if marker and marker.get("ttl") not in (None, "5m"):
            self.dropped.append("cache_control.ttl")
        return marker is not None

    def read_inner(self, block: JsonNode) -> tuple[BlockContent, ...]:
        """Read the `content` of a block: what a tool returned or a document consists of."""
        content = self.read(block.get("content"), block.at("content"), INNER)
        return tuple(part for part in content if isinstance(part, BlockContent))


def _is_server_block(kind: str) -> bool:
    """Whether Anthropic's own servers wrote the block: a search that was made, code that was run."""
    return kind in {"server_tool_use", "mcp_tool_use"} or kind.endswith("_tool_result")


# --- one reader for each kind ------------------------------------------------------------------------------------


def _text(blocks: Blocks, block: JsonNode) -> Iterator[Part]:
    text = block.required_text("text")
    if block.get("citations"):
        blocks.dropped.append("citations")
    if text:
        yield Text(text, blocks.read_breakpoint(block))


def _image(blocks: Blocks, block: JsonNode) -> Iterator[Part]:
    media_type, data = _base64(block.required_node("source"))
    yield Image(media_type, data, cache=blocks.read_breakpoint(block))


def _base64(source: JsonNode) -> tuple[str, str]:
    kind = source.get("type")
    if kind != "base64":
        message = f"{source.path}: only base64 data can be carried, not {kind!r}; send the file's own bytes"
        raise invalid(message, source.path)
    return source.required_text("media_type"), source.required_text("data")


def _document(blocks: Blocks, block: JsonNode) -> Iterator[Part]:
    """Read a document. Its context comes first as text; a text document is text with its title."""
    source, title = block.required_node("source"), block.text("title")
    if (block.get("citations") or {}) not in ({}, {"enabled": False}):
        blocks.dropped.append("citations")
    if context := block.text("context"):
        yield Text(context)
    cache = blocks.read_breakpoint(block)
    if source.get("type") not in ("text", "content"):
        media_type, data = _base64(source)
        yield Document(media_type, data, title, cache)
        return
    parts = _text_document(blocks, source)
    if title and parts:
        yield Text(title)
    yield from (*parts[:-1], *(replace(part, cache=cache or part.cache) for part in parts[-1:]))


def _text_document(blocks: Blocks, source: JsonNode) -> tuple[BlockContent, ...]:
    if source.type == "content":
        return blocks.read_inner(source)
    text = source.required_text("data")
    return (Text(text),) if text else ()


def _search_result(blocks: Blocks, block: JsonNode) -> Iterator[Part]:
    """Read a result of the client's own search: its title and source, then its content."""
    yield Text("\n".join(map(block.required_text, ("title", "source"))))
    yield from blocks.read_inner(block)


def _thinking(_: Blocks, block: JsonNode) -> Iterator[Part]:
    text, signature = block.text("thinking") or "", block.text("signature") or ""
    unwrapped = signatures.unwrap(signature, NATIVE)
    if text or unwrapped.value:
        yield Reasoning(text, unwrapped if unwrapped.value else None)


def _redacted(_: Blocks, block: JsonNode) -> Iterator[Part]:
    signature = signatures.unwrap(block.required_text("data"), NATIVE)
    yield Reasoning("", Signature(signature.origin, signature.value, redacted=True))


def _tool_use(blocks: Blocks, block: JsonNode) -> Iterator[Part]:
    arguments = block.node_or_empty("input").fields
    yield ToolCall(
        block.required_text("id"),
        block.required_text("name"),
        msgspec.json.encode(arguments).decode(),
        cache=blocks.read_breakpoint(block),
    )


def _tool_result(blocks: Blocks, block: JsonNode) -> Iterator[Part]:
    yield ToolResult(
        block.required_text("tool_use_id"),
        blocks.read_inner(block),
        error=block.boolean("is_error") or False,
        cache=blocks.read_breakpoint(block),
    )


def _tool_reference(blocks: Blocks, block: JsonNode) -> Iterator[Part]:
    """Read a deferred tool that a search found. The model knows it already, since no tool is deferred here."""
    yield Text(f"Tool found: {block.required_text('tool_name')}", blocks.read_breakpoint(block))


READERS: dict[str, Callable[[Blocks, JsonNode], Iterator[Part]]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "tool_reference": _tool_reference,
}

SYSTEM = frozenset({"text"})
INNER = frozenset({"text", "image", "document", "search_result", "tool_reference"})
USER = frozenset({"text", "image", "document", "search_result", "tool_result"})
ASSISTANT = frozenset({"text", "thinking", "redacted_thinking", "tool_use"})


# --- the conversation -------------------------------------------------------------------------------------------------

_ROLES: dict[str, tuple[Role, frozenset[str]]] = {
    "user": ("user", USER),
    "assistant": ("assistant", ASSISTANT),
    "system": ("system", SYSTEM),
    "developer": ("system", SYSTEM),
}


def read_messages(body: JsonNode, blocks: Blocks) -> tuple[Message, ...]:
    """The conversation: `system`, then the messages that say anything. The last must not be the assistant's."""
    system = blocks.read(body.get("system"), "system", SYSTEM)
    first = [Message("system", system)] if system else []
    nodes = (as_node(entry, f"messages.{i}") for i, entry in enumerate(body.array("messages")))
    turns = [_message(node, blocks) for whole in nodes for node in _split(whole)]
    kept = [turn for turn in turns if turn.parts]
    if not kept:
        raise invalid("messages must say something", "messages")
    if kept[-1].role == "assistant":
        message = "the last message must not be the assistant's: this model cannot continue an answer"
        raise invalid(message, "messages")
    return (*first, *kept)


def _split(message: JsonNode) -> Iterator[JsonNode]:
    """The message; one with searches that Anthropic's servers made as several."""
    if message.get("role") != "assistant" or not has_search(message.get("content")):
        return iter((message,))
    return (JsonNode(part, message.path) for part in split_searches(message.fields))


def _message(message: JsonNode, blocks: Blocks) -> Message:
    role = message.required_text("role")
    if role not in _ROLES:
        raise message.wrong("role", "user, assistant or system")
    meant, kinds = _ROLES[role]
    return Message(meant, _results_first(blocks.read(message.get("content"), message.at("content"), kinds)))


def _results_first(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda part: not isinstance(part, ToolResult)))
