"""Reads the messages of a chat: https://docs.ollama.com/api/chat.

Ollama's calls have no ids, and results name a tool at most. Clients differ: see `docs/dialects/ollama.md`.
"""

import binascii
import re
from collections.abc import Iterator

from passenger.chat.arguments import read_arguments
from passenger.chat.pending_calls import PendingCalls
from passenger.chat.prompt import Image, Message, Part, Reasoning, Role, Text, ToolCall, ToolResult
from passenger.jsontext.node import JsonNode
from passenger.jsontext.reading import invalid

_ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


def read_messages(body: JsonNode) -> tuple[Message, ...]:
    """The turns of a request. Results of tools come first in the user's turn that follows them."""
    turns = _Turns()
    for index, message in enumerate(body.nodes("messages")):
        turns.add(message, index)
    if not (found := turns.close()):
        raise invalid("messages must say something", "messages")
    return found


class _Turns:
    def __init__(self) -> None:
        self._turns: list[Message] = []
        self._open_turn: list[Part] = []
        self._results: list[Part] = []
        self._pending = PendingCalls()

    def add(self, message: JsonNode, index: int) -> None:
        role = message.required_text("role")
        if role == "assistant":
            self._add_assistant(message, index)
            return
        self._close_calls()
        if role == "tool":
            self._results.append(_read_result(message, self._pending))
        elif role in _ROLES:
            self._add_other(_ROLES[role], tuple(_read_content(message)))
        else:
            raise invalid(f"{message.at('role')}: {role!r} is not a role", message.at("role"))

    def close(self) -> tuple[Message, ...]:
        """All turns. Results at the end are a turn of their own."""
        self._close_calls()
        self._add("user", self._take_results())
        return tuple(self._turns)

    def _add_assistant(self, message: JsonNode, index: int) -> None:
        """Join messages with calls into one turn: calls stream one by one, and some clients keep each as a message."""
        self._add("user", self._take_results())
        calls = list(_read_calls(message, index))
        self._pending.add(calls)
        parts = (*_read_reasoning(message), *_read_content(message), *calls)
        if calls or self._open_turn:
            self._open_turn += parts
        else:
            self._add("assistant", parts)

    def _add_other(self, role: Role, parts: tuple[Part, ...]) -> None:
        self._pending.end_turn()
        results = self._take_results()
        if role == "user":
            self._add(role, (*results, *parts))
        else:
            self._add("user", results)
            self._add(role, parts)

    def _add(self, role: Role, parts: tuple[Part, ...]) -> None:
        if parts:
            self._turns.append(Message(role, parts))

    def _close_calls(self) -> None:
        calling, self._open_turn = tuple(self._open_turn), []
        self._add("assistant", calling)

    def _take_results(self) -> tuple[Part, ...]:
        results, self._results = tuple(self._results), []
        return results


def _read_content(message: JsonNode) -> Iterator[Part]:
    """Images come first, where Ollama itself puts them."""
    yield from read_images(message)
    if text := message.text("content"):
        yield Text(text)


def _read_reasoning(message: JsonNode) -> Iterator[Reasoning]:
    if text := message.text("thinking"):
        yield Reasoning(text)


def _read_calls(message: JsonNode, turn: int) -> Iterator[ToolCall]:
    for index, call in enumerate(message.nodes("tool_calls")):
        yield _read_call(call, f"call_{turn}_{index}")


def _read_call(call: JsonNode, own_id: str) -> ToolCall:
    function = call.required_node("function")
    arguments = read_arguments(function.get("arguments"), function.at("arguments"))
    return ToolCall(call.text("id") or own_id, function.filled_text("name"), arguments)


def _read_result(message: JsonNode, pending: PendingCalls) -> ToolResult:
    call = pending.take(message.text("tool_call_id"), message.text("tool_name") or message.text("name"))
    if call is None:
        raise invalid(f"{message.path}: no call is left that this result could answer", message.path)
    shown = tuple(part for part in _read_content(message) if isinstance(part, Text | Image))
    return ToolResult(call.id, shown)


# --- pictures ----------------------------------------------------------------------------------------------------


_DATA_URL = re.compile(r"data:[^,]*;base64,", re.IGNORECASE)
_HEAD = 32
"""The number of base64 digits that hold any of the beginnings below."""

_BEGINNINGS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
)


def read_images(owner: JsonNode) -> tuple[Image, ...]:
    """The images of a message or a request. Fails where one is not base64, or of a type that no model takes."""
    return tuple(_read_image(one, f"{owner.at('images')}[{n}]") for n, one in enumerate(owner.array("images")))


def _read_image(text: object, place: str) -> Image:
    if not isinstance(text, str):
        raise invalid(f"{place} must be a string", place)
    url = _DATA_URL.match(text)
    data = text[url.end() :] if url else text
    if "\n" in data or "\r" in data:
        data = data.encode("utf-8", "replace").translate(None, b" \t\n\r\v\f").decode()
    return Image(_find_media_type(data, place), data)


def _find_media_type(data: str, place: str) -> str:
    try:
        head = binascii.a2b_base64(data[:_HEAD], strict_mode=True)
    except ValueError as error:
        raise invalid(f"{place} must be an image as base64: nothing is fetched", place) from error
    for beginning, media_type in _BEGINNINGS:
        if beginning.match(head):
            return media_type
    raise invalid(f"{place} must be a PNG, JPEG, GIF or WebP image", place)
