"""The messages of a prompt as Messages' turns, which alternate; only what comes first is `system`.

https://platform.claude.com/docs/en/api/messages
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import msgspec

from passenger.chat import signatures
from passenger.chat.capabilities import Capabilities
from passenger.chat.fallbacks import document_text, wrap_input
from passenger.chat.prompt import JSON, Document, Image, Message, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from passenger.chat.tool_names import ToolNames, flatten
from passenger.dialects.anthropic.cache_points import mark
from passenger.errors import Failure, Kind
from passenger.jsontext.reading import OBJECT, decode_strictly
from passenger.jsontext.surrogates import replace_surrogates

ID_LIMIT = 128
"""Characters of a call's id, which may be letters, digits, `_` and `-`."""

BEGINNING = "(The conversation begins.)"
"""The user's turn before an assistant's that is the first: Anthropic requires the first to be the user's."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The blocks of `system`, and the turns."""

    system: list[JSON]
    turns: list[JSON]


def write_turns(
    messages: Sequence[Message], capabilities: Capabilities, names: ToolNames, dropped: list[str]
) -> Conversation:
    """Write the conversation; reasoning that another vendor signed is left out and named in `dropped`."""
    first = next((index for index, message in enumerate(messages) if message.role != "system"), len(messages))
    spoken = messages[first:]
    if not spoken:
        spoken, first = [Message("user", message.parts) for message in messages], 0
    blocks = _Blocks(capabilities, names, dropped)
    system = [block for message in messages[:first] for block in blocks.write_system(message)]
    turns = list(_turns(spoken, blocks))
    if not turns and system:
        # Empty turns are left out, so that the system's words may be all there is.
        turns, system = [{"role": "user", "content": system}], []
    if not turns:
        raise Failure(Kind.INVALID, "the messages say nothing", param="messages")
    if turns[-1]["role"] == "assistant":
        message = "this model cannot continue an answer: the last message must be the user's"
        raise Failure(Kind.INVALID, message, param="messages")
    if turns[0]["role"] == "assistant":
        turns.insert(0, {"role": "user", "content": [{"type": "text", "text": BEGINNING}]})
    return Conversation(system, turns)


def _turns(messages: Sequence[Message], blocks: "_Blocks") -> Iterator[JSON]:
    """Yield one turn for each run of messages of one role, its tool results first."""
    said = ((message.role == "assistant", block) for message in messages for block in blocks.write(message))
    for is_model, run in groupby(said, key=lambda item: item[0]):
        content = sorted((block for _, block in run), key=lambda block: block["type"] != "tool_result")
        yield {"role": "assistant" if is_model else "user", "content": content}


@dataclass(frozen=True, slots=True)
class _Blocks:
    capabilities: Capabilities
    names: ToolNames
    dropped: list[str]

    def write_system(self, message: Message) -> Iterator[JSON]:
        for part in message.parts:
            if not isinstance(part, Text):
                raise Failure(Kind.INVALID, "a system message can only hold text for this model", param="messages")
            if part.text:
                yield mark({"type": "text", "text": part.text}, part.cache)

    def write(self, message: Message) -> Iterator[JSON]:
        if message.role == "system":
            # Later words of the system go into the user's turn, in the form that Claude is trained on.
            for block in self.write_system(message):
                yield {**block, "text": f"<system-reminder>\n{block['text']}\n</system-reminder>"}
            return
        for part in message.parts:
            yield from self._block(part, message.role)

    def _block(self, part: Part, role: str) -> Iterator[JSON]:
        match part:
            case Text(text, cache):
                yield from [mark({"type": "text", "text": text}, cache)] if text else []
            case Refusal(text):
                yield from [{"type": "text", "text": text}] if text else []
            case Reasoning():
                yield from self._reasoning(part)
            case ToolCall():
                yield self._call(part)
            case Image() | Document() | ToolResult() if role == "assistant":
                what = type(part).__name__
                raise Failure(Kind.INVALID, f"{what} in an assistant's message: not for this model", param="messages")
            case Image():
                yield image(part, self.dropped)
            case Document():
                yield document(part)
            case ToolResult():
                yield self._result(part)

    def _reasoning(self, part: Reasoning) -> Iterator[JSON]:
        signature = part.signature
        if signature is None or not signatures.belongs_to(signature, "messages", self.capabilities.vendor):
            self.dropped.append("messages.reasoning" if signature is None else "signature")
        elif signature.redacted:
            yield {"type": "redacted_thinking", "data": signature.value}
        else:
            yield {"type": "thinking", "thinking": part.text, "signature": signature.value}

    def _call(self, call: ToolCall) -> JSON:
        arguments: object = wrap_input(call.arguments) if call.custom else _arguments(call)
        called = {"id": flatten(call.id, limit=ID_LIMIT), "name": self.names.encode(call.name, call.namespace)}
        return mark({"type": "tool_use", **called, "input": arguments}, call.cache)

    def _result(self, result: ToolResult) -> JSON:
        content = [block for part in result.content for block in self._block(part, "user")]
        cached = result.cache or any(block.pop("cache_control", None) for block in content)
        block: JSON = {
            "type": "tool_result",
            "tool_use_id": flatten(result.call_id, limit=ID_LIMIT),
            "content": content,
        }
        if result.error:
            block["is_error"] = True
        return mark(block, cached)


def _arguments(call: ToolCall) -> msgspec.Raw | JSON:
    """Check that the arguments are an object, and pass them as the text that they are.

    Arguments that a model wrote badly or could not finish are wrapped.
    https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming
    """
    raw = call.arguments.strip().encode("utf-8", "replace") or b"{}"
    if decode_strictly(OBJECT, raw) is not None:
        return msgspec.Raw(raw)
    return {"INVALID_JSON": replace_surrogates(call.arguments)}


# --- pictures and documents ------------------------------------------------------------------------------------------

_PDF = "application/pdf"


def image(part: Image, dropped: list[str]) -> JSON:
    """Write a picture; OpenAI's `detail` has no field here."""
    if part.detail not in {None, "auto"}:
        dropped.append("detail")
    source = {"type": "base64", "media_type": part.media_type, "data": part.data}
    return mark({"type": "image", "source": source}, part.cache)


def document(part: Document) -> JSON:
    """Write a document: a PDF as it is, text as text. Fails for others, and for broken base64."""
    written: JSON = {"type": "document", "source": _source(part)}
    if part.name:
        written["title"] = part.name
    return mark(written, part.cache)


def _source(part: Document) -> JSON:
    kind = part.media_type.partition(";")[0].strip().casefold()
    if kind == _PDF:
        return {"type": "base64", "media_type": _PDF, "data": part.data}
    if kind.startswith("text/") or kind == "application/json":
        return {"type": "text", "media_type": "text/plain", "data": document_text(part, "messages")}
    message = f"this model reads PDF and text documents, not {part.media_type!r}"
    raise Failure(Kind.INVALID, message, param="messages")
