"""Writes an answer for a client of Anthropic's, streamed or whole.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from passenger.chat import signatures
from passenger.chat.arguments import write_arguments
from passenger.chat.events import (
    Answer,
    AnswerIdentity,
    AnswerPart,
    Citation,
    Cite,
    Delta,
    Event,
    Finish,
    PartStart,
    PartStop,
    Reason,
    SearchCall,
    SearchDone,
    Start,
    Usage,
)
from passenger.chat.prompt import JSON, Prompt, Reasoning, Refusal, Signature, Text, ToolCall
from passenger.dialects.anthropic.errors import write_break
from passenger.dialects.anthropic.usage import write_usage
from passenger.dialects.anthropic.web_search_out import search_input, write_page, write_results, write_search
from passenger.dialects.citations import write_codes
from passenger.dialects.framing import StreamMessage
from passenger.errors import Failure
from passenger.jsontext.reading import has_few_values
from passenger.jsontext.surrogates import replace_surrogates

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
_SHAPES = {"text": _TEXT, "refusal": _TEXT, "reasoning": _THINKING}
_UNSIGNED = Signature("", "")


class Writer:
    """Writes one streamed answer."""

    def __init__(self, prompt: Prompt, identity: AnswerIdentity) -> None:
        self._prompt = prompt
        self._identity = identity
        self._index = 0
        self._part = PartStart("text")
        self._open = False
        self._head = b""
        self._cited: list[Citation] = []
        """The citations that no event has carried yet."""
        self._searches = 0
        self._in_text = False

    def send(self, event: Event) -> Iterable[StreamMessage]:
        """The messages of one event. A block begins with its first words, which may be what tells its type."""
        if isinstance(event, Delta):  # nearly all are
            begun = () if self._open else self._begin()
            return (*begun, StreamMessage("content_block_delta", self._head + _encode(event.text) + b"}}"))
        match event:
            case PartStart():
                self._part, self._in_text = event, event.kind == "text"
                return self._begin() if event.kind == "call" else ()
            case PartStop():
                return self._stop(event.signature)
            case Cite(citation):
                return self._cite_one(citation)
            case Start():
                return (_message("message_start", message=_head(self._prompt, self._identity, event)),)
            case SearchCall() | SearchDone():
                return self._search(event)
            case Finish():
                return self._finish(event)

    @staticmethod
    def fail(failure: Failure) -> Iterable[StreamMessage]:
        """The `error` event."""
        return (write_break(failure),)

    def _begin(self) -> tuple[StreamMessage, ...]:
        part = self._part
        if part.kind == "call":
            tag, block = _CALL, _call(part.id, part.name, {})
        else:
            tag, block = _SHAPES[part.kind]
        self._open = True
        self._head = b'{"type":"content_block_delta","index":%d,"delta":{"type":%b' % (self._index, tag)
        return (_message("content_block_start", index=self._index, content_block=block),)

    def _cite_one(self, citation: Citation) -> Iterable[StreamMessage]:
        """Write the citation of a page into its text, and keep that of code until a block is open."""
        if citation.license is not None:
            self._cited.append(citation)
            return self._cite() if self._open else ()
        if not self._in_text:
            return ()
        begun = () if self._open else self._begin()
        delta = {"type": "citations_delta", "citation": write_page(citation)}
        return (*begun, _message("content_block_delta", index=self._index, delta=delta))

    def _cite(self) -> Iterable[StreamMessage]:
        """Write Copilot's own field for citations, beside an empty piece of the open block."""
        cited, self._cited = write_codes(self._cited), []
        if not cited["IPCodeCitations"]:
            return ()
        said = msgspec.json.encode(cited)
        return (StreamMessage("content_block_delta", self._head + b'""},"copilot_annotations":' + said + b"}"),)

    def _stop(self, signature: Signature | None) -> Iterable[StreamMessage]:
        """End the block, reasoning with its signature. An empty text was never begun."""
        self._in_text = False
        kind, opened = self._part.kind, self._open
        if kind == "reasoning":
            return self._sign(signature)
        return self._end() if opened else ()

    def _sign(self, signature: Signature | None) -> Iterable[StreamMessage]:
        if not self._open and signature is None:
            return ()
        if signature is not None and signature.redacted and not self._open:
            begun = _message("content_block_start", index=self._index, content_block=_redacted(signature))
            return (begun, *self._end())
        begun_now = () if self._open else self._begin()
        delta = {"type": "signature_delta", "signature": _write_signature(signature)}
        return (*begun_now, _message("content_block_delta", index=self._index, delta=delta), *self._end())

    def _end(self) -> tuple[StreamMessage, ...]:
        ended = _message("content_block_stop", index=self._index)
        self._index += 1
        self._open = False
        return (ended,)

    def _search(self, event: SearchCall | SearchDone) -> Iterable[StreamMessage]:
        """Write the block of a search, or of what it found."""
        if isinstance(event, SearchDone):
            self._searches += 1
            block = write_results(event)
            return (_message("content_block_start", index=self._index, content_block=block), *self._end())
        begun = _message("content_block_start", index=self._index, content_block=write_search(event) | {"input": {}})
        words = msgspec.json.encode(search_input(event)).decode()
        delta = {"type": "input_json_delta", "partial_json": words}
        return (begun, _message("content_block_delta", index=self._index, delta=delta), *self._end())

    def _finish(self, event: Finish) -> Iterable[StreamMessage]:
        stopped, usage = _stopped(event.reason, event.sequence), write_usage(event.usage, self._searches)
        cited = _annotations(self._cited)
        return (_message("message_delta", delta=stopped, usage=usage, **cited), _message("message_stop"))


