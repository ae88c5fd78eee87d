"""A block of a stream while it is open, by its kind; it hides when the seal and a custom tool's text are known."""

from collections.abc import Iterable, Iterator

import msgspec

from passenger.arguments import unwrap_input
from passenger.chat import Seal
from passenger.dialects.messages.wire import Block, Piece
from passenger.events import Delta, Event, PartStart, PartStop
from passenger.toolnames import Names


class Open:
    """A block that is nobody's business here: a server's tool, and what is yet to come."""

    def begin(self) -> Iterator[Event]:
        """What its beginning says."""
        yield from ()

    def more(self, delta: Piece) -> Iterable[Event]:
        """What one more piece of it says."""
        return ()

    def close(self) -> Iterator[Event]:
        """What its end says."""
        yield from ()


class _Words(Open):
    def __init__(self, block: Block) -> None:
        self._first = block.text

    def begin(self) -> Iterator[Event]:
        yield PartStart("text")
        if self._first:
            yield Delta(self._first)

    def more(self, delta: Piece) -> Iterable[Event]:
        return (Delta(delta.text),) if delta.text else ()

    def close(self) -> Iterator[Event]:
        yield PartStop()


class _Thinking(Open):
    """Thoughts; the seal comes last, or with the block's start where the thoughts are withheld."""

    def __init__(self, block: Block, origin: str) -> None:
        self._first = block.thinking
        self._redacted = block.type == "redacted_thinking"
        self._seal = (block.data if self._redacted else block.signature) or ""
        self._origin = origin

    def begin(self) -> Iterator[Event]:
        yield PartStart("thought")
        if self._first:
            yield Delta(self._first)

    def more(self, delta: Piece) -> Iterable[Event]:
        self._seal += delta.signature or ""
        return (Delta(delta.thinking),) if delta.thinking else ()

    def close(self) -> Iterator[Event]:
        yield PartStop(Seal(self._origin, self._seal, self._redacted) if self._seal else None)


class Call(Open):
    """A tool call; a custom tool's text is known only when its object is whole."""

    def __init__(self, block: Block, names: Names) -> None:
        tool = names.meant(block.name or "")
        self._start = PartStart("call", block.id or "", tool.name, tool.namespace, tool.custom)
        self._whole = block.input
        self._said = False
        self._pieces: list[str] = []

    def begin(self) -> Iterator[Event]:
        """The call's name; its arguments follow."""
        yield self._start

    def more(self, delta: Piece) -> Iterator[Event]:
        """More of the arguments, held back where they only wrap a custom tool's text."""
        if not delta.partial_json:
            return
        self._said = True
        if self._start.custom:
            self._pieces.append(delta.partial_json)
        else:
            yield Delta(delta.partial_json)

    def close(self) -> Iterator[Event]:
        """What was held back, and what the block began with where nothing came later."""
        if self._start.custom:
            written = "".join(self._pieces) or (msgspec.json.encode(self._whole).decode() if self._whole else "")
            if text := unwrap_input(written):
                yield Delta(text)
        elif self._whole and not self._said:
            yield Delta(msgspec.json.encode(self._whole).decode())
        yield PartStop()


def open_block(block: Block, origin: str, names: Names) -> Open:
    """The block that has begun; `origin` is that of its seal."""
    match block.type:
        case "text":
            return _Words(block)
        case "thinking" | "redacted_thinking":
            return _Thinking(block, origin)
        case "tool_use":
            return Call(block, names)
        case _:
            return Open()
