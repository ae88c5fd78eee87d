"""The messages of a prompt as the items of an input; it hides how many items one turn makes."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from passenger import seals
from passenger.chat import (
    JSON,
    Document,
    Image,
    Message,
    Part,
    Prompt,
    Refusal,
    Text,
    Thought,
    ToolCall,
    ToolResult,
)
from passenger.decoding import invalid
from passenger.dialects.responses.tools_up import Names

NAME = "responses"
FAILED = "The tool failed: "


@dataclass(slots=True)
class Input:
    """The items so far. `vendor` is whose seals are opened; `dropped` names what was left out."""

    names: Names
    vendor: str
    items: list[JSON] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    _content: list[JSON] = field(default_factory=list)

    def read(self, prompt: Prompt) -> list[JSON]:
        """The items of all messages."""
        for message in prompt.messages:
            for part in message.parts:
                self._add(message, part)
            self._end(message)
        return self.items

    def _add(self, message: Message, part: Part) -> None:
        """Take one part: words and pictures gather in a message, all else is an item of its own."""
        match part:
            case ToolCall():
                self._item(message, self._call(part))
            case ToolResult():
                self._item(message, _result(part))
            case Thought():
                self._think(message, part)
            case _ if message.role == "assistant":
                self._content.append(_said(part))
            case _:
                self._content.append(_given(part))

    def _item(self, message: Message, item: JSON) -> None:
        self._end(message)
        self.items.append(item)

    def _end(self, message: Message) -> None:
        if self._content:
            self.items.append({"type": "message", "role": message.role, "content": self._content})
            self._content = []

    def _think(self, message: Message, thought: Thought) -> None:
        """Give a thought back to who had it; nobody else can read its seal."""
        if thought.seal is None or not seals.opens_for(thought.seal, NAME, self.vendor):
            self.dropped.append("thought" if thought.seal is None else "seal")
            return
        summary = [{"type": "summary_text", "text": thought.text}] if thought.text else []
        self._item(message, {"type": "reasoning", "summary": summary, "encrypted_content": thought.seal.value})

    def _call(self, call: ToolCall) -> JSON:
        name, namespace = self.names.sent(call.name, call.namespace)
        spaced = {"namespace": namespace} if namespace else {}
        if call.custom:
            shape = {"type": "custom_tool_call", "call_id": call.id, "name": name}
            return {**shape, **spaced, "input": call.arguments}
        shape = {"type": "function_call", "call_id": call.id, "name": name}
        return {**shape, **spaced, "arguments": call.arguments or "{}"}


def _said(part: Part) -> JSON:
    match part:
        case Text(text):
            return {"type": "output_text", "text": text}
        case Refusal(text):
            return {"type": "refusal", "refusal": text}
        case _:
            raise invalid("an assistant's message can hold no images and no files for this model", "messages")


def _given(part: Part) -> JSON:
    match part:
        case Text(text) | Refusal(text):
            return {"type": "input_text", "text": text}
        case Image():
            url = f"data:{part.media_type};base64,{part.data}"
            return {"type": "input_image", "image_url": url, "detail": part.detail or "auto"}
        case Document():
            data = f"data:{part.media_type};base64,{part.data}"
            return {"type": "input_file", "filename": part.name or "document.pdf", "file_data": data}
        case _:
            raise TypeError(f"{part} stands for itself")


def _result(result: ToolResult) -> JSON:
    kind = "custom_tool_call_output" if result.custom else "function_call_output"
    return {"type": kind, "call_id": result.call_id, "output": _output(result)}


def _output(result: ToolResult) -> str | list[JSON]:
    """A plain text where it is one, marked where the tool failed: the API has no field for that."""
    match result.content:
        case ():
            return FAILED.strip() if result.error else ""
        case (Text(text),):
            return f"{FAILED}{text}" if result.error else text
        case parts:
            marked = [{"type": "input_text", "text": FAILED.strip()}] if result.error else []
            return [*marked, *(_given(part) for part in parts)]


def texts(prompt: Prompt) -> Iterator[str]:
    """The words that the model reads of the messages."""
    for message in prompt.messages:
        yield from (part.text for part in message.parts if isinstance(part, Text))
