"""The conversation as Anthropic takes it; it hides that turns alternate, and that only what comes first is `system`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import msgspec

from passenger import seals
from passenger.chat import Abilities, Document, Image, Message, Part, Refusal, Text, Thought, ToolCall, ToolResult
from passenger.decoding import mended
from passenger.dialects.messages.caching import mark
from passenger.dialects.messages.files_out import document, image
from passenger.errors import Failure, Kind
from passenger.toolnames import Names, flat

JSON = dict[str, Any]

ID_LIMIT = 128
"""Characters of a call's id; Anthropic takes letters, digits, `_` and `-` only."""

BEGINNING = "(The conversation begins.)"
"""What a user says first where the model itself began: Anthropic wants the user's turn to be the first."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The blocks of `system`, and the turns."""

    system: list[JSON]
    turns: list[JSON]


def write_turns(messages: Sequence[Message], able: Abilities, names: Names, dropped: list[str]) -> Conversation:
    """The conversation; thoughts that this vendor cannot open are left out and named.

    Raises:
        Failure: it ends with the model's own turn, or holds what only other vendors take there.
    """
    first = next((index for index, message in enumerate(messages) if message.role != "system"), len(messages))
    spoken = messages[first:]
    if not spoken:
        spoken, first = [Message("user", message.parts) for message in messages], 0
    blocks = _Blocks(able, names, dropped)
    system = [block for message in messages[:first] for block in blocks.of_system(message)]
    turns = list(_turns(spoken, blocks))
    if not turns and system:
        # A turn without a word is none here, and what the system says is then all that is said.
        turns, system = [{"role": "user", "content": system}], []
    if not turns:
        raise Failure(Kind.INVALID, "the messages say nothing", param="messages")
    if turns[-1]["role"] == "assistant":
        message = "this model cannot go on with an answer that is begun: the last message must be the user's"
        raise Failure(Kind.INVALID, message, param="messages")
    if turns[0]["role"] == "assistant":
        turns.insert(0, {"role": "user", "content": [{"type": "text", "text": BEGINNING}]})
    return Conversation(system, turns)


def _turns(messages: Sequence[Message], blocks: "_Blocks") -> Iterator[JSON]:
    """One turn for each run of messages of one role, tool results first in it."""
    said = ((_role(message), block) for message in messages for block in blocks.of(message))
    for role, run in groupby(said, key=lambda item: item[0]):
        content = sorted((block for _, block in run), key=lambda block: block["type"] != "tool_result")
        yield {"role": role, "content": content}


def _role(message: Message) -> str:
    return "assistant" if message.role == "assistant" else "user"


@dataclass(frozen=True, slots=True)
class _Blocks:
    able: Abilities
    names: Names
    dropped: list[str]

    def of_system(self, message: Message) -> Iterator[JSON]:
        for part in message.parts:
            if not isinstance(part, Text):
                raise Failure(Kind.INVALID, "a system message can only hold text for this model", param="messages")
            if part.text:
                yield mark({"type": "text", "text": part.text}, part.cache)

    def of(self, message: Message) -> Iterator[JSON]:
        if message.role == "system":
            # What the system says later on is told in the user's turn, in the way that Claude knows it.
            for block in self.of_system(message):
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
            case Thought():
                yield from self._thought(part)
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

    def _thought(self, part: Thought) -> Iterator[JSON]:
        seal = part.seal
        if seal is None or not seals.opens_for(seal, "messages", self.able.vendor):
            self.dropped.append("thought" if seal is None else "seal")
        elif seal.redacted:
            yield {"type": "redacted_thinking", "data": seal.value}
        else:
            yield {"type": "thinking", "thinking": part.text, "signature": seal.value}

    def _call(self, call: ToolCall) -> JSON:
        arguments: object = {"input": call.arguments} if call.custom else _arguments(call)
        called = {"id": flat(call.id, limit=ID_LIMIT), "name": self.names.sent(call.name, call.namespace)}
        return mark({"type": "tool_use", **called, "input": arguments}, call.cache)

    def _result(self, result: ToolResult) -> JSON:
        content = [block for part in result.content for block in self._block(part, "user")]
        cached = result.cache or any(block.pop("cache_control", None) for block in content)
        block: JSON = {"type": "tool_result", "tool_use_id": flat(result.call_id, limit=ID_LIMIT), "content": content}
        if result.error:
            block["is_error"] = True
        return mark(block, cached)


class _Object(msgspec.Struct):
    """Any object; nothing of it is kept."""


_OBJECT = msgspec.json.Decoder(_Object)


def _arguments(call: ToolCall) -> msgspec.Raw | JSON:
    """The arguments as the text they are, for they are a body's greater part; known to be an object.

    What a model wrote badly, or could not finish, goes back as Anthropic asks for ("Fine-grained tool streaming").
    """
    raw = call.arguments.strip().encode("utf-8", "replace") or b"{}"
    try:
        _OBJECT.decode(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        pass
    else:
        return msgspec.Raw(raw)
    return {"INVALID_JSON": mended(call.arguments)}
