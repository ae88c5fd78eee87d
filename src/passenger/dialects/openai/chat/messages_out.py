"""The messages of a prompt as messages of Copilot's `/chat/completions`.

A tool's result holds text only, so its pictures follow in the user's message. Reasoning goes to the vendor that signed
it. See `docs/upstream.md`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from passenger.chat import signatures
from passenger.chat.capabilities import Capabilities
from passenger.chat.fallbacks import document_text, wrap_input
from passenger.chat.prompt import (
    JSON,
    Document,
    Image,
    Message,
    Part,
    Reasoning,
    Refusal,
    Signature,
    Text,
    ToolCall,
    ToolResult,
)
from passenger.chat.tool_names import ToolNames
from passenger.dialects.cache_points import CHAT_MARK
from passenger.errors import Failure, Kind

NAME = "completions"
SEE_BELOW = "(see the next message)"
"""The text of a tool's result that holds nothing but pictures."""


def mark(block: JSON, wanted: bool = True) -> JSON:
    """The message, part or tool, with a breakpoint after it where one is wanted."""
    return {**block, CHAT_MARK: {"type": "ephemeral"}} if wanted else block


@dataclass(frozen=True, slots=True)
class MessagesWriter:
    """Writes messages, and adds the hub's names of what it leaves out to `dropped`."""

    capabilities: Capabilities
    names: ToolNames
    dropped: list[str]

    def write(self, message: Message) -> Iterator[JSON]:
        """The messages that one message of the prompt becomes; none where nothing of it can be sent."""
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
        content = tuple(part for part in parts if not isinstance(part, Reasoning | ToolCall))
        if foreign := [part for part in content if not isinstance(part, Text | Refusal)]:
            what = type(foreign[0]).__name__
            raise Failure(Kind.INVALID, f"{what} in an assistant's message: not for this model", param="messages")
        calls = [part for part in parts if isinstance(part, ToolCall)]
        reasoning = self._reasoning([part for part in parts if isinstance(part, Reasoning)])
        if not (content or calls or reasoning):
            return
        if not calls:
            yield (_message("assistant", content) if content else {"role": "assistant", "content": ""}) | reasoning
            return
        message: JSON = {"role": "assistant", "content": _content(content) if content else None}
        message["tool_calls"] = [self._call(call) for call in calls]
        yield mark(message | reasoning, any(call.cache for call in calls))

    def _reasoning(self, parts: list[Reasoning]) -> JSON:
        """The reasoning that this vendor signed, with the last signature: a message has room for one."""
        signed = [one for one in parts if one.signature and self._belongs(one.signature)]
        kept = [one for one in parts if one.signature is None or self._belongs(one.signature)] if signed else []
        if len(signed) > 1 or any(one.signature and not self._belongs(one.signature) for one in parts):
            self.dropped.append("signature")
        if not signed and any(one.signature is None for one in parts):
            self.dropped.append("messages.reasoning")
        found: JSON = {}
        if text := "".join(one.text for one in kept):
            found["reasoning_text"] = text
        if signed and signed[-1].signature:
            found["reasoning_opaque"] = signed[-1].signature.value
        return found

    def _belongs(self, signature: Signature) -> bool:
        return signatures.belongs_to(signature, NAME, self.capabilities.vendor)

    def _call(self, call: ToolCall) -> JSON:
        arguments = msgspec.json.encode(wrap_input(call.arguments)).decode() if call.custom else call.arguments or "{}"
        name = self.names.encode(call.name, call.namespace)
        return {"id": call.id, "type": "function", "function": {"name": name, "arguments": arguments}}

    # --- the user's ----------------------------------------------------------------------------------------------

    def _user(self, parts: tuple[Part, ...]) -> Iterator[JSON]:
        """Results of tools first, then one message with their pictures and the user's words."""
        rest: list[Part] = []
        for part in parts:
            match part:
                case ToolResult():
                    yield _result(part)
                    rest += [replace(one, cache=False) for one in part.content if not isinstance(one, Text)]
                case _:
                    rest.append(part)
        if rest:
            yield _message("user", tuple(rest))


def _result(result: ToolResult) -> JSON:
    text = "\n".join(part.text for part in result.content if isinstance(part, Text))
    if not text and result.content and any(not isinstance(part, Text) for part in result.content):
        text = SEE_BELOW
    if result.error:
        text = f"Error: {text}"
    cache = result.cache or any(part.cache for part in result.content)
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
            return write_document(part)
        case _:
            what = type(part).__name__
            raise Failure(Kind.INVALID, f"{what} is no content of a message for this model", param="messages")


# --- documents ---------------------------------------------------------------------------------------------------


def write_document(part: Document) -> JSON:
    """A document as a text part, its name before the text. Fails for any other: Copilot takes none here."""
    kind = part.media_type.partition(";")[0].strip().casefold()
    if not kind.startswith("text/") and kind != "application/json":
        message = f"this model takes no documents ({part.media_type}); send their text, or pages as images"
        raise Failure(Kind.INVALID, message, param="document")
    text = document_text(part, "document")
    return mark({"type": "text", "text": f"{part.name}:\n\n{text}" if part.name else text}, part.cache)
