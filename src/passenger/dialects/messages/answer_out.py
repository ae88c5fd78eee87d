"""An answer in Anthropic's words, streamed or whole; it hides the block indices and how a foreign seal is carried."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from passenger import seals
from passenger.arguments import write_arguments
from passenger.chat import Citation, Prompt, Refusal, Seal, Stamp, Text, Thought, ToolCall, Usage
from passenger.decoding import has_few_values, mended
from passenger.dialects.citations import joined
from passenger.dialects.messages.failures import write_break
from passenger.dialects.messages.usage import write_usage
from passenger.errors import Failure
from passenger.events import Answer, AnswerPart, Cite, Delta, Event, Finish, PartStart, PartStop, Reason, Start
from passenger.framing import Message

JSON = dict[str, Any]

STOP_REASONS = {
    Reason.END: "end_turn",
    Reason.STOP: "stop_sequence",
    Reason.LENGTH: "max_tokens",
    Reason.TOOL: "tool_use",
    Reason.FILTER: "refusal",
    Reason.REFUSAL: "refusal",
}

_TEXT = (b'"text_delta","text":', {"type": "text", "text": ""})
_THINKING = (b'"thinking_delta","thinking":', {"type": "thinking", "thinking": "", "signature": ""})
_CALL = b'"input_json_delta","partial_json":'
_SHAPES = {"text": _TEXT, "refusal": _TEXT, "thought": _THINKING}
_UNSEALED = Seal("", "")


class Writer:
    """Writes one streamed answer."""

    def __init__(self, prompt: Prompt, stamp: Stamp) -> None:
        self._prompt = prompt
        self._stamp = stamp
        self._index = 0
        self._part = PartStart("text")
        self._open = False
        self._head = b""
        self._cited: list[Citation] = []
        """What no event has told yet."""

    def send(self, event: Event) -> Iterable[Message]:
        """The messages of one event. A block is begun with its first words, for what it is may show only then."""
        if isinstance(event, Delta):  # nearly all are
            begun = () if self._open else self._begin()
            return (*begun, Message("content_block_delta", self._head + _encode(event.text) + b"}}"))
        match event:
            case PartStart():
                self._part = event
                return self._begin() if event.kind == "call" else ()
            case PartStop():
                return self._stop(event.seal)
            case Cite(citation):
                self._cited.append(citation)
                return self._cite() if self._open else ()
            case Start():
                return (_message("message_start", message=_head(self._prompt, self._stamp, event)),)
            case Finish():
                return self._finish(event)

    @staticmethod
    def fail(failure: Failure) -> Iterable[Message]:
        """The `error` event."""
        return (write_break(failure),)

    def _begin(self) -> tuple[Message, ...]:
        part = self._part
        if part.kind == "call":
            tag, block = _CALL, _call(part.id, part.name, {})
        else:
            tag, block = _SHAPES[part.kind]
        self._open = True
        self._head = b'{"type":"content_block_delta","index":%d,"delta":{"type":%b' % (self._index, tag)
        return (_message("content_block_start", index=self._index, content_block=block),)

    def _cite(self) -> Iterable[Message]:
        """Copilot's own field beside the next piece of a block, which is empty here."""
        cited, self._cited = joined(self._cited), []
        if not cited["IPCodeCitations"]:
            return ()
        said = msgspec.json.encode(cited)
        return (Message("content_block_delta", self._head + b'""},"copilot_annotations":' + said + b"}"),)

    def _stop(self, seal: Seal | None) -> Iterable[Message]:
        """End the block, a thought with its seal; a text without words was never begun."""
        kind, opened = self._part.kind, self._open
        if kind == "thought":
            return self._seal(seal)
        return self._end() if opened else ()

    def _seal(self, seal: Seal | None) -> Iterable[Message]:
        if not self._open and seal is None:
            return ()
        if seal is not None and seal.redacted and not self._open:
            begun = _message("content_block_start", index=self._index, content_block=_redacted(seal))
            return (begun, *self._end())
        begun_now = () if self._open else self._begin()
        delta = {"type": "signature_delta", "signature": _carried(seal)}
        return (*begun_now, _message("content_block_delta", index=self._index, delta=delta), *self._end())

    def _end(self) -> tuple[Message, ...]:
        ended = _message("content_block_stop", index=self._index)
        self._index += 1
        self._open = False
        return (ended,)

    def _finish(self, event: Finish) -> Iterable[Message]:
        stopped, usage = _stopped(event.reason, event.sequence), write_usage(event.usage)
        cited = _annotations(self._cited)
        return (_message("message_delta", delta=stopped, usage=usage, **cited), _message("message_stop"))


