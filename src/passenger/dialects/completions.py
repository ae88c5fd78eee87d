"""OpenAI Chat Completions, as clients and as Copilot speak it.

Facts: the OpenAI API reference ("Create chat completion", "Streaming", "Error codes") and, for what Copilot
leaves out or adds, `docs/dialects/completions.md`.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NoReturn

import msgspec
from msgspec import UNSET, Struct, UnsetType

from passenger.chat import Ask, Initiator, Usage
from passenger.dialects import Request
from passenger.errors import STATUS, Failure, Kind, kind_of
from passenger.framing import read_sse, write_sse

NAME = "completions"
PATH = "/chat/completions"
DONE = b"[DONE]"

_REMINDERS = re.compile(r"\s*(?:<system-reminder>.*?</system-reminder>\s*)+", re.DOTALL)
_TOOL_ROLES = frozenset({"tool", "function"})
_IMAGE_PARTS = frozenset({"image_url", "input_image", "image"})
_THINKING = ("reasoning_effort", "thinking_budget", "thinking", "reasoning")


# --- what is read of a request -----------------------------------------------------------------------------------


class _Part(Struct):
    type: str = ""
    text: str | None = None


class _Message(Struct):
    role: str
    content: str | list[_Part] | None = None


class _StreamOptions(Struct):
    include_usage: bool | None = None


class _ChatRequest(Struct):
    model: str
    messages: list[_Message]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    tools: list[msgspec.Raw] | None = None
    reasoning_effort: msgspec.Raw | UnsetType = UNSET
    thinking_budget: msgspec.Raw | UnsetType = UNSET
    thinking: msgspec.Raw | UnsetType = UNSET
    reasoning: msgspec.Raw | UnsetType = UNSET


_REQUEST = msgspec.json.Decoder(_ChatRequest)


def peek(request: Request) -> Ask:
    """The facts of a chat request.

    Raises:
        Failure: the body is not JSON, or a field that must be known is missing or of the wrong type.
    """
    chat = _decode(request.body)
    if not chat.model:
        raise _invalid("model must not be empty", "model")
    if not chat.messages:
        raise _invalid("messages must not be empty", "messages")
    return Ask(
        model=chat.model,
        stream=bool(chat.stream),
        initiator=initiator(chat.messages),
        vision=any(_has_image(message) for message in chat.messages),
        tools=bool(chat.tools),
        thinks=any(getattr(chat, name) is not UNSET for name in _THINKING),
        wants_usage=bool(chat.stream_options and chat.stream_options.include_usage),
    )


def initiator(messages: list[_Message]) -> Initiator:
    """Who caused the request: a person only where the last message is one's own words.

    A user message that holds nothing but `<system-reminder>` blocks right after tool results was written by an
    agent, so it does not count as a person's.
    """
    if messages[-1].role != "user":
        return Initiator.AGENT
    spoken = next((m for m in reversed(messages) if m.role != "user" or not _only_reminders(m)), None)
    return Initiator.AGENT if spoken is not None and spoken.role in _TOOL_ROLES else Initiator.USER


def _only_reminders(message: _Message) -> bool:
    match message.content:
        case str() as text:
            return _REMINDERS.fullmatch(text) is not None
        case [*parts] if parts:
            return all(part.text is not None and _REMINDERS.fullmatch(part.text) for part in parts)
        case _:
            return False


def _has_image(message: _Message) -> bool:
    return isinstance(message.content, list) and any(part.type in _IMAGE_PARTS for part in message.content)


def _decode(body: bytes) -> _ChatRequest:
    try:
        return _REQUEST.decode(body)
    except msgspec.ValidationError as error:
        _refuse(error)
    except RecursionError as error:
        raise _invalid("the body is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_leniently(body)


def _decode_leniently(body: bytes) -> _ChatRequest:
    """Read what RFC 8259 allows and the fast decoder does not: lone surrogate escapes, relayed as they are."""
    try:
        return msgspec.convert(json.loads(body.decode(), parse_constant=_no_constant), _ChatRequest)
    except msgspec.ValidationError as error:
        _refuse(error)
    except RecursionError as error:
        raise _invalid("the body is nested too deeply") from error
    except ValueError as error:
        raise _invalid(f"the body is not valid JSON: {error}") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _refuse(error: msgspec.ValidationError) -> NoReturn:
    """Say in the field's own name what the decoder says with a path."""
    text = str(error)
    if missing := re.search(r"missing required field `(\w+)`", text):
        inside = re.search(r"at `\$\.(.+)`", text)
        raise _invalid(text.replace("$.", ""), inside[1] if inside else missing[1]) from error
    field = re.search(r"at `\$\.([\w\[\].]+)`", text)
    raise _invalid(text.replace("$.", ""), field[1] if field else None) from error


def _invalid(message: str, param: str | None = None) -> Failure:
    return Failure(Kind.INVALID, message, param=param)


# --- failures ----------------------------------------------------------------------------------------------------

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


def _error(failure: Failure) -> bytes:
    kind = failure.type or _TYPE.get(failure.kind, "invalid_request_error")
    error = {"message": failure.message, "type": kind, "param": failure.param, "code": failure.code}
    return msgspec.json.encode({"error": error})


def write_failure(failure: Failure) -> bytes:
    """OpenAI's error object."""
    return _error(failure)


def write_break(failure: Failure) -> bytes:
    """An error event, which the OpenAI SDKs raise as an exception; `[DONE]` never follows it."""
    return write_sse(_error(failure))


# --- what is read of an answer -----------------------------------------------------------------------------------


class _Call(Struct, gc=False):
    index: int | None = None
    id: str | None = None


