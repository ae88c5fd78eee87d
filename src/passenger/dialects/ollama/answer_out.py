"""An answer as a client of Ollama wants it, line by line or whole; it hides that the two APIs put it differently.

Facts: Ollama's API reference ("Streaming responses", "Usage"). Every line says the model and when it was asked.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from time import gmtime, strftime

import msgspec

from passenger.arguments import write_arguments
from passenger.chat import JSON, Prompt, Refusal, Stamp, Text, Thought, Took, ToolCall, Usage
from passenger.decoding import mended
from passenger.dialects.ollama.failures import write_break
from passenger.dialects.ollama.shaping import shows_thoughts
from passenger.errors import Failure
from passenger.events import Answer, Delta, Event, Finish, PartStart, PartStop, Reason
from passenger.framing import Message

Place = Callable[[str, JSON], JSON]
"""Where an API puts words, and what comes with them."""


def in_message(words: str, rest: JSON) -> JSON:
    """As `/api/chat` has it."""
    return {"message": {"role": "assistant", "content": words, **rest}}


def in_response(words: str, rest: JSON) -> JSON:
    """As `/api/generate` has it."""
    return {"response": words, **rest}


def head(model: str, stamp: Stamp) -> JSON:
    """What every line begins with; the time is RFC 3339."""
    return {"model": mended(model), "created_at": strftime("%Y-%m-%dT%H:%M:%S.000000000Z", gmtime(stamp.created))}


def end(reason: str) -> JSON:
    """What only a whole answer has."""
    return {"done": True, "done_reason": reason}


class Writer:
    """Writes lines."""

    def __init__(self, prompt: Prompt, stamp: Stamp, place: Place) -> None:
        self._head = head(prompt.model, stamp)
        self._took = stamp.took
        self._place = place
        self._shows_thoughts = shows_thoughts(prompt)
        self._open = PartStart("text")
        self._arguments: list[str] = []
        self._calls = 0

    def send(self, event: Event) -> Iterator[Message]:
        """See `Writer.send`; a call comes whole when it has ended."""
        match event:
            case Delta(text):
                yield from self._more(text)
            case PartStart():
                self._open = event
                self._arguments.clear()
            case PartStop(cut=cut) if self._open.kind == "call":
                yield from self._called(cut=cut)
            case Finish(reason, usage):
                yield self._line("", {}, _ended(reason, usage, self._took()))
            case _:
                pass

    def fail(self, failure: Failure) -> Iterator[Message]:
        """See `Writer.fail`."""
        yield write_break(failure)

    def _more(self, text: str) -> Iterator[Message]:
        match self._open.kind:
            case "call":
                self._arguments.append(text)
            case "thought":
                if self._shows_thoughts:
                    yield self._line("", {"thinking": mended(text)})
            case _:
                yield self._line(mended(text), {})

    def _called(self, *, cut: bool) -> Iterator[Message]:
        call = self._open
        whole = ToolCall(call.id, call.name, "".join(self._arguments), call.namespace, call.custom)
        said = _call(whole, self._calls, cut=cut)
        if isinstance(said, str):
            yield from [self._line(said, {})] if said else []
        else:
            yield self._line("", {"tool_calls": [said]})
            self._calls += 1

    def _line(self, words: str, rest: JSON, ended: JSON | None = None) -> Message:
        line = self._head | self._place(words, rest) | (ended or {"done": False})
        return Message("", msgspec.json.encode(line))


def write_answer(prompt: Prompt, answer: Answer, stamp: Stamp, place: Place) -> bytes:
    """A whole answer."""
    rest: JSON = {}
    thoughts = _joined(part.text for part in answer.parts if isinstance(part, Thought))
    if thoughts and shows_thoughts(prompt):
        rest["thinking"] = thoughts
    words, calls = _told(answer)
    if calls:
        rest["tool_calls"] = calls
    line = head(prompt.model, stamp) | place(words, rest) | _ended(answer.reason, answer.usage, stamp.took())
    return msgspec.json.encode(line)


def _told(answer: Answer) -> tuple[str, list[JSON]]:
    """The words and the calls of an answer."""
    words, calls = list[str](), list[JSON]()
    for part, cut in answer.marked():
        if isinstance(part, Text | Refusal):
            words.append(part.text)
        elif isinstance(part, ToolCall):
            said = _call(part, len(calls), cut=cut)
            words.append(said) if isinstance(said, str) else calls.append(said)
    return _joined(words), calls


def _joined(texts: Iterable[str]) -> str:
    return mended("".join(texts))


def _call(call: ToolCall, index: int, *, cut: bool) -> JSON | str:
    """A call, or the words that it becomes: none where the answer was cut in it, else what the model wrote.

    Ollama's own parser shows a call that it cannot read as the text that it is.
    """
    arguments = write_arguments(call.arguments, custom=call.custom, cut=cut)
    if arguments is None:
        return "" if cut else f'{{"name": {json.dumps(mended(call.name))}, "arguments": {mended(call.arguments)}}}'
    return {
        "id": mended(call.id),
        "function": {"index": index, "name": mended(call.name), "arguments": arguments},
    }


def _ended(reason: Reason, usage: Usage | None, took: Took) -> JSON:
    """Ollama knows no reason but these two: a call is a stop like any other."""
    used = usage or Usage()
    said = end("length" if reason is Reason.LENGTH else "stop")
    return said | _durations(took) | {"prompt_eval_count": used.input, "eval_count": used.output}


def _durations(took: Took) -> JSON:
    """Nanoseconds. Nothing is loaded here: instead of that, what it took until Copilot answered."""
    return {
        "total_duration": took.total,
        "load_duration": took.start,
        "prompt_eval_duration": took.first,
        "eval_duration": took.rest,
    }
