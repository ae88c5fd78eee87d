"""Content blocks of a client as parts; it hides the many shapes that content may take.

Facts: Anthropic's API reference ("Create a Message"), and what clients were seen to send (`docs/dialects/messages.md`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain

import msgspec
from msgspec.structs import replace

from passenger import seals
from passenger.chat import Document, Image, Part, Seal, Text, Thought, ToolCall, ToolResult
from passenger.decoding import JSON, expect, invalid, optional, required

NATIVE = "messages"
"""The origin of a seal that a client gives back without our mark."""

Shown = Text | Image | Document


@dataclass(slots=True)
class Blocks:
    """Reads the blocks of one request, and remembers in `dropped` what it left out."""

    dropped: list[str] = field(default_factory=list)

    def read(self, content: object, place: str, kinds: frozenset[str]) -> tuple[Part, ...]:
        """The parts of a content, which is a string or a list of blocks of these kinds.

        Raises:
            Failure: a block is of another kind, or means something that no other dialect can say.
        """
        if content is None:
            return ()
        if isinstance(content, str):
            return (Text(content),) if content else ()
        blocks = expect(content, list, place)
        found = (self._part(block, f"{place}.{index}", kinds) for index, block in enumerate(blocks))
        return tuple(chain.from_iterable(found))

    def _part(self, block: object, place: str, kinds: frozenset[str]) -> Iterator[Part]:
        shape = expect(block, dict, place)
        kind = required(shape, "type", str, f"{place}.")
        if kind in kinds:
            yield from READERS[kind](self, shape, f"{place}.")
        elif _is_servers(kind):
            self.dropped.append(f"messages[{kind}]")
        else:
            raise invalid(f"{place}: {kind!r} blocks cannot be carried to this model", place)

    def marked(self, block: JSON, place: str) -> bool:
        """Whether the client set a cache breakpoint here."""
        marker = optional(block, "cache_control", dict, place)
        if marker and marker.get("ttl") not in (None, "5m"):
            self.dropped.append("cache_control.ttl")
        return marker is not None

    def shown(self, content: object, place: str) -> tuple[Shown, ...]:
        """The parts of what a tool gave back or a document consists of."""
        return tuple(part for part in self.read(content, place, INNER) if isinstance(part, Shown))


def _is_servers(kind: str) -> bool:
    """Whether Anthropic's own servers wrote the block: a search that was made, code that was run."""
    return kind in {"server_tool_use", "mcp_tool_use"} or kind.endswith("_tool_result")


# --- one reader a kind -------------------------------------------------------------------------------------------


def _text(blocks: Blocks, block: JSON, place: str) -> Iterator[Part]:
    text = required(block, "text", str, place)
    if block.get("citations"):
        blocks.dropped.append("citations")
    if text:
        yield Text(text, blocks.marked(block, place))


def _image(blocks: Blocks, block: JSON, place: str) -> Iterator[Part]:
    source = required(block, "source", dict, place)
    media_type, data = _base64(source, place)
    yield Image(media_type, data, cache=blocks.marked(block, place))


def _base64(source: JSON, place: str) -> tuple[str, str]:
    kind = source.get("type")
    if kind != "base64":
        message = f"{place}source: only base64 data can be carried, not {kind!r}; send the file's own bytes"
        raise invalid(message, f"{place}source")
    return required(source, "media_type", str, f"{place}source."), required(source, "data", str, f"{place}source.")


def _document(blocks: Blocks, block: JSON, place: str) -> Iterator[Part]:
    """A document's context comes before it as text; one that is text itself is text with its title."""
    source, title = required(block, "source", dict, place), optional(block, "title", str, place)
    if (block.get("citations") or {}) not in ({}, {"enabled": False}):
        blocks.dropped.append("citations")
    if context := optional(block, "context", str, place):
        yield Text(context)
    cache = blocks.marked(block, place)
    if source.get("type") not in ("text", "content"):
        media_type, data = _base64(source, place)
        yield Document(media_type, data, title, cache)
        return
    parts = _written(blocks, source, place)
    if title and parts:
        yield Text(title)
    yield from (*parts[:-1], *(replace(part, cache=cache or part.cache) for part in parts[-1:]))


def _written(blocks: Blocks, source: JSON, place: str) -> tuple[Shown, ...]:
    if source["type"] == "content":
        return blocks.shown(source.get("content"), f"{place}source.content")
    text = required(source, "data", str, f"{place}source.")
    return (Text(text),) if text else ()


def _search_result(blocks: Blocks, block: JSON, place: str) -> Iterator[Part]:
    """What a client's own search found: its title and source, then what it says."""
    head = [required(block, name, str, place) for name in ("title", "source")]
    yield Text("\n".join(head))
    yield from blocks.shown(block.get("content"), f"{place}content")


def _thinking(_: Blocks, block: JSON, place: str) -> Iterator[Part]:
    text, signature = optional(block, "thinking", str, place) or "", optional(block, "signature", str, place) or ""
    seal = seals.unwrap(signature, NATIVE)
    if text or seal.value:
        yield Thought(text, seal if seal.value else None)


def _redacted(_: Blocks, block: JSON, place: str) -> Iterator[Part]:
    seal = seals.unwrap(required(block, "data", str, place), NATIVE)
    yield Thought("", Seal(seal.origin, seal.value, redacted=True))


def _tool_use(blocks: Blocks, block: JSON, place: str) -> Iterator[Part]:
    arguments = optional(block, "input", dict, place) or {}
    yield ToolCall(
        required(block, "id", str, place),
        required(block, "name", str, place),
        msgspec.json.encode(arguments).decode(),
        cache=blocks.marked(block, place),
    )


def _tool_result(blocks: Blocks, block: JSON, place: str) -> Iterator[Part]:
    yield ToolResult(
        required(block, "tool_use_id", str, place),
        blocks.shown(block.get("content"), f"{place}content"),
        error=optional(block, "is_error", bool, place) or False,
        cache=blocks.marked(block, place),
    )


def _tool_reference(blocks: Blocks, block: JSON, place: str) -> Iterator[Part]:
    """A deferred tool that a search has found: the model knows it already, for no tool is deferred here."""
    yield Text(f"Tool found: {required(block, 'tool_name', str, place)}", blocks.marked(block, place))


READERS: dict[str, Callable[[Blocks, JSON, str], Iterator[Part]]] = {
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
