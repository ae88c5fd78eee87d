"""One typed look at a request: who speaks, what is shown, and what of it relaying may have to change.

Decoding these few fields is cheaper than searching the bytes for each of them, and mistakes no text for a field. No
text is made of what only passes: the words of a history are most of its bytes.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from passenger.decoding import decode_as, invalid, loads
from passenger.seals import PREFIX

BREAKPOINT: Final = "breakpoint"
"""Something bears a prompt-cache breakpoint."""
CACHE_SCOPE: Final = "cache scope"
"""A breakpoint says how far it reaches."""
EAGER_STREAMING: Final = "eager streaming"
"""A tool asks for its arguments before they are checked."""
SERVER_TOOL: Final = "server tool"
"""A tool is one of those that only Anthropic's servers run."""
EMPTY_TEXT: Final = "empty text"
"""A block has a text without words."""
STRANGE_SEAL: Final = "strange seal"
"""A thought is sealed by nobody, or carries a seal that was wrapped here."""
SYSTEM_MESSAGE: Final = "system message"
"""The system speaks among the messages."""

SEALED_BY: Final = {"thinking": "signature", "redacted_thinking": "data"}
"""The field of a thought's seal, by the type of its block."""

SERVER_TOOLS = ("web_search_", "web_fetch_", "code_execution_")
"""Beginnings of the types of tools that only Anthropic's servers run."""

SYSTEM = frozenset({"developer", "system"})

DEEPEST = 2
"""Levels of blocks in blocks that are looked into: a tool's result, and what it has found."""


class Tool(Struct, gc=False):
    """A tool."""

    type: Any = None
    cache_control: Raw | UnsetType = UNSET
    eager_input_streaming: Raw | UnsetType = UNSET


class Block(Struct, gc=False):
    """A block; what it holds is read by those who want it."""

    type: str = ""
    text: Raw | UnsetType = UNSET
    signature: Raw | UnsetType = UNSET
    data: Raw | UnsetType = UNSET
    cache_control: Raw | UnsetType = UNSET
    content: Raw | UnsetType = UNSET
    source: Raw | UnsetType = UNSET


class Message(Struct):
    """A turn, or a part of one."""

    role: str
    content: str | list[Block] | None = None


class _Thinking(Struct, gc=False):
    type: str = ""


class Asked(Struct):
    """A request, whatever its tools are."""

    model: str
    messages: list[Message]
    stream: bool | None = None
    tools: list[Any] | None = None
    thinking: _Thinking | None = None
    thread: Raw | UnsetType = UNSET


class _Ordinary(Asked):
    tools: list[Tool] | None = None
    system: str | list[Block] | None = None


class _Source(Struct, gc=False):
    content: Raw | UnsetType = UNSET


_ASKED = msgspec.json.Decoder(Asked)
_ORDINARY = msgspec.json.Decoder(_Ordinary)
_BLOCKS = msgspec.json.Decoder(list[Block])
_SOURCE = msgspec.json.Decoder(_Source)


class Look(NamedTuple):
    """What a look has shown."""

    asked: Asked
    vision: bool
    shows: frozenset[str] | None
    """Which of the words above fit; None where it cannot be told."""


def look_at(body: bytes) -> Look:
    """A look at a request.

    Raises:
        Failure: it is not JSON, or a field that must be known is missing or of the wrong type.
    """
    try:
        asked: Asked = _ORDINARY.decode(body)
        sight = _Sight(_of_tools(asked.tools or ()))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        asked, sight = decode_as(_ASKED, body), _Sight(())
        sight.clear = False
    try:
        for message in asked.messages:
            sight.see_message(message)
    except (msgspec.ValidationError, _OddError) as error:
        decode_as(_NAMING, body)
        raise invalid("a content is of another type", "messages") from error
    if isinstance(asked, _Ordinary) and isinstance(asked.system, list):
        sight.see_system(asked.system)
    return Look(asked, sight.vision, frozenset(sight.shows) if sight.clear else None)


def words(raw: Raw | UnsetType) -> str | None:
    """The text that a field holds, None where it holds none."""
    value = None if raw is UNSET else loads(bytes(raw))
    return value if isinstance(value, str) else None


# --- what is seen ------------------------------------------------------------------------------------------------


class _OddError(Exception):
    """Something is of another type than it must be."""


_QUOTE, _BRACKET, _BRACE, _NULL = b'"[{n'
_WORDS = frozenset({_QUOTE, _NULL})
_NO_WORDS = 2
"""Bytes of a text without words: its quotes."""
_SEAL = b'"' + PREFIX