class _Delta(Struct, gc=False):
    tool_calls: list[_Call] | None = None


class ChunkChoice(Struct, gc=False):
    """One choice of an event."""

    index: int = 0
    finish_reason: str | None = None
    delta: _Delta | None = None


class _PromptDetails(Struct, gc=False):
    cached_tokens: int | None = None


class _CompletionDetails(Struct, gc=False):
    reasoning_tokens: int | None = None


class _Usage(Struct, gc=False):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    reasoning_tokens: int | None = None


class _Bill(Struct, gc=False):
    total_nano_aiu: int = 0


class Chunk(Struct, gc=False):
    """One event of a stream, or a whole answer, as far as relaying needs to know it."""

    object: str | UnsetType | None = UNSET
    choices: list[ChunkChoice] | None = None
    usage: _Usage | None = None
    copilot_usage: _Bill | None = None
    error: Any = None


_CHUNK = msgspec.json.Decoder(Chunk)


def read_chunk(data: bytes) -> Chunk | None:
    """One event's data, None where it is not a chunk we understand: then it is nobody's business but the client's."""
    try:
        return _CHUNK.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def read_usage(chunk: Chunk) -> Usage | None:
    """What a chunk or an answer says it used."""
    if chunk.usage is None:
        return None
    usage = chunk.usage
    prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
    return Usage(
        input=usage.prompt_tokens,
        output=usage.completion_tokens,
        cached=(prompt.cached_tokens if prompt else None) or 0,
        reasoning=(completion.reasoning_tokens if completion else None) or usage.reasoning_tokens or 0,
        nano_credits=chunk.copilot_usage.total_nano_aiu if chunk.copilot_usage else None,
    )


class Tap:
    """Watches a stream: each choice that was begun must finish before the stream counts as complete."""

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._finished: set[int] = set()
        self._nano_credits: int | None = None
        self.usage: Usage | None = None

    @property
    def complete(self) -> bool:
        """Whether every choice has its finish reason, and there is at least one."""
        return bool(self._finished) and not self._open

    def read(self, chunk: Chunk) -> None:
        """Note one chunk."""
        for choice in chunk.choices or ():
            self._note(choice)
        if chunk.usage is not None or chunk.copilot_usage is not None:
            self._bill(chunk)

    def _note(self, choice: ChunkChoice) -> None:
        if choice.finish_reason:
            self._finished.add(choice.index)
            self._open.discard(choice.index)
        elif choice.index not in self._finished:
            self._open.add(choice.index)

    def _bill(self, chunk: Chunk) -> None:
        """Keep the last usage, and Copilot's bill from whichever event carried it."""
        if chunk.copilot_usage is not None:
            self._nano_credits = chunk.copilot_usage.total_nano_aiu
        usage = read_usage(chunk) or self.usage or Usage()
        self.usage = replace(usage, nano_credits=self._nano_credits)


Fix = Callable[[Chunk, bytes], bytes | None]
"""Changes one event's data, or withholds the event (None); gives back the very same bytes where it has no say."""


class StreamRelay:
    """Passes a stream on as it came, and knows whether it ended well.

    Every event goes down with its own bytes unless a fix changes it. `[DONE]` goes down only after every choice
    has its finish reason, and is added where upstream forgot it.
    """

    def __init__(self, fixes: Sequence[Fix] = ()) -> None:
        self._fixes = fixes
        self._tap = Tap()
        self.done = False
        self.failure: Failure | None = None

    @property
    def usage(self) -> Usage | None:
        """What the stream said it used, so far."""
        return self._tap.usage

    def event(self, raw: bytes) -> bytes:
        """What goes down for one raw event.

        Raises:
            Failure: upstream says it is done before the answer is.
        """
        message = read_sse(raw)
        if message is None:
            return raw
        if message.data == DONE:
            return self._terminate(raw)
        chunk = read_chunk(message.data)
        return raw if chunk is None else self._pass(raw, message.data, chunk)

    def end(self, tail: bytes) -> bytes:
        """What goes down when upstream has ended and left this unfinished event.

        Raises:
            Failure: the answer is not complete.
        """
        if tail.strip() in {b"data: [DONE]", b"data:[DONE]"}:
            return self._terminate(tail.rstrip() + b"\n\n")
        if self.done:
            return tail
        return self._terminate(write_sse(DONE))

    def _terminate(self, raw: bytes) -> bytes:
        if self.failure is not None:
            return b""
        if not self._tap.complete:
            message = "Copilot ended the stream before the answer was complete"
            raise Failure(Kind.UPSTREAM, message, code="stream_broken")
        self.done = True
        return raw

    def _pass(self, raw: bytes, data: bytes, chunk: Chunk) -> bytes:
        self._tap.read(chunk)
        if chunk.error is not None:
            self.failure = _mid_stream_failure(chunk.error)
        fixed = data
        for fix in self._fixes:
            kept = fix(chunk, fixed)
            if kept is None:
                return b""
            fixed = kept
        return raw if fixed is data else write_sse(_on_one_line(fixed))


def _on_one_line(data: bytes) -> bytes:
    """The same JSON without line breaks, where an event's data came in several lines."""
    return msgspec.json.format(data, indent=-1) if b"\n" in data else data


def _mid_stream_failure(error: object) -> Failure:
    """The failure that an error event tells of; its `code` may be an HTTP status."""
    fields = error if isinstance(error, dict) else {"message": str(error)}
    code = fields.get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else STATUS[Kind.UPSTREAM]
    return Failure(kind_of(status), str(fields.get("message", "")), status=status, code=str(code) if code else None)
