"""The ways to ask that a soak mixes, as a table: where, in which words, and how a whole and a broken answer look."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Body = dict[str, object]

RELAYED = "gpt-5.4"
TRANSLATED = "claude-opus-5"
NEWEST = "gpt-5.5"
"""Models that take prompts of megabytes."""

Turns = Sequence[str]
"""What user and model have said before, in turn."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask: its path, its body by the text and the turns before it, and how its stream ends and fails."""

    name: str
    path: str
    write: Callable[[str, Turns], Body]
    stream: bool
    ends: tuple[bytes, ...] = ()
    fails: tuple[bytes, ...] = ()

    def body(self, text: str, before: Turns = ()) -> Body:
        """What is sent."""
        return self.write(text, before)

    def whole(self, said: bytes) -> bool:
        """Whether an answer came to its end."""
        return any(end in said for end in self.ends) if self.stream else said.endswith(b"}")

    def failed(self, said: bytes) -> bool:
        """Whether a stream says that it broke."""
        return self.stream and any(error in said for error in self.fails)


def _said(text: str, before: Turns) -> list[Body]:
    return [{"role": ("user", "assistant")[n % 2], "content": one} for n, one in enumerate([*before, text])]


def _chat(model: str, *, stream: bool) -> Callable[[str, Turns], Body]:
    return lambda text, before: {"model": model, "stream": stream, "messages": _said(text, before)}


def _messages(model: str, *, stream: bool) -> Callable[[str, Turns], Body]:
    return lambda text, before: {**_chat(model, stream=stream)(text, before), "max_tokens": 1000}


def _responses(model: str, *, stream: bool) -> Callable[[str, Turns], Body]:
    return lambda text, before: {"model": model, "stream": stream, "input": _said(text, before)}


def _gemini(text: str, before: Turns) -> Body:
    turns = enumerate([*before, text])
    return {"contents": [{"role": ("user", "model")[n % 2], "parts": [{"text": one}]} for n, one in turns]}


def _all() -> list[Way]:
    ways = []
    for stream in (False, True):
        for model in (RELAYED, TRANSLATED, NEWEST):
            action = "streamGenerateContent?alt=sse" if stream else "generateContent"
            ways += [
                Way("chat", "/v1/chat/completions", _chat(model, stream=stream), stream, (b"[DONE]",), (b'"error"',)),
                Way(
                    "messages", "/v1/messages", _messages(model, stream=stream), stream, (b"message_stop",), (b"error",)
                ),
                Way(
                    "responses",
                    "/v1/responses",
                    _responses(model, stream=stream),
                    stream,
                    (b"response.completed",),
                    (b"response.failed", b"event: error"),
                ),
                Way("gemini", f"/v1beta/models/{model}:{action}", _gemini, stream, (b"finishReason",), (b'"error"',)),
                Way("ollama", "/api/chat", _chat(model, stream=stream), stream, (b'"done":true',), (b'"error"',)),
            ]
    return ways


WAYS = _all()
