"""The facts of a Messages request that routing, headers and relaying need, from one typed look at it.

Decoding these few fields is cheaper than searching the bytes for each of them, and mistakes no text for a field. The
words of a history, most of its bytes, are never decoded.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from passenger.chat.initiator import (
    BRACE,
    BRACKET,
    STRING_OR_NULL,
    Turn,
    WrongTypeError,
    initiator,
    only_reminders,
    string_of,
)
from passenger.chat.prompt import Ask
from passenger.chat.signatures import PREFIX
from passenger.dialects import Request
from passenger.dialects.anthropic.web_search_in import OF_SEARCH, SERVER_TOOLS, find_offer
from passenger.errors import Failure, Kind
from passenger.jsontext.reading import decode_as, invalid

THREADS = "thread_unsupported_request"
"""The error code that makes Anthropic's SDKs send the whole history instead (clients seen 2026-11)."""

# What a request shows that may have to be changed before it is relayed.
BREAKPOINT: Final = "breakpoint"
"""Something bears a prompt-cache breakpoint."""
CACHE_SCOPE: Final = "cache scope"
"""A breakpoint says how far it reaches."""
EAGER_STREAMING: Final = "eager streaming"
"""A tool asks for its arguments before they are checked."""
SERVER_TOOL: Final = "server tool"
"""A tool is one of those that only Anthropic's servers run."""
EMPTY_TEXT: Final = "empty text"
"""A text block is empty."""
FOREIGN_SIGNATURE: Final = "foreign signature"
"""The signature of a thinking block is empty, or was wrapped here."""
SEARCHED: Final = "searched"
"""A block is of a search that Anthropic's servers made, or may cite a page that one found."""
SYSTEM_MESSAGE: Final = "system message"
"""A message has the role `system` or `developer`."""

SIGNATURE_FIELD: Final = {"thinking": "signature", "redacted_thinking": "data"}
"""The field of the signature, by the type of a thinking block."""

_SYSTEM = frozenset({"developer", "system"})
_THINKS = frozenset({"enabled", "adaptive"})


class _Tool(Struct, gc=False):
    type: Any = None
    cache_control: Raw | UnsetType = UNSET
    eager_input_streaming: Raw | UnsetType = UNSET


class _Block(Struct, gc=False):
    type: str = ""
    text: Raw | UnsetType = UNSET
    signature: Raw | UnsetType = UNSET
    data: Raw | UnsetType = UNSET
    cache_control: Raw | UnsetType = UNSET
    content: Raw | UnsetType = UNSET
    source: Raw | UnsetType = UNSET
    citations: Raw | UnsetType = UNSET


class _Message(Struct):
    role: str
    content: str | list[_Block] | None = None


class _Thinking(Struct, gc=False):
    type: str = ""


class _Request(Struct):
    """A request, whatever its tools are."""

    model: str
    messages: list[_Message]
    stream: bool | None = None
    tools: list[Any] | None = None
    thinking: _Thinking | None = None
    thread: Raw | UnsetType = UNSET


class _Ordinary(_Request):
    tools: list[_Tool] | None = None
    system: str | list[_Block] | None = None


class _Source(Struct, gc=False):
    content: Raw | UnsetType = UNSET


_REQUEST = msgspec.json.Decoder(_Request)
_ORDINARY = msgspec.json.Decoder(_Ordinary)
_BLOCKS = msgspec.json.Decoder(list[_Block])
_SOURCE = msgspec.json.Decoder(_Source)


def peek(request: Request) -> Ask:
    """The facts of a request; one for a thread is refused."""
    body, scan = _read(request.body)
    if not body.model:
        raise invalid("model must not be empty", "model")
    if not body.messages:
        raise invalid("messages must not be empty", "messages")
    if body.thread is not UNSET and bytes(body.thread) != b"null":
        raise Failure(Kind.INVALID, "message threads are not supported", code=THREADS, param="thread")
    return Ask(
        model=body.model,
        stream=bool(body.stream),
        initiator=initiator(_turns(body.messages)),
        vision=scan.vision,
        tools=bool(body.tools),
        wants_reasoning=body.thinking is not None and body.thinking.type in _THINKS,
        betas=_betas(request),
        web_search=find_offer(request.body) if SERVER_TOOL in scan.shows or not scan.complete else None,
        signs=frozenset(scan.shows) if scan.complete else None,
    )


def _read(data: bytes) -> tuple[_Request, "_Scan"]:
    try:
        body: _Request = _ORDINARY.decode(data)
        scan = _Scan(_of_tools(body.tools or ()))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        body, scan = decode_as(_REQUEST, data), _Scan(())
        scan.complete = False
    try:
        for message in body.messages:
            scan.message(message)
    except (msgspec.ValidationError, WrongTypeError) as error:
        decode_as(_STRICT, data)
        raise invalid("a content is of another type", "messages") from error
    if isinstance(body, _Ordinary) and isinstance(body.system, list):
        scan.system(body.system)
    return body, scan


def _betas(request: Request) -> tuple[str, ...]:
    names = request.headers.get("anthropic-beta", "").split(",")
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))


