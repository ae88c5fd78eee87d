"""The messages of a client of Chat Completions, as the messages of a prompt.

https://platform.openai.com/docs/api-reference/chat/create; what else clients were seen to send is in
`docs/dialects/completions.md`. Nothing is fetched, so pictures and files have to be in the request.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from passenger.chat import signatures
from passenger.chat.prompt import Document, Image, Message, Part, Reasoning, Refusal, Role, Text, ToolCall, ToolResult
from passenger.jsontext.node import JsonNode
from passenger.jsontext.reading import invalid

NATIVE = "completions"
"""The origin of a signature that a client sends back without our prefix."""

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
"""Fields of an answer that clients send back and nobody reads."""


@dataclass(slots=True)
class MessagesReader:
    """Reads the messages of one request. `dropped` names what it leaves out."""

    dropped: list[str] = field(default_factory=list)
    _turns: list[Message] = field(default_factory=list)
    _results: list[Part] = field(default_factory=list)
    _called: dict[str, str] = field(default_factory=dict)
    """The id that we gave to the last `function_call` of each name."""
    _customs: set[str] = field(default_factory=set)
    """The ids of the calls of custom tools."""

    def read(self, body: JsonNode) -> tuple[Message, ...]:
        """The messages of a request. Results of tools come first in the user's message that follows them."""
        messages = body.nodes("messages")
        if not messages:
            raise invalid("messages must not be empty", "messages")
        for index, message in enumerate(messages):
            self._add(message, index)
        self._flush_results()
        if not self._turns:
            raise invalid("the messages say nothing", "messages")
        return tuple(self._turns)

    def _add(self, message: JsonNode, index: int) -> None:
        role = message.required_text("role")
        self._drop_unread(message, role)
        if role in _RESULTS:
            self._results.append(self._result(message, role))
            return
        if role not in _ROLES:
            raise invalid(f"{message.at('role')}: {role!r} is not a role", message.at("role"))
        parts = tuple(self._parts(message, index, role))
        if is_cached(message):
            parts = _cache_last(parts)
        if role == "user":
            parts, self._results = (*self._results, *parts), []
        else:
            self._flush_results()
        if parts:
            self._turns.append(Message(_ROLES[role], parts))

    def _drop_unread(self, message: JsonNode, role: str) -> None:
        unread = message.fields.keys() - _READ - _HARMLESS - ({"name"} if role in _RESULTS else set())
        self.dropped += [f"messages.{name}" for name in sorted(unread) if message.get(name) not in (None, "", [], {})]

    def _flush_results(self) -> None:
        if self._results:
            self._turns.append(Message("user", tuple(self._results)))
            self._results = []

    def _parts(self, message: JsonNode, index: int, role: str) -> Iterator[Part]:
        if role == "assistant":
            yield from _reasoning(message)
        yield from read_content(message, "content")
        if role == "assistant":
            if refusal := message.text("refusal"):
                yield Refusal(refusal)
            for call in _calls(message):
                self._customs |= {call.id} if call.custom else set()
                yield call
            yield from self._legacy_call(message, index)
            if message.get("audio"):
                raise invalid(f"{message.at('audio')} cannot be carried to this model", message.at("audio"))

    # --- tools ---------------------------------------------------------------------------------------------------

    def _legacy_call(self, message: JsonNode, index: int) -> Iterator[ToolCall]:
        """The one call of an older client. It has no id, so it gets one by its index."""
        call = message.node_or_empty("function_call")
        if call.fields:
            name = call.required_text("name")
            call_id = self._called[name] = f"call_{index}"
            yield ToolCall(call_id, name, call.text("arguments") or "")

    def _result(self, message: JsonNode, role: str) -> ToolResult:
        if role == "function":
            name = message.required_text("name")
            call_id = self._called.get(name, f"call_{name}")
        else:
            call_id = message.required_text("tool_call_id")
        parts = (_without_refusal(part) for part in read_content(message, "content"))
        custom = call_id in self._customs
        return ToolResult(call_id, tuple(parts), custom=custom, cache=is_cached(message))


