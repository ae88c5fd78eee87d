"""Writes answers for Ollama's clients, as lines or whole; each line names the model and the time of the request.

https://docs.ollama.com/api/chat, https://docs.ollama.com/api/generate and https://docs.ollama.com/api/usage
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from time import gmtime, strftime
from typing import Any

import msgspec

from passenger.chat.arguments import write_arguments
from passenger.chat.events import (
    Answer,
    AnswerIdentity,
    Delta,
    Event,
    Finish,
    PartStart,
    PartStop,
    Reason,
    Timing,
    Usage,
)
from passenger.chat.prompt import JSON, Prompt, Reasoning, Refusal, Text, ToolCall
from passenger.dialects import Request
from passenger.dialects.framing import StreamMessage
from passenger.dialects.ollama.errors import write_break
from passenger.dialects.ollama.peek import read_model_name
from passenger.errors import Failure
from passenger.jsontext.node import read_node
from passenger.jsontext.surrogates import replace_surrogates

_NO_TIME = re.compile(r"[+-]?(?:0+(?:\.0*)?(?:ns|us|µs|ms|s|m|h)?)+")
"""A zero duration: https://pkg.go.dev/time#ParseDuration."""

PutWords = Callable[[str, JSON], JSON]
"""Puts a text, and the fields beside it, where an API has them in a line."""


def in_message(words: str, rest: JSON) -> JSON:
    """The fields of a line of `/api/chat`."""
    return {"message": {"role": "assistant", "content": words, **rest}}


def in_response(words: str, rest: JSON) -> JSON:
    """The fields of a line of `/api/generate`."""
    return {"response": words, **rest}


def _write_head(model: str, identity: AnswerIdentity) -> JSON:
    """The first fields of every line. The time is RFC 3339."""
    created = strftime("%Y-%m-%dT%H:%M:%S.000000000Z", gmtime(identity.created))
    return {"model": replace_surrogates(model), "created_at": created}


def _write_done(reason: str) -> JSON:
    """The fields that end an answer."""
    return {"done": True, "done_reason": reason}


def shows_reasoning(prompt: Prompt) -> bool:
    """Whether the client sees the reasoning: unless it declined, as with Ollama's own reasoning models."""
    reasoning = prompt.reasoning
    return reasoning is None or not (reasoning.off or reasoning.show is False)


class Writer:
    """Writes the lines of a stream."""

    def __init__(self, prompt: Prompt, identity: AnswerIdentity, place: PutWords) -> None:
        self._head = _write_head(prompt.model, identity)
        self._timing = identity.timing
        self._place = place
        self._shows_reasoning = shows_reasoning(prompt)
        self._open = PartStart("text")
        self._arguments: list[str] = []
        self._calls = 0

    def send(self, event: Event) -> Iterator[StreamMessage]:
        """See `Writer.send`. A call comes whole, when it has ended."""
        match event:
            case Delta(text):
                yield from self._continue(text)
            case PartStart():
                self._open = event
                self._arguments.clear()
            case PartStop(cut=cut) if self._open.kind == "call":
                yield from self._end_call(cut=cut)
            case Finish(reason, usage):
                yield self._line("", {}, _end_line(reason, usage, self._timing()))
            case _:
                pass

    def fail(self, failure: Failure) -> Iterator[StreamMessage]:
        """See `Writer.fail`."""
        yield write_break(failure)

    def _continue(self, text: str) -> Iterator[StreamMessage]:
        match self._open.kind:
            case "call":
                self._arguments.append(text)
            case "reasoning":
                if self._shows_reasoning:
                    yield self._line("", {"thinking": replace_surrogates(text)})
            case _:
                yield self._line(replace_surrogates(text), {})

    def _end_call(self, *, cut: bool) -> Iterator[StreamMessage]:
        call = self._open
        whole = ToolCall(call.id, call.name, "".join(self._arguments), call.namespace, call.custom)
        written = _write_call(whole, self._calls, cut=cut)
        if isinstance(written, str):
            yield from [self._line(written, {})] if written else []
        else:
            yield self._line("", {"tool_calls": [written]})
            self._calls += 1

    def _line(self, words: str, rest: JSON, end: JSON | None = None) -> StreamMessage:
        line = self._head | self._place(words, rest) | (end or {"done": False})
        return StreamMessage("", msgspec.json.encode(line))


def write_answer(prompt: Prompt, answer: Answer, identity: AnswerIdentity, place: PutWords) -> bytes:
    """A whole answer."""
    rest: JSON = {}
    reasoning = _join(part.text for part in answer.parts if isinstance(part, Reasoning))
    if reasoning and shows_reasoning(prompt):
        rest["thinking"] = reasoning
    words, calls = _split(answer)
    if calls:
        rest["tool_calls"] = calls
    line = (
        _write_head(prompt.model, identity)
        | place(words, rest)
        | _end_line(answer.reason, answer.usage, identity.timing())
    )
    return msgspec.json.encode(line)


def _split(answer: Answer) -> tuple[str, list[JSON]]:
    """The text and the calls of an answer."""
    words, calls = list[str](), list[JSON]()
    for part, cut in answer.parts_and_cuts():
        if isinstance(part, Text | Refusal):
            words.append(part.text)
        elif isinstance(part, ToolCall):
            written = _write_call(part, len(calls), cut=cut)
            words.append(written) if isinstance(written, str) else calls.append(written)
    return _join(words), calls


def _join(texts: Iterable[str]) -> str:
    return replace_surrogates("".join(texts))


def _write_call(call: ToolCall, index: int, *, cut: bool) -> JSON | str:
    """A call; a text if its arguments are no JSON object, empty if the answer was cut off in it.

    Ollama's own parser, too, gives a call that it cannot parse as text.
    """
    arguments = write_arguments(call.arguments, custom=call.custom, cut=cut)
    if arguments is None:
        name, written = json.dumps(replace_surrogates(call.name)), replace_surrogates(call.arguments)
        return "" if cut else f'{{"name": {name}, "arguments": {written}}}'
    return {
        "id": replace_surrogates(call.id),
        "function": {"index": index, "name": replace_surrogates(call.name), "arguments": arguments},
    }


def _end_line(reason: Reason, usage: Usage | None, timing: Timing) -> JSON:
    """The last fields of an answer. Ollama has no other reasons: a call is a `stop`."""
    used = usage or Usage()
    written = _write_done("length" if reason is Reason.LENGTH else "stop")
    return written | _write_durations(timing) | {"prompt_eval_count": used.input, "eval_count": used.output}


def _write_durations(timing: Timing) -> JSON:
    """Durations in nanoseconds. The time until Copilot answered stands for that of loading a model."""
    return {
        "total_duration": timing.total,
        "load_duration": timing.start,
        "prompt_eval_duration": timing.first,
        "eval_duration": timing.rest,
    }


# --- loading -----------------------------------------------------------------------------------------------------


def write_load(request: Request, identity: AnswerIdentity, place: PutWords) -> bytes:
    """The answer to a request that only loads a model: one object, streamed or not. Fails if it names no model."""
    body = read_node(request.body)
    reason = "unload" if _is_zero(body.get("keep_alive")) else "load"
    return msgspec.json.encode(_write_head(read_model_name(body), identity) | place("", {}) | _write_done(reason))


def _is_zero(keep_alive: Any) -> bool:
    """Whether `keep_alive` is zero seconds, as a number or as a Go duration."""
    match keep_alive:
        case bool():
            return False
        case int() | float():
            return keep_alive == 0
        case str():
            return _NO_TIME.fullmatch(keep_alive) is not None
        case _:
            return False