def _turns(messages: list[_Message]) -> Iterator[Turn]:
    """What the messages are, the last one first; the system's are left out."""
    for message in reversed(messages):
        if message.role == "user":
            yield _user_turn(message.content)
        elif message.role not in _SYSTEM:
            yield Turn.OTHER


def _user_turn(content: str | list[_Block] | None) -> Turn:
    if not isinstance(content, list):
        return Turn.REMINDER if only_reminders(content) else Turn.USER
    others = [block for block in content if not only_reminders(string_of(block.text))]
    if content and not others:
        return Turn.REMINDER
    return Turn.USER if any(block.type != "tool_result" for block in others) else Turn.TOOL


# --- what a request shows ----------------------------------------------------------------------------------------


_EMPTY_SIZE = 2
"""Bytes of an empty string: its quotes."""
_WRAPPED = b'"' + PREFIX
_DEEPEST = 2
"""Levels of blocks in blocks that are scanned: a tool's result, and what it has found."""


class _Scan:
    """What the blocks of a request show."""

    __slots__ = ("complete", "shows", "vision")

    def __init__(self, shows: Iterable[str]) -> None:
        self.shows = {*shows}
        self.vision = False
        self.complete = True
        """Whether all that may show something was scanned."""

    def message(self, message: _Message) -> None:
        """Scan one message.

        Raises:
            msgspec.ValidationError, WrongTypeError: something is of another type.
        """
        if message.role in _SYSTEM:
            self.shows.add(SYSTEM_MESSAGE)
        if type(message.content) is list:
            for block in message.content:
                self._block(block)
                if block.text is not UNSET and memoryview(block.text)[0] not in STRING_OR_NULL:
                    raise WrongTypeError
                if block.content is not UNSET:
                    self._content(block.content)
                if block.source is not UNSET and block.type != "image":
                    self._source(block.source)

    def system(self, blocks: list[_Block]) -> None:
        """Scan the system's words; nothing of them can be wrong here."""
        for block in blocks:
            self._block(block)
            self.complete = self.complete and block.content is UNSET

    def _block(self, block: _Block) -> None:
        """Scan a block without what is in it."""
        kind = block.type
        if kind == "image":
            self.vision = True
        elif kind in SIGNATURE_FIELD and _is_foreign(block.signature if kind == "thinking" else block.data):
            self.shows.add(FOREIGN_SIGNATURE)
        elif kind in OF_SEARCH or block.citations is not UNSET:
            self.shows.add(SEARCHED)
        if block.text is not UNSET and memoryview(block.text).nbytes == _EMPTY_SIZE:
            self.shows.add(EMPTY_TEXT)
        if block.cache_control is not UNSET:
            self.shows.update(_of_breakpoint(block.cache_control))

    def _content(self, content: Raw) -> None:
        """Scan a tool's result, or what else is in a block."""
        first = memoryview(content)[0]
        if first == BRACKET:
            self._blocks(_BLOCKS.decode(content), _DEEPEST)
        elif first not in STRING_OR_NULL and first != BRACE:
            raise WrongTypeError

    def _source(self, source: Raw) -> None:
        """Scan a document that comes in blocks for images."""
        content = _SOURCE.decode(source).content if memoryview(source)[0] == BRACE else UNSET
        if content is not UNSET and memoryview(content)[0] == BRACKET:
            self.vision = self.vision or any(inner.type == "image" for inner in _BLOCKS.decode(content))

    def _blocks(self, blocks: list[_Block], levels: int) -> None:
        """Scan blocks in a block, so many levels deep."""
        for block in blocks:
            self._block(block)
            if block.content is not UNSET and memoryview(block.content)[0] == BRACKET:
                self._deeper(block.content, levels - 1)

    def _deeper(self, content: Raw, levels: int) -> None:
        try:
            blocks = _BLOCKS.decode(content) if levels else None
        except msgspec.ValidationError:
            blocks = None
        if blocks is None:
            self.complete = False
        else:
            self._blocks(blocks, levels)


def _of_tools(tools: Iterable[_Tool]) -> Iterator[str]:
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


def _is_foreign(signature: Raw | UnsetType) -> bool:
    """Whether it may be none of a vendor's; one whose first letters are written as escapes may."""
    if signature is UNSET:
        return False
    text = bytes(signature)
    return text == b'""' or text.startswith(_WRAPPED) or (b"\\" in text[: len(_WRAPPED)])


# --- naming the field at fault -----------------------------------------------------------------------------------


class _StrictInner(Struct):
    type: str = ""


class _StrictSource(Struct):
    content: str | list[_StrictInner] | None = None


class _StrictBlock(Struct):
    text: str | None = None
    content: str | list[_StrictInner] | _StrictInner | None = None
    source: str | _StrictSource | None = None


class _StrictMessage(Struct):
    content: str | list[_StrictBlock] | None = None


class _Strict(Struct):
    """The same fields as the types that they must be."""

    messages: list[_StrictMessage]


_STRICT = msgspec.json.Decoder(_Strict)