class _Sight:
    """What has been seen so far."""

    __slots__ = ("clear", "shows", "vision")

    def __init__(self, shows: Iterable[str]) -> None:
        self.shows = {*shows}
        self.vision = False
        self.clear = True

    def see_message(self, message: Message) -> None:
        """See one message.

        Raises:
            msgspec.ValidationError, _OddError: something is of another type.
        """
        if message.role in SYSTEM:
            self.shows.add(SYSTEM_MESSAGE)
        if type(message.content) is list:
            for block in message.content:
                self._see(block)
                if block.text is not UNSET and memoryview(block.text)[0] not in _WORDS:
                    raise _OddError
                if block.content is not UNSET:
                    self._see_content(block.content)
                if block.source is not UNSET and block.type != "image":
                    self._see_source(block.source)

    def see_system(self, blocks: list[Block]) -> None:
        """See the system's words; nothing of them can be wrong here."""
        for block in blocks:
            self._see(block)
            self.clear = self.clear and block.content is UNSET

    def _see(self, block: Block) -> None:
        """What a block shows of itself."""
        kind = block.type
        if kind == "image":
            self.vision = True
        elif kind in SEALED_BY and _is_strange(block.signature if kind == "thinking" else block.data):
            self.shows.add(STRANGE_SEAL)
        if block.text is not UNSET and memoryview(block.text).nbytes == _NO_WORDS:
            self.shows.add(EMPTY_TEXT)
        if block.cache_control is not UNSET:
            self.shows.update(_of_breakpoint(block.cache_control))

    def _see_content(self, content: Raw) -> None:
        """A tool's result, or what else is in a block."""
        first = memoryview(content)[0]
        if first == _BRACKET:
            self._see_blocks(_BLOCKS.decode(content), DEEPEST)
        elif first not in _WORDS and first != _BRACE:
            raise _OddError

    def _see_source(self, source: Raw) -> None:
        """The text of a document that comes in blocks."""
        content = _SOURCE.decode(source).content if memoryview(source)[0] == _BRACE else UNSET
        if content is not UNSET and memoryview(content)[0] == _BRACKET:
            self.vision = self.vision or any(inner.type == "image" for inner in _BLOCKS.decode(content))

    def _see_blocks(self, blocks: list[Block], levels: int) -> None:
        """Blocks in a block; what is deeper than anybody writes it is not looked at."""
        for block in blocks:
            self._see(block)
            if block.content is not UNSET and memoryview(block.content)[0] == _BRACKET:
                self._see_deeper(block.content, levels - 1)

    def _see_deeper(self, content: Raw, levels: int) -> None:
        try:
            blocks = _BLOCKS.decode(content) if levels else None
        except msgspec.ValidationError:
            blocks = None
        if blocks is None:
            self.clear = False
        else:
            self._see_blocks(blocks, levels)


def _of_tools(tools: Iterable[Tool]) -> Iterator[str]:
    for tool in tools:
        if tool.eager_input_streaming is not UNSET:
            yield EAGER_STREAMING
        if isinstance(tool.type, str) and tool.type.startswith(SERVER_TOOLS):
            yield SERVER_TOOL
        if tool.cache_control is not UNSET:
            yield from _of_breakpoint(tool.cache_control)


def _of_breakpoint(marker: Raw) -> Iterator[str]:
    if bytes(marker) == b"null":
        return
    yield BREAKPOINT
    if b"scope" in bytes(marker) or b"\\" in bytes(marker):
        yield CACHE_SCOPE


def _is_strange(seal: Raw | UnsetType) -> bool:
    """Whether it may be what no vendor made; where its first letters are written as escapes, nobody knows."""
    if seal is UNSET:
        return False
    text = bytes(seal)
    return text == b'""' or text.startswith(_SEAL) or (b"\\" in text[: len(_SEAL)])


# --- naming the field at fault -----------------------------------------------------------------------------------


class _Inner(Struct):
    type: str = ""


class _NamedSource(Struct):
    content: str | list[_Inner] | None = None


class _NamedBlock(Struct):
    text: str | None = None
    content: str | list[_Inner] | _Inner | None = None
    source: str | _NamedSource | None = None


class _NamedMessage(Struct):
    content: str | list[_NamedBlock] | None = None


class _Naming(Struct):
    """The same fields as the types that they must be."""

    messages: list[_NamedMessage]


_NAMING = msgspec.json.Decoder(_Naming)
