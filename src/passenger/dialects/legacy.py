"""OpenAI's old text completions (`/v1/completions`), as clients still speak them; Copilot serves chat only.

Facts: OpenAI's API reference ("Legacy: Create completion"). The prompt becomes the one message of a chat.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from passenger.chat import Ask, Initiator, Message, Prompt, Refusal, Stamp, Text, Usage
from passenger.decoding import JSON, decode, invalid, mended, number, optional, required, texts
from passenger.dialects import Request
from passenger.errors import Failure, Kind
from passenger.events import Answer, Delta, Event, Finish, PartStart, Reason, Start
from passenger.framing import SSE, Framing
from passenger.framing import Message as Line

NAME = "legacy"
CARRIES_SEALS = True
"""There are no tools here, so no thought is ever wanted back."""

FAILS_IN_STREAM = frozenset[str]()
FIELDS: Mapping[str, str] = {"limit": "max_tokens", "document": "prompt", "messages": "prompt"}

LIMIT = 16
"""Tokens of an answer whose limit is not said (OpenAI's own default)."""

_READ = frozenset(
    {
        "model",
        "prompt",
        "stream",
        "stream_options",
        "max_tokens",
        "temperature",
        "top_p",
        "stop",
        "seed",
        "presence_penalty",
        "frequency_penalty",
        "user",
        "n",
        "suffix",
        "echo",
        "best_of",
    }
)
_FINISH = {Reason.LENGTH: "length", Reason.FILTER: "content_filter"}
_TYPE = {
    Kind.LOGIN: "authentication_error",
    Kind.FORBIDDEN: "permission_error",
    Kind.QUOTA: "insufficient_quota",
    Kind.RATE_LIMIT: "rate_limit_error",
    Kind.UPSTREAM: "server_error",
    Kind.UNAVAILABLE: "server_error",
    Kind.TIMEOUT: "server_error",
    Kind.INTERNAL: "server_error",
}
_COUNTS = (
    re.compile(r"prompt token count of (\d+) exceeds the limit of (\d+)"),
    re.compile(r"prompt is too long: (\d+) tokens > (\d+)"),
)
_TOO_LONG = "This model's maximum context length is"
"""What clients look for where a prompt is too long."""


def peek(request: Request) -> Ask:
    """The facts of a request; a person has written the prompt, as far as anybody can tell."""
    body = decode(request.body)
    options = optional(body, "stream_options", dict) or {}
    return Ask(
        model=_model(body),
        stream=optional(body, "stream", bool) or False,
        initiator=Initiator.USER,
        wants_usage=optional(options, "include_usage", bool, "stream_options.") or False,
    )


def read_prompt(request: Request) -> Prompt:
    """The whole request.

    Raises:
        Failure: it wants several answers, an insertion, or a prompt of tokens.
    """
    body, ask = decode(request.body), peek(request)
    for name, harmless in (("n", 1), ("best_of", 1), ("suffix", ""), ("echo", False)):
        if body.get(name, harmless) not in (None, harmless):
            raise invalid(f"{name} cannot be carried to a chat model", name)
    limit = optional(body, "max_tokens", int)
    if limit is not None and limit < 1:
        raise invalid("max_tokens must be at least 1", "max_tokens")
    return Prompt(
        model=ask.model,
        messages=(Message("user", (Text(_prompt(body)),)),),
        stream=ask.stream,
        limit=limit or LIMIT,
        temperature=number(body, "temperature"),
        top_p=number(body, "top_p"),
        stop=_stop(body),
        seed=optional(body, "seed", int),
        presence_penalty=number(body, "presence_penalty"),
        frequency_penalty=number(body, "frequency_penalty"),
        user=optional(body, "user", str),
        wants_usage=ask.wants_usage,
        dropped=tuple(name for name, value in body.items() if name not in _READ and value not in (None, {}, [])),
    )


def _model(body: JSON) -> str:
    model = required(body, "model", str)
    if not model:
        raise invalid("model must not be empty", "model")
    return model


def _prompt(body: JSON) -> str:
    prompt = body.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str) or not prompt:
        raise invalid(
            "prompt must be one text that is not empty; tokens or several prompts cannot be carried", "prompt"
        )
    return prompt