def write_answer(prompt: Prompt, answer: Answer, stamp: Stamp) -> bytes:
    """A whole answer."""
    head = _head(prompt, stamp, Start(answer.model, answer.usage))
    content = [block for part, cut in answer.marked() for block in _block(part, cut=cut)]
    cited = _annotations([citation for _, citation in answer.citations])
    return msgspec.json.encode({**head, "content": content, **_stopped(answer.reason, answer.sequence), **cited})


def _annotations(citations: list[Citation]) -> JSON:
    cited = joined(citations)
    return {"copilot_annotations": cited} if cited["IPCodeCitations"] else {}


def _head(prompt: Prompt, stamp: Stamp, start: Start) -> JSON:
    return {
        "id": f"msg_{stamp.id}",
        "type": "message",
        "role": "assistant",
        "model": mended(start.model or prompt.model),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "usage": write_usage(start.usage or Usage()),
    }


def _stopped(reason: Reason, sequence: str | None) -> JSON:
    word = STOP_REASONS[reason]
    details = {"type": "refusal", "category": None, "explanation": None} if word == "refusal" else None
    stopped = None if sequence is None else mended(sequence)
    return {"stop_reason": word, "stop_sequence": stopped, "stop_details": details}


def _block(part: AnswerPart, *, cut: bool) -> Iterator[JSON]:
    match part:
        case Text(text) | Refusal(text):
            yield from [{"type": "text", "text": mended(text)}] if text else []
        case Thought("", Seal() as seal) if seal.redacted:
            yield _redacted(seal)
        case Thought(text, seal):
            thought = {"type": "thinking", "thinking": mended(text), "signature": _carried(seal)}
            yield from [thought] if text or seal else []
        case ToolCall():
            yield _call(part.id, part.name, _arguments(part, cut=cut))


def _arguments(call: ToolCall, *, cut: bool) -> JSON:
    """A call's arguments as the object they are: of a call that was cut nothing, for half of one means something else.

    What is no object is wrapped as Anthropic has it ("Fine-grained tool streaming", on invalid JSON).
    """
    few = has_few_values(call.arguments)
    found = write_arguments(call.arguments, custom=call.custom, cut=cut) if few else None
    if found is None:
        return {} if cut else {"INVALID_JSON": mended(call.arguments)}
    return found


def _call(call_id: str, name: str, arguments: object) -> JSON:
    return {"type": "tool_use", "id": mended(call_id), "name": mended(name), "input": arguments}


def _redacted(seal: Seal) -> JSON:
    return {"type": "redacted_thinking", "data": _carried(seal)}


def _carried(seal: Seal | None) -> str:
    """The seal as the client keeps it. A thought without one gets an empty one of ours, known by its mark later."""
    if seal is not None and seal.origin.partition("/")[0] == "messages":
        return seal.value
    return seals.wrap(seal or _UNSEALED)


def _message(name: str, **fields: object) -> Message:
    return Message(name, msgspec.json.encode({"type": name, **fields}))


def _encode(text: str) -> bytes:
    try:
        return msgspec.json.encode(text)
    except UnicodeEncodeError:
        return msgspec.json.encode(mended(text))
