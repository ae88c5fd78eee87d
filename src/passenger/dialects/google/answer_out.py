"""Writes answers for Google's clients, as a stream or whole.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse. A thought's signature goes on the part after
the thought (https://ai.google.dev/gemini-api/docs/thought-signatures): clients keep that part, and many drop thoughts.
"""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from passenger.chat import signatures
from passenger.chat.arguments import write_arguments
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
    Usage,
    total_usage,
    unfold,
)
from passenger.chat.prompt import JSON, Prompt, Signature
from passenger.dialects.framing import StreamMessage
from passenger.dialects.google.errors import write_break
from passenger.dialects.google.grounding import Grounding
from passenger.errors import Failure
from passenger.jsontext.surrogates import replace_surrogates

_REASONS = {Reason.LENGTH: "MAX_TOKENS", Reason.FILTER: "SAFETY", Reason.REFUSAL: "SAFETY"}


def shows_reasoning(prompt: Prompt) -> bool:
    """Whether the client wants to see the reasoning: only if it asked for it."""
    return prompt.reasoning is not None and prompt.reasoning.show is True


class PartWriter:
    """Writes the parts of a model's turn."""

    def __init__(self, *, shows_reasoning: bool, searches: bool = False) -> None:
        self._shows_reasoning = shows_reasoning
        self._open = PartStart("text")
        self._arguments: list[str] = []
        self._words: list[str] = []
        self._signature: Signature | None = None
        self.citations: list[JSON] = []
        """The sources of the text, as Google writes them."""
        self.grounding = Grounding(from_start=True) if searches else None
        """What was searched and found; where no search is offered, None before a cited page."""
        self.malformed: str | None = None
        """The first call whose arguments are no JSON object, though the answer was not cut off in it."""

    def send(self, event: Event) -> Iterator[JSON]:
        """The parts that this event completes. A call that the answer was cut off in is left out, as Google does."""
        match event:
            case PartStart():
                yield from self._begin(event)
            case Delta(text):
                yield from self._continue(text)
            case PartStop(signature) if self._open.kind == "reasoning":
                self._signature = signature
            case PartStop(cut=cut) if self._open.kind == "call":
                yield from self._write_call(cut=cut)
            case Cite(citation):
                self.citations.append(_write_citation(citation))
                if citation.license is None:
                    self._ground().cite(citation)
            case SearchCall():
                self._ground().search(event.query)
            case SearchDone():
                self._ground().find(event.results)
            case Finish() if self._signature is not None:
                yield self._sign({"text": ""})
            case _:
                pass

    def _ground(self) -> Grounding:
        self.grounding = self.grounding or Grounding(from_start=False)
        return self.grounding

    def _begin(self, start: PartStart) -> Iterator[JSON]:
        if self.grounding is not None:
            self.grounding.begin()
        if start.kind == "reasoning" and self._signature is not None:
            yield self._sign({"text": "", "thought": True})
        self._open = start
        self._arguments.clear()
        if start.kind == "reasoning":
            self._words.clear()

    def _continue(self, text: str) -> Iterator[JSON]:
        match self._open.kind:
            case "call":
                self._arguments.append(text)
            case "reasoning":
                self._words.append(text)
                if self._shows_reasoning:
                    yield {"text": replace_surrogates(text), "thought": True}
            case _:
                if self.grounding is not None:
                    self.grounding.say(text)
                yield self._sign({"text": replace_surrogates(text)})

    def _sign(self, part: JSON) -> JSON:
        """Add the pending signature to a part, with the words of its thought, which the client may not keep."""
        signature, self._signature = self._signature, None
        if signature is None:
            return part
        return part | {"thoughtSignature": signatures.wrap(signature, "".join(self._words))}

    def _write_call(self, *, cut: bool) -> Iterator[JSON]:
        call, text = self._open, "".join(self._arguments)
        arguments = write_arguments(text, custom=call.custom, cut=cut)
        if arguments is not None:
            called = {"id": replace_surrogates(call.id), "name": replace_surrogates(call.name), "args": arguments}
            yield self._sign({"functionCall": called})
        elif not cut:
            written = f"{replace_surrogates(call.name)}({replace_surrogates(text)})"
            self.malformed = self.malformed or f"Malformed function call: {written}"


def _part_writer(prompt: Prompt) -> PartWriter:
    return PartWriter(shows_reasoning=shows_reasoning(prompt), searches=prompt.web_search is not None)