def _stop(body: JSON) -> tuple[str, ...]:
    stop = body.get("stop")
    if stop is None:
        return ()
    return (stop,) if isinstance(stop, str) else texts(required(body, "stop", list), "stop")


# --- answers -----------------------------------------------------------------------------------------------------


def framing(request: Request) -> Framing:
    """Server-sent events without names."""
    return SSE


def keep_alive(begun: bool) -> bytes:
    """A comment."""
    return b": keep-alive\n\n"


class Writer:
    """Writes chunks of text; thoughts are not part of a completion."""

    def __init__(self, prompt: Prompt, stamp: Stamp) -> None:
        self._prompt = prompt
        self._stamp = stamp
        self._model = prompt.model
        self._shown = False

    def send(self, event: Event) -> Iterator[Line]:
        """See `Writer.send`."""
        match event:
            case Start(model):
                self._model = model or self._model
            case PartStart(kind):
                self._shown = kind in {"text", "refusal"}
            case Delta(text) if self._shown:
                yield self._line({"choices": [_choice(text, None)]})
            case Finish(reason, usage):
                yield self._line({"choices": [_choice("", _FINISH.get(reason, "stop"))]})
                if self._prompt.wants_usage:
                    yield self._line({"choices": [], "usage": _usage(usage)})
                yield Line("", b"[DONE]")
            case _:
                pass

    def fail(self, failure: Failure) -> Iterator[Line]:
        """See `Writer.fail`."""
        yield write_break(failure)

    def _line(self, rest: dict[str, Any]) -> Line:
        return Line("", msgspec.json.encode(_head(self._stamp, self._model) | rest))


def writer(prompt: Prompt, stamp: Stamp) -> Writer:
    """Writes a streamed answer."""
    return Writer(prompt, stamp)


def write_answer(prompt: Prompt, answer: Answer, stamp: Stamp) -> bytes:
    """A whole answer."""
    text = "".join(part.text for part in answer.parts if isinstance(part, Text | Refusal))
    rest = {"choices": [_choice(text, _FINISH.get(answer.reason, "stop"))], "usage": _usage(answer.usage)}
    return msgspec.json.encode(_head(stamp, answer.model or prompt.model) | rest)


def _head(stamp: Stamp, model: str) -> dict[str, Any]:
    return {"id": f"cmpl-{stamp.id}", "object": "text_completion", "created": stamp.created, "model": model}


def _choice(text: str, reason: str | None) -> dict[str, Any]:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": reason}


def _usage(usage: Usage | None) -> dict[str, int]:
    used = usage or Usage()
    return {
        "prompt_tokens": used.input,
        "completion_tokens": used.output,
        "total_tokens": used.input + used.output,
    }


# --- failures ----------------------------------------------------------------------------------------------------


def write_failure(failure: Failure) -> bytes:
    """OpenAI's error object."""
    kind = failure.type or _TYPE.get(failure.kind, "invalid_request_error")
    error = {"message": mended(_message(failure)), "type": kind, "param": failure.param, "code": failure.code}
    return msgspec.json.encode({"error": error})


def _message(failure: Failure) -> str:
    """The words; for a prompt that is too long OpenAI's own first."""
    message = failure.message
    if failure.code != "context_length_exceeded" or message.startswith(_TOO_LONG):
        return message
    counts = next(filter(None, (shape.search(message) for shape in _COUNTS)), None)
    if counts is None:
        return f"{_TOO_LONG} exceeded. {message}"
    return f"{_TOO_LONG} {counts[2]} tokens, and there are {counts[1]}. ({message})"


def write_break(failure: Failure) -> Line:
    """An error event; `[DONE]` never follows it."""
    return Line("", write_failure(failure))