def _without_refusal(part: Text | Refusal | Image | Document) -> Text | Image | Document:
    return Text(part.text) if isinstance(part, Refusal) else part


def _cache_last(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts, with the message's prompt-cache breakpoint after the last one."""
    if parts and isinstance(parts[-1], Text | Image | Document | ToolCall):
        return (*parts[:-1], replace(parts[-1], cache=True))
    return parts


def _reasoning(message: JsonNode) -> Iterator[Part]:
    text = message.text("reasoning_text")
    signature = message.text("reasoning_opaque")
    if text or signature:
        yield Reasoning(text or "", signatures.unwrap(signature, NATIVE) if signature else None)


def _calls(message: JsonNode) -> Iterator[ToolCall]:
    return map(_call, message.nodes("tool_calls"))


def _call(call: JsonNode) -> ToolCall:
    call_id = call.required_text("id")
    custom = call.node_or_empty("custom")
    if custom.fields:
        return ToolCall(call_id, custom.required_text("name"), custom.text("input") or "", custom=True)
    function = call.required_node("function")
    name = function.required_text("name")
    return ToolCall(call_id, name, function.text("arguments") or "")


# --- the content of a message ------------------------------------------------------------------------------------


_DATA_URL = re.compile(r"data:([\w.+/-]+)(?:;[\w.=+-]+)*;base64", re.IGNORECASE)
_HEAD = 1000
"""Characters of a data URL before its data, at most."""

ContentPart = Text | Refusal | Image | Document


def is_cached(block: JsonNode) -> bool:
    """Whether the client set a prompt-cache breakpoint after this message, part or tool."""
    return bool(block.get("copilot_cache_control") or block.get("cache_control"))


def read_content(node: JsonNode, name: str) -> Iterator[ContentPart]:
    """The parts of a message's content: a string, a list of parts, or nothing. Empty texts are left out."""
    content = node.get(name)
    if isinstance(content, str):
        if content:
            yield Text(content)
        return
    for part in node.nodes(name):
        yield from _part(part)


def _part(part: JsonNode) -> Iterator[ContentPart]:
    match part.get("type"):
        case "text" | "input_text" | "output_text":
            if text := part.required_text("text"):
                yield Text(text, is_cached(part))
        case "refusal":
            yield Refusal(part.required_text("refusal"))
        case "image_url" | "input_image":
            yield _image(part)
        case "file":
            yield _file(part)
        case kind:
            raise invalid(f"{part.path}: {kind!r} parts cannot be carried to this model", part.at("type"))


def _image(part: JsonNode) -> Image:
    """A picture; `image_url` is an object, or the URL itself with `detail` beside it."""
    source = part.get("image_url")
    if isinstance(source, str):
        url, detail, field = source, part.text("detail"), part.at("image_url")
    else:
        image = part.required_node("image_url")
        field = image.at("url")
        url = image.required_text("url")
        detail = image.text("detail")
    return Image(*_data(url, field), detail, is_cached(part))


def _file(part: JsonNode) -> Document:
    file = part.required_node("file")
    if file.get("file_id"):
        raise invalid(f"{file.at('file_id')}: there are no files here; send file_data", file.at("file_id"))
    data = _data(file.required_text("file_data"), file.at("file_data"))
    return Document(*data, file.text("filename"), is_cached(part))


def _data(url: str, place: str) -> tuple[str, str]:
    """The media type and the base64 of a data URL."""
    head, _, data = url.partition(",")
    found = _DATA_URL.fullmatch(head) if len(head) <= _HEAD else None
    if found is None or head == url:
        message = f"{place}: only data URLs with base64 can be carried, nothing is fetched; send the bytes themselves"
        raise invalid(message, place)
    return found[1].lower(), data