def write_answer(prompt: Prompt, answer: Answer, identity: AnswerIdentity) -> bytes:
    """A whole answer."""
    searches = sum(isinstance(part, SearchDone) for part in answer.parts)
    head = _head(prompt, identity, Start(answer.model, answer.usage), searches)
    pages: dict[int, list[Citation]] = {}
    for at, citation in answer.citations:
        if citation.license is None:
            pages.setdefault(at, []).append(citation)
    parts = enumerate(answer.parts_and_cuts())
    content = [block for at, (part, cut) in parts for block in _block(part, cut=cut, pages=pages.get(at, ()))]
    cited = _annotations([citation for _, citation in answer.citations])
    return msgspec.json.encode({**head, "content": content, **_stopped(answer.reason, answer.sequence), **cited})


def _annotations(citations: list[Citation]) -> JSON:
    cited = write_codes(citations)
    return {"copilot_annotations": cited} if cited["IPCodeCitations"] else {}


def _head(prompt: Prompt, identity: AnswerIdentity, start: Start, searches: int = 0) -> JSON:
    return {
        "id": f"msg_{identity.id}",
        "type": "message",
        "role": "assistant",
        "model": replace_surrogates(start.model or prompt.model),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "usage": write_usage(start.usage or Usage(), searches),
    }


def _stopped(reason: Reason, sequence: str | None) -> JSON:
    word = STOP_REASONS[reason]
    details = {"type": "refusal", "category": None, "explanation": None} if word == "refusal" else None
    stopped = None if sequence is None else replace_surrogates(sequence)
    return {"stop_reason": word, "stop_sequence": stopped, "stop_details": details}


def _block(part: AnswerPart, *, cut: bool, pages: Sequence[Citation]) -> Iterator[JSON]:
    match part:
        case Text(text) if pages:
            yield {"type": "text", "text": replace_surrogates(text), "citations": [*map(write_page, pages)]}
        case Text(text) | Refusal(text):
            yield from [{"type": "text", "text": replace_surrogates(text)}] if text else []
        case Reasoning("", Signature() as signature) if signature.redacted:
            yield _redacted(signature)
        case Reasoning(text, signature):
            words = replace_surrogates(text)
            thinking = {"type": "thinking", "thinking": words, "signature": _write_signature(signature)}
            yield from [thinking] if text or signature else []
        case ToolCall():
            yield _call(part.id, part.name, _arguments(part, cut=cut))
        case SearchCall():
            yield write_search(part)
        case SearchDone():
            yield write_results(part)


def _arguments(call: ToolCall, *, cut: bool) -> JSON:
    """A call's arguments as the object they are: of a call that was cut nothing, for half of one means something else.

    What is no object is wrapped as Anthropic has it ("Fine-grained tool streaming", on invalid JSON).
    """
    few = has_few_values(call.arguments)
    found = write_arguments(call.arguments, custom=call.custom, cut=cut) if few else None
    if found is None:
        return {} if cut else {"INVALID_JSON": replace_surrogates(call.arguments)}
    return found


def _call(call_id: str, name: str, arguments: object) -> JSON:
    return {"type": "tool_use", "id": replace_surrogates(call_id), "name": replace_surrogates(name), "input": arguments}


def _redacted(signature: Signature) -> JSON:
    return {"type": "redacted_thinking", "data": _write_signature(signature)}


def _write_signature(signature: Signature | None) -> str:
    """The signature as the client keeps it. Reasoning without one gets an empty one of ours, known by its prefix."""
    if signature is not None and signature.origin.partition("/")[0] == "messages":
        return signature.value
    return signatures.wrap(signature or _UNSIGNED)


def _message(name: str, **fields: object) -> StreamMessage:
    return StreamMessage(name, msgspec.json.encode({"type": name, **fields}))


def _encode(text: str) -> bytes:
    try:
        return msgspec.json.encode(text)
    except UnicodeEncodeError:
        return msgspec.json.encode(replace_surrogates(text))
