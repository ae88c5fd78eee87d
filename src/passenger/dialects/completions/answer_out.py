"""An answer as a client of Chat Completions wants it, streamed or whole."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from passenger import seals
from passenger.chat import Citation, Prompt, Refusal, Stamp, Text, Thought, ToolCall, Usage, total
from passenger.dialects.citations import joined
from passenger.dialects.completions.failures import error_body
from passenger.errors import Failure
from passenger.events import Answer, Cite, Delta, Event, Finish, PartStart, PartStop, Reason, Start
from passenger.framing import Message

DONE = Message("", b"[DONE]")

FINISH = {
    Reason.END: "stop",
    Reason.STOP: "stop",
    Reason.LENGTH: "length",
    Reason.TOOL: "tool_calls",
    Reason.FILTER: "content_filter",
    Reason.REFUSAL: "stop",
}

_SLOT = "more"
"""Stands for a piece while the rest of its chunk is written."""

_FIELD = {"text": "content", "refusal": "refusal", "thought": "reasoning_text"}

Json = dict[str, Any]


class Writer:
    """Writes chunks."""

    def __init__(self, prompt: Prompt, stamp: Stamp, index: int = 0) -> None:
        self._prompt = prompt
        self._index = index
        self._head: Json = {
            "id": f"chatcmpl-{stamp.id}",
            "object": "chat.completion.chunk",
            "created": stamp.created,
            "model": prompt.model,
        }
        self._open = PartStart("text")
        self._calls = -1
        self._around: tuple[bytes, bytes] | None = None
        """A chunk with more of the open part, before and after that, once it was made."""

    def send(self, event: Event) -> Iterable[Message]:
        """See `Writer.send`."""
        if isinstance(event, Delta):  # nearly all are
            before, after = self._around = self._around or self._split()
            return (Message("", before + msgspec.json.encode(event.text) + after),)
        self._around = None
        return self._send(event)

    def _split(self) -> tuple[bytes, bytes]:
        """The last text of a chunk is the one that it adds."""
        before, _, after = self._chunk(self._more(_SLOT)).data.rpartition(msgspec.json.encode(_SLOT))
        return before, after

    def _send(self, event: Start | PartStart | Cite | PartStop | Finish) -> Iterator[Message]:
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
            case Cite(citation):
                yield self._chunk(_cited([citation]))
            case PartStop(seal) if seal is not None:
                yield self._chunk({"reasoning_opaque": seals.wrap(seal)})
            case PartStop():
                pass
            case Finish(reason, usage):
                yield self._chunk({}, FINISH[reason])
                yield from self.end(usage or Usage())

    def end(self, usage: Usage) -> Iterator[Message]:
        """What comes after the finish reason."""
        if self._prompt.wants_usage:
            yield self._event({"choices": [], "usage": usage_out(usage)})
        yield DONE

    def fail(self, failure: Failure) -> Iterator[Message]:
        """See `dialects.ChoicesWriter.fail`."""
        yield Message("", error_body(failure))

    def _more(self, text: str) -> Json:
        if self._open.kind != "call":
            return {_FIELD[self._open.kind]: text}
        if self._open.custom:
            return {"tool_calls": [{"index": self._calls, "custom": {"input": text}}]}
        return {"tool_calls": [{"index": self._calls, "function": {"arguments": text}}]}

    def _call(self, call: PartStart) -> Json:
        head: Json = {"index": self._calls, "id": call.id}
        if call.custom:
            return head | {"type": "custom", "custom": {"name": call.name, "input": ""}}
        return head | {"type": "function", "function": {"name": call.name, "arguments": ""}}

    def _chunk(self, delta: Json, reason: str | None = None) -> Message:
        return self._event({"choices": [{"index": self._index, "delta": delta, "finish_reason": reason}]})

    def _event(self, rest: Json) -> Message:
        return Message("", msgspec.json.encode({**self._head, **rest}))


class ChoicesWriter:
    """Writes the chunks of several answers, each with the index of its own."""

    def __init__(self, prompt: Prompt, stamp: Stamp) -> None:
        self._writers = [Writer(prompt, stamp, index) for index in range(prompt.choices)]

    def send(self, index: int, event: Event) -> Iterable[Message]:
        """See `dialects.ChoicesWriter.send`: of an answer's end only the finish reason, which comes first."""
        messages = self._writers[index].send(event)
        return islice(messages, 1) if isinstance(event, Finish) else messages

    def end(self, usage: Usage) -> Iterator[Message]:
        """See `dialects.ChoicesWriter.end`."""
        yield from self._writers[0].end(usage)

    def fail(self, failure: Failure) -> Iterator[Message]:
        """See `dialects.ChoicesWriter.fail`."""
        yield from self._writers[0].fail(failure)


def write_answer(prompt: Prompt, answer: Answer, stamp: Stamp) -> bytes:
    """A whole answer."""
    return write_choices(prompt, (answer,), stamp)


def write_choices(prompt: Prompt, answers: Sequence[Answer], stamp: Stamp) -> bytes:
    """Whole answers, as the choices of one."""
    return msgspec.json.encode(
        {
            "id": f"chatcmpl-{stamp.id}",
            "object": "chat.completion",
            "created": stamp.created,
            "model": answers[0].model or prompt.model,
            "choices": [_choice(answer, index) for index, answer in enumerate(answers)],
            "usage": usage_out(total([answer.usage for answer in answers]) or Usage()),
        }
    )


def _choice(answer: Answer, index: int) -> Json:
    message: Json = {"role": "assistant", "content": _text(answer, Text)}
    if refusal := _text(answer, Refusal):
        message["refusal"] = refusal
    if calls := answer.calls:
        message["tool_calls"] = [_whole_call(call) for call in calls]
    thoughts = [part for part in answer.parts if isinstance(part, Thought)]
    if text := "".join(thought.text for thought in thoughts):
        message["reasoning_text"] = text
    if sealed := [thought.seal for thought in thoughts if thought.seal is not None]:
        message["reasoning_opaque"] = seals.wrap(sealed[-1])
    message |= _cited([citation for _, citation in answer.citations])
    if message["content"] is None and not answer.calls and "refusal" not in message:
        message["content"] = ""
    return {"index": index, "message": message, "finish_reason": FINISH[answer.reason], "logprobs": None}


def _cited(citations: list[Citation]) -> Json:
    """Pages in OpenAI's words, code in Copilot's."""
    pages = [_page(one) for one in citations if one.license is None]
    code = joined(citations)
    said: Json = {"annotations": pages} if pages else {}
    return said | ({"copilot_annotations": code} if code["IPCodeCitations"] else {})


def _page(citation: Citation) -> Json:
    place = {"start_index": citation.start, "end_index": citation.end}
    return {"type": "url_citation", "url_citation": {**place, "title": citation.title, "url": citation.url}}


def _text(answer: Answer, kind: type[Text] | type[Refusal]) -> str | None:
    return "".join(part.text for part in answer.parts if isinstance(part, kind)) or None


def _whole_call(call: ToolCall) -> Json:
    if call.custom:
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def usage_out(usage: Usage) -> Json:
    """The tokens in OpenAI's words; `cached` and `reasoning` are parts of the sums."""
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
