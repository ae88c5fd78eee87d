"""An answer as Chat Completions, streamed or whole.

https://platform.openai.com/docs/api-reference/chat/object
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from passenger.chat import signatures
from passenger.chat.events import (
    Answer,
    AnswerIdentity,
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
    SearchEvent,
    Start,
    Usage,
    total_usage,
)
from passenger.chat.prompt import JSON, Prompt, Reasoning, Refusal, Text, ToolCall
from passenger.chat.web_search import SearchResult, page_title
from passenger.dialects.citations import write_codes
from passenger.dialects.framing import StreamMessage
from passenger.dialects.openai.errors import write_break
from passenger.errors import Failure

DONE = StreamMessage("", b"[DONE]")

FINISH = {
    Reason.END: "stop",
    Reason.STOP: "stop",
    Reason.LENGTH: "length",
    Reason.TOOL: "tool_calls",
    Reason.FILTER: "content_filter",
    Reason.REFUSAL: "stop",
}

_SLOT = "more"
"""Stands for the text while the rest of its chunk is encoded."""

_FIELD = {"text": "content", "refusal": "refusal", "reasoning": "reasoning_text"}


class Writer:
    """Writes the chunks of one answer."""

    def __init__(self, prompt: Prompt, identity: AnswerIdentity, index: int = 0) -> None:
        self._prompt = prompt
        self._index = index
        self._head: JSON = {
            "id": f"chatcmpl-{identity.id}",
            "object": "chat.completion.chunk",
            "created": identity.created,
            "model": prompt.model,
        }
        self._open = PartStart("text")
        self._calls = -1
        self._around: tuple[bytes, bytes] | None = None
        """A chunk with more of the open part, as the bytes before and after the text; None until it is needed."""
        self._found: list[SearchResult] = []
        self._cited = set[str]()
        self._pages = 0

    def send(self, event: Event) -> Iterable[StreamMessage]:
        """See `Writer.send`."""
        if isinstance(event, Delta):  # nearly all are
            before, after = self._around = self._around or self._split()
            return (StreamMessage("", before + msgspec.json.encode(event.text) + after),)
        self._around = None
        return self._send(event)

    def _split(self) -> tuple[bytes, bytes]:
        """The bytes around the text: it is the last string of its kind in a chunk."""
        before, _, after = self._chunk(self._more(_SLOT)).data.rpartition(msgspec.json.encode(_SLOT))
        return before, after

    def _send(self, event: Start | PartStart | Cite | PartStop | SearchEvent | Finish) -> Iterator[StreamMessage]:
        match event:
            case Start(model):
                self._head["model"] = model or self._prompt.model
                yield self._chunk({"role": "assistant", "content": ""})
            case PartStart(kind="call"):
                self._open = event
                self._calls += 1
                yield self._chunk({"tool_calls": [self._call(event)]})
            case PartStart():
                self._open = event
            case SearchCall():
                pass
            case SearchDone(results=results):
                self._found += results
            case Cite(citation):
                self._cited.add(citation.url)
                yield self._chunk(self._annotate([citation]))
            case PartStop(signature) if signature is not None:
                yield self._chunk({"reasoning_opaque": signatures.wrap(signature)})
            case PartStop():
                pass
            case Finish(reason, usage):
                uncited = list(_uncited(self._found, self._cited))
                yield self._chunk(self._annotate(uncited), FINISH[reason])
                yield from self.end(usage or Usage())

    def end(self, usage: Usage) -> Iterator[StreamMessage]:
        """The messages after the finish reason."""
        if self._prompt.wants_usage:
            yield self._event({"choices": [], "usage": write_usage(usage)})
        yield DONE

    def fail(self, failure: Failure) -> Iterator[StreamMessage]:
        """See `dialects.ChoicesWriter.fail`."""
        yield write_break(failure)

    def _annotate(self, citations: list[Citation]) -> JSON:
        """Citations in a chunk. Each page has its index: OpenAI's SDKs cannot add one to a list without it."""
        written = _annotations(citations)
        for page in written.get("annotations", ()):
            page["index"], self._pages = self._pages, self._pages + 1
        return written

    def _more(self, text: str) -> JSON:
        if self._open.kind != "call":
            return {_FIELD[self._open.kind]: text}
        if self._open.custom:
            return {"tool_calls": [{"index": self._calls, "custom": {"input": text}}]}
        return {"tool_calls": [{"index": self._calls, "function": {"arguments": text}}]}

    def _call(self, call: PartStart) -> JSON:
        head: JSON = {"index": self._calls, "id": call.id}
        if call.custom:
            return head | {"type": "custom", "custom": {"name": call.name, "input": ""}}
        return head | {"type": "function", "function": {"name": call.name, "arguments": ""}}

    def _chunk(self, delta: JSON, reason: str | None = None) -> StreamMessage:
        return self._event({"choices": [{"index": self._index, "delta": delta, "finish_reason": reason}]})

    def _event(self, rest: JSON) -> StreamMessage:
        return StreamMessage("", msgspec.json.encode({**self._head, **rest}))


