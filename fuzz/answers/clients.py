"""What a client makes of the bytes it is sent; it shares no code with what wrote them."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]


@dataclass(slots=True)
class Heard:
    """An answer as a client has understood it: `ends` and `errors` are how often it was told that all is over."""

    text: str = ""
    thoughts: str = ""
    calls: list[list[str]] = field(default_factory=list)
    ends: int = 0
    errors: int = 0
    after: int = 0
    """Events after the first end."""
    odd: bool = False
    """Whether there was an event that the client does not understand."""

    def called(self) -> list[tuple[str, Any]]:
        """The calls, their arguments decoded."""
        return [(name, json.loads(arguments or "{}")) for name, arguments in self.calls]


def hear(dialect: str, content: bytes, *, relayed: bool = False) -> Heard:
    """Read a whole stream; in one that is relayed upstream may say what nobody understands."""
    heard, reader = Heard(), READERS[dialect]()
    for event in _lines(content) if dialect.startswith("ollama") else _events(content):
        heard.after += bool(heard.ends or heard.errors)
        try:
            reader(heard, event)
        except (ValueError, TypeError, AttributeError, KeyError):
            if not relayed:
                raise
            heard.odd = True
    return heard


def _lines(content: bytes) -> Iterator[str]:
    text = content.decode()
    assert text.endswith("\n") or not text
    yield from text.split("\n")[:-1]


def _events(content: bytes) -> Iterator[str]:
    """The data of each event; what is left at the end is none."""
    text = content.decode().removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    *whole, _ = re.split(r"\n\n", text)
    for block in whole:
        fields = [line.partition(":") for line in block.split("\n")]
        data = [value.removeprefix(" ") for name, _, value in fields if name == "data"]
        if data:
            yield "\n".join(data)


# --- one reader for each dialect ---------------------------------------------------------------------------------


class Completions:
    """Chat Completions; a new id at a place is a new call."""

    def __init__(self) -> None:
        self._at: dict[tuple[int, int], list[str]] = {}
        self._ids: dict[tuple[int, int], str] = {}

    def __call__(self, heard: Heard, data: str) -> None:
        """Take one event."""
        if data == "[DONE]":
            heard.ends += 1
            return
        chunk = json.loads(data)
        heard.errors += "error" in chunk
        for choice in chunk.get("choices") or ():
            delta = choice.get("delta") or {}
            heard.text += delta.get("content") or choice.get("text") or ""
            heard.thoughts += delta.get("reasoning_text") or ""
            for call in delta.get("tool_calls") or ():
                self._call(heard, choice.get("index") or 0, call)

    def _call(self, heard: Heard, choice: int, call: JSON) -> None:
        place, function = (choice, call.get("index") or 0), call.get("function") or {}
        if place not in self._at or (call.get("id") and call["id"] != self._ids.get(place)):
            self._at[place] = ["", ""]
            self._ids[place] = call.get("id") or ""
            heard.calls.append(self._at[place])
        self._at[place][0] += function.get("name") or ""
        self._at[place][1] += function.get("arguments") or ""


class Messages:
    """Anthropic's Messages."""

    def __init__(self) -> None:
        self._blocks: dict[int, JSON] = {}

    def __call__(self, heard: Heard, data: str) -> None:
        """Take one event."""
        event = json.loads(data)
        match event:
            case {"type": "content_block_start", "index": index, "content_block": block}:
                self._begin(heard, index, block)
            case {"type": "content_block_delta", "index": index, "delta": delta}:
                self._more(self._blocks[index], delta)
            case {"type": "message_stop"}:
                self._end(heard)
            case {"type": "error"}:
                heard.errors += 1
            case _:
                pass

    def _begin(self, heard: Heard, index: int, block: JSON) -> None:
        call = ["", ""]
        if block.get("type") == "tool_use":
            call[0] = block["name"]
            heard.calls.append(call)
        text, thoughts = [block.get("text") or ""], [block.get("thinking") or ""]
        self._blocks[index] = {"text": text, "thoughts": thoughts, "call": call}

    @staticmethod
    def _more(block: JSON, delta: JSON) -> None:
        block["text"].append(delta.get("text") or "")
        block["thoughts"].append(delta.get("thinking") or "")
        block["call"][1] += delta.get("partial_json") or ""

    def _end(self, heard: Heard) -> None:
        heard.ends += 1
        if heard.ends == 1:
            heard.text = "".join(text for block in self._blocks.values() for text in block["text"])
            heard.thoughts = "".join(text for block in self._blocks.values() for text in block["thoughts"])


class Responses:
    """OpenAI's Responses: the items as they are when they are done."""

    def __init__(self) -> None:
        self._items: dict[int, JSON] = {}
        self._failed = False

    def __call__(self, heard: Heard, data: str) -> None:
        """Take one event; an error and the failed response that follows it are one end."""
        event = json.loads(data)
        match event:
            case {"type": "response.output_item.done", "output_index": index, "item": item}:
                self._items[index] = item
            case {"type": "response.completed" | "response.incomplete"}:
                heard.ends += 1
                self._end(heard)
            case {"type": "error" | "response.failed"}:
                heard.errors += not self._failed
                heard.after -= self._failed
                self._failed = True
            case _:
                pass

    def _end(self, heard: Heard) -> None:
        if heard.ends > 1:
            return
        for _, item in sorted(self._items.items()):
            heard.text += "".join(part.get("text") or "" for part in item.get("content") or ())
            heard.thoughts += "".join(part.get("text") or "" for part in item.get("summary") or ())
            if item.get("type") == "function_call":
                heard.calls.append([item["name"], item["arguments"]])


class Gemini:
    """Google's pieces."""

    def __call__(self, heard: Heard, data: str) -> None:
        """Take one of them."""
        piece = json.loads(data)
        heard.errors += "error" in piece
        for candidate in piece.get("candidates") or ():
            heard.ends += "finishReason" in candidate
            for part in candidate["content"]["parts"]:
                self._part(heard, part)

    @staticmethod
    def _part(heard: Heard, part: JSON) -> None:
        if part.get("thought"):
            heard.thoughts += part.get("text", "")
            return
        heard.text += part.get("text", "")
        if call := part.get("functionCall"):
            heard.calls.append([call["name"], json.dumps(call["args"])])


class Ollama:
    """Ollama's lines."""

    def __call__(self, heard: Heard, data: str) -> None:
        """Take one of them."""
        line = json.loads(data)
        heard.errors += "error" in line
        heard.ends += bool(line.get("done"))
        said = line.get("message") or line
        heard.text += said.get("content") or said.get("response") or ""
        heard.thoughts += said.get("thinking") or ""
        for call in said.get("tool_calls") or ():
            heard.calls.append([call["function"]["name"], json.dumps(call["function"]["arguments"])])


READERS: dict[str, Callable[[], Callable[[Heard, str], None]]] = {
    "completions": Completions,
    "legacy": Completions,
    "messages": Messages,
    "responses": Responses,
    "gemini": Gemini,
    "ollama": Ollama,
    "ollama_generate": Ollama,
}