class Writer:
    """Writes a stream, each piece of which is a whole response object."""

    def __init__(self, prompt: Prompt, identity: AnswerIdentity, index: int = 0) -> None:
        self._parts = _part_writer(prompt)
        self._index = index
        self._common = _write_common(prompt.model, identity)

    def send(self, event: Event) -> Iterator[StreamMessage]:
        """See `Writer.send`."""
        parts = list(self._parts.send(event))
        if isinstance(event, Finish):
            last = _end_candidate(parts, _write_finish(event.reason, self._parts), self._index)
            yield self._piece({"candidates": [last], "usageMetadata": _write_usage(event.usage or Usage())})
            return
        for part in parts:
            yield self._piece({"candidates": [_candidate([part], self._index)]})

    def fail(self, failure: Failure) -> Iterator[StreamMessage]:
        """See `Writer.fail`."""
        yield write_break(failure)

    def _piece(self, answer: JSON) -> StreamMessage:
        return StreamMessage("", msgspec.json.encode(answer | self._common))


class ChoicesWriter:
    """Writes a stream of several answers. The end of each has the usage of all that have ended so far."""

    def __init__(self, prompt: Prompt, identity: AnswerIdentity) -> None:
        self._writers = [Writer(prompt, identity, index) for index in range(prompt.choices)]
        self._used: list[Usage | None] = []

    def send(self, index: int, event: Event) -> Iterator[StreamMessage]:
        """See `dialects.ChoicesWriter.send`."""
        if isinstance(event, Finish):
            self._used.append(event.usage)
            event = replace(event, usage=total_usage(self._used))
        return self._writers[index].send(event)

    @staticmethod
    def end(usage: Usage) -> Iterator[StreamMessage]:
        """Nothing: the last piece has the usage already."""
        yield from ()

    def fail(self, failure: Failure) -> Iterator[StreamMessage]:
        """See `dialects.ChoicesWriter.fail`."""
        return self._writers[0].fail(failure)


def write_answer(prompt: Prompt, answer: Answer, identity: AnswerIdentity) -> bytes:
    """A whole answer."""
    return write_choices(prompt, (answer,), identity)


def write_choices(prompt: Prompt, answers: Sequence[Answer], identity: AnswerIdentity) -> bytes:
    """Several whole answers, as the candidates of one response."""
    candidates = [_write_candidate(prompt, answer, index) for index, answer in enumerate(answers)]
    used = total_usage([answer.usage for answer in answers]) or Usage()
    response = {"candidates": candidates, "usageMetadata": _write_usage(used)}
    return msgspec.json.encode(response | _write_common(prompt.model, identity))


def _write_candidate(prompt: Prompt, answer: Answer, index: int) -> JSON:
    writer = _part_writer(prompt)
    parts = [part for event in unfold(answer) for part in writer.send(event)]
    return _end_candidate(parts, _write_finish(answer.reason, writer), index)


def _write_common(model: str, identity: AnswerIdentity) -> JSON:
    """The fields of every piece. The model is named as in the request: Gemini CLI sums up usage by that name."""
    return {"modelVersion": replace_surrogates(model), "responseId": identity.id}


def _candidate(parts: list[JSON], index: int) -> JSON:
    return {"content": {"role": "model", "parts": parts}, "index": index}


def _write_finish(reason: Reason, parts_writer: PartWriter) -> JSON:
    """Why the model stopped. A call that cannot be parsed is a finish reason with Google, not an error."""
    citations = parts_writer.citations
    metadata: JSON = {"citationMetadata": {"citationSources": citations}} if citations else {}
    if parts_writer.grounding is not None:
        metadata |= parts_writer.grounding.write()
    finish = _REASONS.get(reason)
    if finish is None and parts_writer.malformed is not None:
        return {"finishReason": "MALFORMED_FUNCTION_CALL", "finishMessage": parts_writer.malformed, **metadata}
    return {"finishReason": finish or "STOP", **metadata}


def _write_citation(citation: Citation) -> JSON:
    """A source: https://ai.google.dev/api/generate-content#CitationSource."""
    source = {"uri": citation.url, "title": citation.title, "license": citation.license}
    place = {"startIndex": citation.start, "endIndex": citation.end}
    return place | {name: value for name, value in source.items() if value}


def _end_candidate(parts: list[JSON], stopped: JSON, index: int) -> JSON:
    """The last candidate of an answer. Clients read its parts, so there is always one."""
    return _candidate(parts or [{"text": ""}], index) | stopped


def _write_usage(usage: Usage) -> JSON:
    """The usage. Google does not count reasoning as part of the answer's tokens."""
    rest = {"cachedContentTokenCount": usage.cached, "thoughtsTokenCount": usage.reasoning}
    return {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": max(0, usage.output - usage.reasoning),
        "totalTokenCount": usage.input + usage.output,
        **{name: tokens for name, tokens in rest.items() if tokens},
    }
