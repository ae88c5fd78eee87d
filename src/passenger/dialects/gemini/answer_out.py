"""An answer as a Google client wants it, piece by piece or whole; it hides where a thought's seal travels.

Facts: Google's API reference ("GenerateContentResponse", "Thought signatures"). A signature stands on the part after
the thought it seals, for clients keep that part and often drop the thought itself.
"""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from passenger import seals
from passenger.arguments import write_arguments
from passenger.chat import JSON, Citation, Prompt, Seal, Stamp, Usage, total
from passenger.decoding import mended
from passenger.dialects.gemini.failures import write_break
from passenger.errors import Failure
from passenger.events import Answer, Cite, Delta, Event, Finish, PartStart, PartStop, Reason, unfold
from passenger.framing import Message

_REASONS = {Reason.LENGTH: "MAX_TOKENS", Reason.FILTER: "SAFETY", Reason.REFUSAL: "SAFETY"}


def shows_thoughts(prompt: Prompt) -> bool:
    """Whether thoughts go down: only where they were asked for."""
    return prompt.reasoning is not None and prompt.reasoning.show is True


class PartWriter:
    """Writes the parts of a model's turn."""

    def __init__(self, *, thoughts: bool) -> None:
        self._thoughts = thoughts
        self._open = PartStart("text")
        self._arguments: list[str] = []
        self._words: list[str] = []
        self._seal: Seal | None = None
        self.cited: list[JSON] = []
        """Where words come from."""
        self.malformed: str | None = None
        """What a call was made with that means nothing, though the answer was not cut in it."""

    def send(self, event: Event) -> Iterator[JSON]:
        """The parts that this event completes. A call that the answer was cut in is left out, as Google does."""
        match event:
            case PartStart():
                yield from self._begin(event)
            case Delta(text):
                yield from self._more(text)
            case PartStop(seal) if self._open.kind == "thought":
                self._seal = seal
            case PartStop(cut=cut) if self._open.kind == "call":
                yield from self._call(cut=cut)
            case Cite(citation):
                self.cited.append(_source(citation))
            case Finish() if self._seal is not None:
                yield self._signed({"text": ""})
            case _:
                pass

    def _begin(self, start: PartStart) -> Iterator[JSON]:
        if start.kind == "thought" and self._seal is not None:
            yield self._signed({"text": "", "thought": True})
        self._open = start
        self._arguments.clear()
        if start.kind == "thought":
            self._words.clear()

    def _more(self, text: str) -> Iterator[JSON]:
        match self._open.kind:
            case "call":
                self._arguments.append(text)
            case "thought":
                self._words.append(text)
                if self._thoughts:
                    yield {"text": mended(text), "thought": True}
            case _:
                yield self._signed({"text": mended(text)})

    def _signed(self, part: JSON) -> JSON:
        """The part with the seal of the thought before it, once, and its words, which clients may not keep."""
        seal, self._seal = self._seal, None
        return part if seal is None else part | {"thoughtSignature": seals.wrap(seal, "".join(self._words))}

    def _call(self, *, cut: bool) -> Iterator[JSON]:
        call, text = self._open, "".join(self._arguments)
        arguments = write_arguments(text, custom=call.custom, cut=cut)
        if arguments is not None:
            said = {"id": mended(call.id), "name": mended(call.name), "args": arguments}
            yield self._signed({"functionCall": said})
        elif not cut:
            self.malformed = self.malformed or f"Malformed function call: {mended(call.name)}({mended(text)})"


class Writer:
    """Writes the pieces of a stream, each an answer of its own."""

    def __init__(self, prompt: Prompt, stamp: Stamp, index: int = 0) -> None:
        self._parts = PartWriter(thoughts=shows_thoughts(prompt))
        self._index = index
        self._tail = _tail(prompt.model, stamp)

    def send(self, event: Event) -> Iterator[Message]:
        """See `Writer.send`."""
        parts = list(self._parts.send(event))
        if isinstance(event, Finish):
            ended = _ended(parts, _stopped(event.reason, self._parts), self._index)
            yield self._piece({"candidates": [ended], "usageMetadata": _usage(event.usage or Usage())})
            return
        for part in parts:
            yield self._piece({"candidates": [_candidate([part], self._index)]})

    def fail(self, failure: Failure) -> Iterator[Message]:
        """See `Writer.fail`."""
        yield write_break(failure)

    def _piece(self, answer: JSON) -> Message:
        return Message("", msgspec.json.encode(answer | self._tail))


