"""The turns of a prompt as messages; it hides that a tool's result holds text only, and whose thoughts may go up.

Facts: upstream.md 4.1, 4.3 and 4.5.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from passenger import seals
from passenger.chat import (
    JSON,
    Abilities,
    Document,
    Image,
    Message,
    Part,
    Refusal,
    Seal,
    Text,
    Thought,
    ToolCall,
    ToolResult,
)
from passenger.dialects.completions.caching import mark
from passenger.dialects.completions.files_out import document
from passenger.errors import Failure, Kind
from passenger.toolnames import Names

NAME = "completions"
SEE_BELOW = "(see the next message)"
"""What a tool's result says that holds nothing but pictures: those follow in the user's own message."""


@dataclass(frozen=True, slots=True)
class Messages:
    """Writes messages; `dropped` is told what is left out."""

    able: Abilities
    names: Names
    dropped: list[str]

    def write(self, message: Message) -> Iterator[JSON]:
        """The messages that one turn makes; none where nothing of it may go up.

        Raises:
            Failure: it holds what this API cannot take.
        """
        parts = tuple(part for part in message.parts if not isinstance(part, Text) or part.text)
        match message.role:
            case "assistant":
                yield from self._assistant(parts)
            case "user":
                yield from self._user(parts)
            case "system":
                yield from [_message("system", parts)] if parts else []

    # --- the model's ---------------------------------------------------------------------------------------------

    def _assistant(self, parts: tuple[Part, ...]) -> Iterator[JSON]:
        said = tuple(part for part in parts if not isinstance(part, Thought | ToolCall))
        if strange := [part for part in said if not isinstance(part, Text | Refusal)]:
            what = type(strange[0]).__name__
            raise Failure(Kind.INVALID, f"{what} in an assistant's message: not for this model", param="messages")
        calls = [part for part in parts if isinstance(part, ToolCall)]
        thoughts = self._thoughts([part for part in parts if isinstance(part, Thought)])
        if not (said or calls or thoughts):
            return
        if not calls:
            yield (_message("assistant", said) if said else {"role": "assistant", "content": ""}) | thoughts
            return
        message: JSON = {"role": "assistant", "content": _content(said) if said else None}
        message["tool_calls"] = [self._call(call) for call in calls]
        yield mark(message | thoughts, any(call.cache for call in calls))

    def _thoughts(self, thoughts: list[Thought]) -> JSON:
        """The thoughts that this vendor has sealed, with the last of the seals; there is room for one."""
        opened = [one for one in thoughts if one.seal and self._opens(one.seal)]
        told = [one for one in thoughts if one.seal is None or self._opens(one.seal)] if opened else []
        if len(opened) > 1 or any(one.seal and not self._opens(one.seal) for one in thoughts):
            self.dropped.append("seal")
        if not opened and any(one.seal is None for one in thoughts):
            self.dropped.append("thought")
        found: JSON = {}
        if text := "".join(one.text for one in told):
            found["reasoning_text"] = text
        if opened and opened[-1].seal:
            found["reasoning_opaque"] = opened[-1].seal.value
        return found

    def _opens(self, seal: Seal) -> bool:
        return seals.opens_for(seal, NAME, self.able.vendor)

    def _call(self, call: ToolCall) -> JSON:
        arguments = msgspec.json.encode({"input": call.arguments}).decode() if call.custom else call.arguments or "{}"
        name = self.names.sent(call.name, call.namespace)
        return {"id": call.id, "type": "function", "function": {"name": name, "arguments": arguments}}

    # --- the user's ----------------------------------------------------------------------------------------------

    def _user(self, parts: tuple[Part, ...]) -> Iterator[JSON]:
        """Results of tools first, then one message with their pictures and what the user says."""
        shown: list[Part] = []
        for part in parts:
            match part:
                case ToolResult():
                    yield _result(part)
                    shown += [one for one in part.content if not isinstance(one, Text)]
                case _:
                    shown.append(part)
        if shown:
            yield _message("user", tuple(shown))


def _result(result: ToolResult) -> JSON:
    text = "\n".join(part.text for part in result.content if isinstance(part, Text))
    if not text and result.content and any(not isinstance(part, Text) for part in result.content):
        text = SEE_BELOW
    if result.error:
        text = f"Error: {text}"
    cache = result.cache or any(part.cache for part in result.content if isinstance(part, Text))
    return mark({"role": "tool", "tool_call_id": result.call_id, "content": text}, cache)


def _message(role: str, parts: tuple[Part, ...]) -> JSON:
    """A message of content only; a breakpoint after its last part is the message's own, as VS Code sets it."""
    match parts:
        case [*before, (Text(cache=True) | Image(cache=True)) as last]:
            return mark({"role": role, "content": _content((*before, replace(last, cache=False)))})
        case _:
            return {"role": role, "content": _content(parts)}


def _content(parts: tuple[Part, ...]) -> object:
    """A string where it is one text without a breakpoint, else a list of parts."""
    match parts:
        case (Text(text, False),):
            return text
        case _:
            return [_part(part) for part in parts]


def _part(part: Part) -> JSON:
    match part:
        case Text(text, cache):
            return mark({"type": "text", "text": text}, cache)
        case Refusal(text):
            return {"type": "text", "text": text}
        case Image(media_type, data, detail, cache):
            image = {"url": f"data:{media_type};base64,{data}"} | ({"detail": detail} if detail else {})
            return mark({"type": "image_url", "image_url": image}, cache)
        case Document():
            return document(part)
        case _:
            what = type(part).__name__
            raise Failure(Kind.INVALID, f"{what} is no content of a message for this model", param="messages")
