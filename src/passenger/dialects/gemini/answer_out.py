"""An answer as a Google client wants it, piece by piece or whole; it hides where a thought's seal travels.

Facts: Google's API reference ("GenerateContentResponse", "Thought signatures"). A signature stands on the part after
the thought it seals, for clients keep that part and often drop the thought itself.
"""

from collections.abc import Iterator

import msgspec

from passenger import seals
from passenger.arguments import write_arguments
from passenger.chat import JSON, Prompt, Seal, Stamp, Usage
from passenger.decoding import mended
from passenger.dialects.gemini.failures import write_break
from passenger.errors import Failure
from passenger.events import Answer, Delta, Event, Finish, PartStart, PartStop, Reason, Start, unfold
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

    def __init__(self, prompt: Prompt, stamp: Stamp) -> None:
        self._parts = PartWriter(thoughts=shows_thoughts(prompt))
        self._tail = _tail(prompt.model, stamp)

    def send(self, event: Event) -> Iterator[Message]:
        """See `Writer.send`."""
        if isinstance(event, Start) and event.model:
            self._tail["modelVersion"] = mended(event.model)
        parts = list(self._parts.send(event))
        if isinstance(event, Finish):
            yield self._piece(_ended(parts, _stopped(event.reason, self._parts.malformed), event.usage))
            return
        for part in parts:
            yield self._piece({"candidates": [_candidate([part])]})

    def fail(self, failure: Failure) -> Iterator[Message]:
        """See `Writer.fail`."""
        yield write_break(failure)

    def _piece(self, answer: JSON) -> Message:
        return Message("", msgspec.json.encode(answer | self._tail))


def write_answer(prompt: Prompt, answer: Answer, stamp: Stamp) -> bytes:
    """A whole answer."""
    writer = PartWriter(thoughts=shows_thoughts(prompt))
    parts = [part for event in unfold(answer) for part in writer.send(event)]
    ended = _ended(parts, _stopped(answer.reason, writer.malformed), answer.usage)
    return msgspec.json.encode(ended | _tail(answer.model or prompt.model, stamp))


def _tail(model: str, stamp: Stamp) -> JSON:
    return {"modelVersion": mended(model), "responseId": stamp.id}


def _candidate(parts: list[JSON]) -> JSON:
    return {"content": {"role": "model", "parts": parts}, "index": 0}


def _stopped(reason: Reason, malformed: str | None) -> JSON:
    """Why the model stopped. Google says of a call that cannot be read that it is malformed, in a good answer."""
    said = _REASONS.get(reason)
    if said is None and malformed is not None:
        return {"finishReason": "MALFORMED_FUNCTION_CALL", "finishMessage": malformed}
    return {"finishReason": said or "STOP"}


def _ended(parts: list[JSON], stopped: JSON, usage: Usage | None) -> JSON:
    """What ends an answer. Clients read the parts of the last piece, too, so there is always one."""
    candidate = _candidate(parts or [{"text": ""}]) | stopped
    return {"candidates": [candidate], "usageMetadata": _usage(usage or Usage())}


def _usage(usage: Usage) -> JSON:
    """Google counts thoughts beside the answer and not within it."""
    rest = {"cachedContentTokenCount": usage.cached, "thoughtsTokenCount": usage.reasoning}
    return {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": max(0, usage.output - usage.reasoning),
        "totalTokenCount": usage.input + usage.output,
        **{name: tokens for name, tokens in rest.items() if tokens},
    }