class ChoicesWriter:
    """Writes the pieces of several answers; each that ends says what those that have ended took, the last one all."""

    def __init__(self, prompt: Prompt, stamp: Stamp) -> None:
        self._writers = [Writer(prompt, stamp, index) for index in range(prompt.choices)]
        self._used: list[Usage | None] = []

    def send(self, index: int, event: Event) -> Iterator[Message]:
        """See `dialects.ChoicesWriter.send`."""
        if isinstance(event, Finish):
            self._used.append(event.usage)
            event = replace(event, usage=total(self._used))
        return self._writers[index].send(event)

    @staticmethod
    def end(usage: Usage) -> Iterator[Message]:
        """Nothing more: the last piece has said it all."""
        yield from ()

    def fail(self, failure: Failure) -> Iterator[Message]:
        """See `dialects.ChoicesWriter.fail`."""
        return self._writers[0].fail(failure)


def write_answer(prompt: Prompt, answer: Answer, stamp: Stamp) -> bytes:
    """A whole answer."""
    return write_choices(prompt, (answer,), stamp)


def write_choices(prompt: Prompt, answers: Sequence[Answer], stamp: Stamp) -> bytes:
    """Whole answers, as the candidates of one."""
    candidates = [_whole(prompt, answer, index) for index, answer in enumerate(answers)]
    used = total([answer.usage for answer in answers]) or Usage()
    said = {"candidates": candidates, "usageMetadata": _usage(used)}
    return msgspec.json.encode(said | _tail(prompt.model, stamp))


def _whole(prompt: Prompt, answer: Answer, index: int) -> JSON:
    writer = PartWriter(thoughts=shows_thoughts(prompt))
    parts = [part for event in unfold(answer) for part in writer.send(event)]
    return _ended(parts, _stopped(answer.reason, writer), index)


def _tail(model: str, stamp: Stamp) -> JSON:
    """What every piece says. The model is the one that was asked for: Gemini CLI counts by it what each has used."""
    return {"modelVersion": mended(model), "responseId": stamp.id}


def _candidate(parts: list[JSON], index: int) -> JSON:
    return {"content": {"role": "model", "parts": parts}, "index": index}


def _stopped(reason: Reason, told: PartWriter) -> JSON:
    """Why the model stopped. Google says of a call that cannot be read that it is malformed, in a good answer."""
    cited: JSON = {"citationMetadata": {"citationSources": told.cited}} if told.cited else {}
    said = _REASONS.get(reason)
    if said is None and told.malformed is not None:
        return {"finishReason": "MALFORMED_FUNCTION_CALL", "finishMessage": told.malformed, **cited}
    return {"finishReason": said or "STOP", **cited}


def _source(citation: Citation) -> JSON:
    """A citation in Google's words, which has a field for the licence of code."""
    said = {"uri": citation.url, "title": citation.title, "license": citation.license}
    return {"startIndex": citation.start, "endIndex": citation.end, **{name: one for name, one in said.items() if one}}


def _ended(parts: list[JSON], stopped: JSON, index: int) -> JSON:
    """The candidate that ends an answer. Clients read the parts of the last piece, too, so there is always one."""
    return _candidate(parts or [{"text": ""}], index) | stopped


def _usage(usage: Usage) -> JSON:
    """Google counts thoughts beside the answer and not within it."""
    rest = {"cachedContentTokenCount": usage.cached, "thoughtsTokenCount": usage.reasoning}
    return {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": max(0, usage.output - usage.reasoning),
        "totalTokenCount": usage.input + usage.output,
        **{name: tokens for name, tokens in rest.items() if tokens},
    }