class ChoicesWriter:
    """Writes the chunks of several answers, each with its own index."""

    def __init__(self, prompt: Prompt, identity: AnswerIdentity) -> None:
        self._writers = [Writer(prompt, identity, index) for index in range(prompt.choices)]

    def send(self, index: int, event: Event) -> Iterable[StreamMessage]:
        """See `dialects.ChoicesWriter.send`. Of `Finish` only the finish reason goes down, its first message."""
        messages = self._writers[index].send(event)
        return islice(messages, 1) if isinstance(event, Finish) else messages

    def end(self, usage: Usage) -> Iterator[StreamMessage]:
        """See `dialects.ChoicesWriter.end`."""
        yield from self._writers[0].end(usage)

    def fail(self, failure: Failure) -> Iterator[StreamMessage]:
        """See `dialects.ChoicesWriter.fail`."""
        yield from self._writers[0].fail(failure)


def write_answer(prompt: Prompt, answer: Answer, identity: AnswerIdentity) -> bytes:
    """A whole answer."""
    return write_choices(prompt, (answer,), identity)


def write_choices(prompt: Prompt, answers: Sequence[Answer], identity: AnswerIdentity) -> bytes:
    """Whole answers as the choices of one."""
    return msgspec.json.encode(
        {
            "id": f"chatcmpl-{identity.id}",
            "object": "chat.completion",
            "created": identity.created,
            "model": answers[0].model or prompt.model,
            "choices": [_choice(answer, index) for index, answer in enumerate(answers)],
            "usage": write_usage(total_usage([answer.usage for answer in answers]) or Usage()),
        }
    )


def _choice(answer: Answer, index: int) -> JSON:
    message: JSON = {"role": "assistant", "content": _text(answer, Text)}
    if refusal := _text(answer, Refusal):
        message["refusal"] = refusal
    if calls := answer.calls:
        message["tool_calls"] = [_write_call(call) for call in calls]
    reasoning = [part for part in answer.parts if isinstance(part, Reasoning)]
    if text := "".join(part.text for part in reasoning):
        message["reasoning_text"] = text
    if signed := [part.signature for part in reasoning if part.signature is not None]:
        message["reasoning_opaque"] = signatures.wrap(signed[-1])
    found = [result for part in answer.parts if isinstance(part, SearchDone) for result in part.results]
    cited = [citation for _, citation in answer.citations]
    message |= _annotations([*cited, *_uncited(found, {one.url for one in cited})])
    if message["content"] is None and not answer.calls and "refusal" not in message:
        message["content"] = ""
    return {"index": index, "message": message, "finish_reason": FINISH[answer.reason], "logprobs": None}


def _annotations(citations: list[Citation]) -> JSON:
    """Citations: pages as OpenAI's `annotations`, code as Copilot's."""
    pages = [_page(one) for one in citations if one.license is None]
    code = write_codes(citations)
    written: JSON = {"annotations": pages} if pages else {}
    return written | ({"copilot_annotations": code} if code["IPCodeCitations"] else {})


def _uncited(found: Iterable[SearchResult], cited: Collection[str]) -> Iterator[Citation]:
    """The pages that a search found and that the answer cites nowhere, once each; they have no place in its text."""
    titles = {result.url: result.title for result in found}
    return (Citation(url, page_title(url, title)) for url, title in titles.items() if url not in cited)


def _page(citation: Citation) -> JSON:
    place = {"start_index": citation.start, "end_index": citation.end}
    return {"type": "url_citation", "url_citation": {**place, "title": citation.title, "url": citation.url}}


def _text(answer: Answer, kind: type[Text] | type[Refusal]) -> str | None:
    return "".join(part.text for part in answer.parts if isinstance(part, kind)) or None


def _write_call(call: ToolCall) -> JSON:
    if call.custom:
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def write_usage(usage: Usage) -> JSON:
    """OpenAI's `usage`; cached and reasoning tokens are part of the counts."""
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
